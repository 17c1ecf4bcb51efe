"""allauth tells us who came back from Spotify; their tokens go into our grant."""

from typing import Any

from allauth.account.signals import user_logged_in
from allauth.socialaccount.models import SocialLogin
from allauth.socialaccount.signals import social_account_added, social_account_updated
from django.contrib import messages
from django.db import transaction
from django.dispatch import Signal, receiver
from django.http import HttpRequest
from django.utils import timezone

from accounts.models import User
from accounts.spotify.exchange import AccountLost, account_settle
from accounts.spotify.services import SERVICE, grant_store

_ANOTHER_ONE = (
    "This is another Spotify account than before. Everything the one before gave is"
    " deleted, and from now on you sign in with this one."
)
_LOST = (
    "Two Spotify accounts were connected at the same moment, and the other one stays."
)


def keep_tokens(person: User, login: SocialLogin) -> None:
    """Store what a login brought, once, and take it out of allauth's hands."""
    if login.token is None or login.account.provider != SERVICE:
        return
    token, login.token = login.token, None
    grant_store(
        person=person,
        access_token=token.token,
        refresh_token=token.token_secret,
        expires_at=token.expires_at,
        scopes=getattr(login, "granted_scope", ""),
        now=timezone.now(),
    )


@receiver(user_logged_in, dispatch_uid="accounts.spotify.signed_in")
def store_grant_on_sign_in(
    user: User, sociallogin: SocialLogin | None = None, **_: Any
) -> None:
    if sociallogin is not None:
        keep_tokens(user, sociallogin)


@receiver(social_account_added, dispatch_uid="accounts.spotify.connected")
@receiver(social_account_updated, dispatch_uid="accounts.spotify.reconnected")
def store_grant_on_connect(
    request: HttpRequest, sociallogin: SocialLogin, signal: Signal, **_: Any
) -> None:
    # A sign-in sends social_account_updated too, before the person is signed in;
    # and so does a connection of somebody else's account, before it is refused.
    is_own = request.user == sociallogin.user
    if is_own and sociallogin.state.get("process") == "connect":
        _connect(request, sociallogin, is_new=signal is social_account_added)


def _connect(request: HttpRequest, login: SocialLogin, *, is_new: bool) -> None:
    """Keep a consent; what another account gave before is deleted with it, or not."""
    try:
        with transaction.atomic():
            was_other = account_settle(
                account=login.account, is_new=is_new, now=timezone.now()
            )
            keep_tokens(login.user, login)
    except AccountLost:
        login.token = None
        messages.error(request, _LOST)
        return
    if was_other:
        messages.warning(request, _ANOTHER_ONE)
