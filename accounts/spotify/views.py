"""The two ends of the sign-in: off to Spotify, and back."""

import time
from datetime import timedelta
from typing import Any

import requests
from allauth.socialaccount.models import SocialToken
from allauth.socialaccount.providers.oauth2.views import (
    OAuth2CallbackView,
    OAuth2LoginView,
)
from allauth.socialaccount.providers.spotify.views import SpotifyOAuth2Adapter
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone

from accounts import gate
from accounts.again import asked_again
from accounts.spotify import http, tokens
from accounts.spotify.errors import Refusal, SignInRefused
from accounts.spotify.pages import refusal_page
from accounts.spotify.services import SERVICE, close_gate, log_app_refused

# A person who signs in waits this long for a slot between two calls of the site.
_LONGEST_TURN = timedelta(seconds=2)


class SpotifyAdapter(SpotifyOAuth2Adapter):
    """Spotify's addresses from settings; the token in a header; every answer read."""

    provider_id = SERVICE

    @property
    def authorize_url(self) -> str:
        return f"{settings.SPOTIFY_ACCOUNTS_URL}/authorize"

    @property
    def access_token_url(self) -> str:
        return f"{settings.SPOTIFY_ACCOUNTS_URL}/api/token"

    @property
    def profile_url(self) -> str:
        return f"{settings.SPOTIFY_API_URL}/me"

    def get_access_token_data(
        self,
        request: HttpRequest,
        app: Any,
        client: Any,
        pkce_code_verifier: str | None = None,
    ) -> dict[str, Any]:
        """Trade the code by our own call: Basic credentials, every failure named."""
        if gate.closure(SERVICE, timezone.now()) is not None:
            raise SignInRefused(Refusal.RESTING)
        try:
            fresh = tokens.request_tokens(
                code=request.GET["code"],
                redirect_uri=client.callback_url,
                verifier=pkce_code_verifier or "",
            )
        except tokens.TokenError as error:
            raise SignInRefused(_token_refusal(error), str(error)) from error
        self.did_fetch_access_token = True
        return {
            "access_token": fresh.access_token,
            "refresh_token": fresh.refresh_token,
            "expires_in": fresh.expires_in,
            "scope": fresh.scope,
        }

    def complete_login(
        self, request: HttpRequest, app: Any, token: SocialToken, **kwargs: Any
    ) -> Any:
        profile = _profile(self.profile_url, token.token)
        login = self.get_provider().sociallogin_from_response(request, profile)
        login.granted_scope = kwargs["response"]["scope"]
        return login


def _token_refusal(error: tokens.TokenError) -> Refusal:
    if isinstance(error, tokens.GrantRevoked):
        return Refusal.STATE
    if isinstance(error, tokens.AppRefused):
        log_app_refused()
        return Refusal.MISCONFIGURED
    if isinstance(error, tokens.TokenRateLimited):
        return _rest(error)
    return Refusal.UNAVAILABLE


def _rest(error: tokens.TokenRateLimited) -> Refusal:
    close_gate(error, timezone.now())
    return Refusal.RESTING


def _profile(url: str, access_token: str) -> dict[str, Any]:
    """Ask Spotify who came; raises :class:`SignInRefused`."""
    _take_turn()
    try:
        answer = http.called(
            lambda: requests.get(
                url,
                headers={"Authorization": f"Bearer {access_token}"},
                timeout=http.TIMEOUT,
                allow_redirects=False,
            )
        )
    except requests.RequestException as error:
        raise SignInRefused(Refusal.UNAVAILABLE, "no answer") from error
    if answer.status_code != 200:
        raise SignInRefused(_profile_refusal(answer), f"status {answer.status_code}")
    profile = http.json_or_none(answer)
    if not isinstance(profile, dict):
        raise SignInRefused(Refusal.UNAVAILABLE, "the profile is not an object")
    return profile


def _take_turn() -> None:
    """Pass the gate. The gap is short and a person is watching, so it is waited for."""
    give_up_at = timezone.now() + _LONGEST_TURN
    while True:
        now = timezone.now()
        try:
            gate.enter(SERVICE, now=now, gap_ms=settings.SPOTIFY_MIN_GAP_MS)
        except gate.GateClosed as closed:
            if closed.reason is not None or closed.retry_at > give_up_at:
                raise SignInRefused(Refusal.RESTING) from closed
            time.sleep(max(0.0, (closed.retry_at - now).total_seconds()))
        else:
            return


def _profile_refusal(answer: requests.Response) -> Refusal:
    if answer.status_code == 403:
        return Refusal.NOT_ALLOWED
    if answer.status_code == 429:
        quota_is_spent = http.quota_is_spent(answer)
        return _rest(tokens.TokenRateLimited(http.retry_after(answer), quota_is_spent))
    return Refusal.UNAVAILABLE


_login = OAuth2LoginView.adapter_view(SpotifyAdapter)
_callback = OAuth2CallbackView.adapter_view(SpotifyAdapter)


def oauth_login(request: HttpRequest) -> HttpResponseBase:
    """Send a person to Spotify, unless Spotify rests: then say so before."""
    _require_spotify()
    is_connecting = request.GET.get("process") == "connect"
    user = request.user
    if is_connecting and user.is_authenticated and user.has_usable_password():
        # What is connected signs in from then on.
        return _connect(request)
    return _leave(request)


@asked_again
def _connect(request: HttpRequest) -> HttpResponse:
    return _leave(request)


def _leave(request: HttpRequest) -> HttpResponse:
    if gate.closure(SERVICE, timezone.now()) is not None:
        return refusal_page(request, Refusal.RESTING)
    response: HttpResponse = _login(request)
    return response


def oauth_callback(request: HttpRequest) -> HttpResponse:
    """Take back a person whom Spotify asked."""
    _require_spotify()
    response: HttpResponse = _callback(request)
    return response


def _require_spotify() -> None:
    if not settings.SPOTIFY_CLIENT_ID:
        raise Http404
