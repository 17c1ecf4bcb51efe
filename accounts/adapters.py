"""Our policy where allauth asks for one."""

import logging
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.providers.base import AuthError
from django.db import transaction
from django.db.utils import IntegrityError
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from accounts import events, invitations
from accounts.models import User
from accounts.spotify.errors import Refusal, SignInRefused
from accounts.spotify.pages import refusal_page
from accounts.spotify.receivers import keep_tokens

_LONGEST_NAME = 50

logger = logging.getLogger(__name__)


class AccountAdapter(DefaultAccountAdapter):
    error_messages = DefaultAccountAdapter.error_messages | {
        "username_password_mismatch": (
            "This user name and password do not belong together."
        ),
        "username_taken": "Someone has this user name already.",
        "username_blacklisted": "This user name is kept for the site itself.",
        "incorrect_password": "This is not your password.",
        "too_many_login_attempts": (
            "Too many attempts in a row. Try again in a few minutes."
        ),
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return invitations.is_open_for(request, now=timezone.now())

    def save_user(
        self, request: HttpRequest, user: User, form: Any, commit: bool = True
    ) -> User:
        """Write a new person by an invitation where one is needed, or nothing."""
        with _invited(request):
            saved: User = super().save_user(request, user, form, commit)
        return saved

    def reauthenticate(self, user: User, password: str) -> bool:
        """A password typed again begins another session, as signing in does."""
        is_right: bool = super().reauthenticate(user, password)
        events.tell("typed the password again", user.pk, right=is_right)
        if is_right:
            self.request.session.cycle_key()
        return is_right

    def send_notification_mail(self, *args: Any, **kwargs: Any) -> None:
        """Tell of a change; one that was made stays made when no mail can be sent."""
        try:
            super().send_notification_mail(*args, **kwargs)
        except OSError:
            logger.exception("A mail about a changed account could not be sent.")

    def set_password(self, user: User, password: str) -> None:
        """Write the password only: the rest may be changing in another tab."""
        user.set_password(password)
        user.save(update_fields=["password"])


class SocialAccountAdapter(DefaultSocialAccountAdapter):
    def is_open_for_signup(self, request: HttpRequest, sociallogin: Any) -> bool:
        return invitations.is_open_for(request, now=timezone.now())

    def populate_user(
        self, request: HttpRequest, sociallogin: Any, data: dict[str, Any]
    ) -> Any:
        """A random user name: the public handle is chosen by the person later."""
        user = sociallogin.user
        user.username = f"spotify-{secrets.token_hex(8)}"
        user.display_name = data.get("name", "")[:_LONGEST_NAME].strip()
        return user

    def save_user(
        self, request: HttpRequest, sociallogin: Any, form: Any = None
    ) -> User:
        """Write a new person, their account at Spotify and their grant, or nothing."""
        try:
            with _invited(request):
                user: User = super().save_user(request, sociallogin, form)
                keep_tokens(user, sociallogin)
        except IntegrityError as error:
            raise SignInRefused(Refusal.STATE, "signed up twice at once") from error
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
        is_ours = "state" in (extra_context or {})
        refusal = _refusal_of(error, exception, is_ours=is_ours)
        raise ImmediateHttpResponse(refusal_page(request, refusal))


@contextmanager
def _invited(request: HttpRequest) -> Iterator[None]:
    """Make an account and count its invitation, both or neither."""
    try:
        with transaction.atomic():
            invitations.spend(request, now=timezone.now())
            yield
    except invitations.InvitationOver as error:
        raise ImmediateHttpResponse(invitations.over_page(request)) from error


def _refusal_of(
    error: str | None, exception: Exception | None, *, is_ours: bool
) -> Refusal:
    """``is_ours``: the state that came back is one this session sent out."""
    if isinstance(exception, SignInRefused):
        return exception.refusal
    if not is_ours:
        return Refusal.STATE
    return Refusal.DENIED if error == AuthError.CANCELLED else Refusal.UNAVAILABLE
