from django.urls import path

from matching import views

app_name = "matching"
urlpatterns = [
    path("welcome/", views.welcome, name="welcome"),
    path("matches/", views.leaderboard, name="leaderboard"),
    path("matches/<slug:handle>/", views.explanation, name="explanation"),
]
