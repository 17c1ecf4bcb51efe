from django.urls import path

from accounts import views

app_name = "accounts"
urlpatterns = [
    path("invited/<str:token>/", views.invited, name="invited"),
    path("settings/profile/", views.profile_edit, name="profile_edit"),
    path("settings/privacy/", views.privacy_edit, name="privacy_edit"),
    path("settings/sessions/end/", views.sessions_end, name="sessions_end"),
]
