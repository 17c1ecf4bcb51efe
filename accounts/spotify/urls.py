from allauth.socialaccount.providers.oauth.urls import default_urlpatterns

from accounts.spotify.provider import SpotifyProvider

urlpatterns = default_urlpatterns(SpotifyProvider)
