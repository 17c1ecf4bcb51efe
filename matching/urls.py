from django.urls import path

from matching import views

app_name = "matching"
urlpatterns = [
    path("welcome/", views.welcome, name="welcome"),
    path("matches/", views.leaderboard, name="leaderboard"),
    path("artists/", views.artists, name="artists"),
    path("artists/<int:pk>/", views.artist, name="artist"),
    path("matches/<slug:handle>/", views.explanation, name="explanation"),
]
