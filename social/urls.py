from django.urls import path

from social import views

app_name = "social"
urlpatterns = [
    path("people/<slug:handle>/", views.person, name="person"),
    path("people/<slug:handle>/block/", views.block_create, name="block_create"),
    path("people/<slug:handle>/unblock/", views.block_remove, name="block_remove"),
    path("settings/blocked/", views.blocked, name="blocked"),
]
