"""Our policy where allauth asks for one."""

import secrets
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.providers.base import AuthError
from allauth.socialaccount.providers.oauth2.client import OAuth2Error
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone

from accounts import gate
from accounts.spotify.errors import Refusal, SignInRefused


class AccountAdapter(DefaultAccountAdapter):
    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return bool(settings.REGISTRATION == "open")


class SocialAccountAdapter(DefaultSocialAccountAdapter):
    def is_open_for_signup(self, request: HttpRequest, sociallogin: Any) -> bool:
        return bool(settings.REGISTRATION == "open")

    def populate_user(
        self, request: HttpRequest, sociallogin: Any, data: dict[str, Any]
    ) -> Any:
        """A random user name: the public handle is chosen by the person later."""
        user = sociallogin.user
        user.username = f"spotify-{secrets.token_hex(8)}"
        user.display_name = data.get("name", "")[:50]
        return user

    def get_connect_redirect_url(self, request: HttpRequest, socialaccount: Any) -> str:
        return reverse("ingest:sources")

    def on_authentication_error(
        self,
        request: HttpRequest,
        provider: Any,
        error: str | None = None,
        exception: Exception | None = None,
        extra_context: dict[str, Any] | None = None,
    ) -> None:
        """Answer every failed sign-in with a sentence and the other doors."""
        refusal = _refusal_of(request, error, exception)
        raise ImmediateHttpResponse(refusal_page(request, refusal))


def _refusal_of(
    request: HttpRequest, error: str | None, exception: Exception | None
) -> Refusal:
    if isinstance(exception, SignInRefused):
        return exception.refusal
    if error == AuthError.CANCELLED:
        return Refusal.DENIED
    if isinstance(exception, OAuth2Error) and "invalid_client" in str(exception):
        return Refusal.MISCONFIGURED
    if exception is not None or "error" in request.GET:
        return Refusal.UNAVAILABLE
    return Refusal.STATE


def refusal_page(request: HttpRequest, refusal: Refusal) -> HttpResponse:
    closed = gate.closure("spotify", timezone.now())
    context = {
        "reason": refusal.value,
        "reason_text": refusal.words,
        "retry_at": closed.until if closed else None,
    }
    status = 503 if refusal in {Refusal.RESTING, Refusal.UNAVAILABLE} else 401
    if refusal is Refusal.DENIED:
        status = 200
    return render(
        request, "socialaccount/authentication_error.html", context, status=status
    )
