from django.urls import path

from musicmatch.leaving import views

app_name = "leaving"
urlpatterns = [
    path("settings/data/", views.data, name="data"),
    path("settings/data/export/", views.data_export, name="data_export"),
    path("settings/data/delete/", views.account_close, name="account_close"),
]
