"""The two ends of the sign-in: off to Spotify, and back."""

from typing import Any

import requests
from allauth.socialaccount.adapter import get_adapter
from allauth.socialaccount.models import SocialToken
from allauth.socialaccount.providers.oauth2.views import (
    OAuth2CallbackView,
    OAuth2LoginView,
)
from allauth.socialaccount.providers.spotify.views import SpotifyOAuth2Adapter
from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone

from accounts import gate
from accounts.spotify.errors import Refusal, SignInRefused
from accounts.spotify.http import quota_is_spent, retry_after

SERVICE = "spotify"


class SpotifyAdapter(SpotifyOAuth2Adapter):
    """Spotify's addresses from settings; the token in a header; every answer read."""

    provider_id = "spotify"
    basic_auth = True

    @property
    def authorize_url(self) -> str:
        return f"{settings.SPOTIFY_ACCOUNTS_URL}/authorize"

    @property
    def access_token_url(self) -> str:
        return f"{settings.SPOTIFY_ACCOUNTS_URL}/api/token"

    @property
    def profile_url(self) -> str:
        return f"{settings.SPOTIFY_API_URL}/me"

    def parse_token(self, data: dict[str, Any]) -> SocialToken:
        try:
            return super().parse_token(data)
        except (KeyError, TypeError, ValueError) as error:
            raise SignInRefused(Refusal.UNAVAILABLE, "unreadable token") from error

    def complete_login(
        self, request: HttpRequest, app: Any, token: SocialToken, **kwargs: Any
    ) -> Any:
        profile = self._profile(token.token)
        login = self.get_provider().sociallogin_from_response(request, profile)
        login.granted_scope = str(kwargs.get("response", {}).get("scope") or "")
        return login

    def _profile(self, access_token: str) -> dict[str, Any]:
        if gate.closure(SERVICE, timezone.now()) is not None:
            raise SignInRefused(Refusal.RESTING)
        with get_adapter().get_requests_session() as session:
            answer = session.get(
                self.profile_url, headers={"Authorization": f"Bearer {access_token}"}
            )
        if answer.status_code == 200:
            return _json_object(answer)
        raise SignInRefused(_refusal(answer), f"profile answered {answer.status_code}")


def _json_object(answer: requests.Response) -> dict[str, Any]:
    data = answer.json()
    if not isinstance(data, dict):
        raise SignInRefused(Refusal.UNAVAILABLE, "the profile is not an object")
    return data


def _refusal(answer: requests.Response) -> Refusal:
    if answer.status_code == 403:
        return Refusal.NOT_ALLOWED
    if answer.status_code == 429:
        gate.close(
            SERVICE,
            now=timezone.now(),
            retry_after=retry_after(answer),
            is_quota=quota_is_spent(answer),
        )
        return Refusal.RESTING
    return Refusal.UNAVAILABLE


oauth_login = OAuth2LoginView.adapter_view(SpotifyAdapter)
oauth_callback = OAuth2CallbackView.adapter_view(SpotifyAdapter)
