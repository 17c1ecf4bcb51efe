"""allauth tells us who came back from Spotify; their tokens go into our grant."""

from typing import Any

from allauth.account.signals import user_logged_in
from allauth.socialaccount.models import SocialLogin
from allauth.socialaccount.signals import social_account_added, social_account_updated
from django.dispatch import receiver
from django.utils import timezone

from accounts.models import User
from accounts.spotify.services import grant_store


def _store(person: User, login: SocialLogin) -> None:
    if login.token is None or login.account.provider != "spotify":
        return
    grant_store(
        person=person,
        access_token=login.token.token,
        refresh_token=login.token.token_secret or "",
        expires_at=login.token.expires_at,
        scopes=getattr(login, "granted_scope", ""),
        now=timezone.now(),
    )


@receiver(user_logged_in, dispatch_uid="accounts.spotify.signed_in")
def store_grant_on_sign_in(
    user: User, sociallogin: SocialLogin | None = None, **_: Any
) -> None:
    if sociallogin is not None:
        _store(user, sociallogin)


@receiver(social_account_added, dispatch_uid="accounts.spotify.connected")
@receiver(social_account_updated, dispatch_uid="accounts.spotify.reconnected")
def store_grant_on_connect(sociallogin: SocialLogin, **_: Any) -> None:
    # A sign-in sends social_account_updated too, before the person is signed in;
    # only a connection made while signed in has this process.
    if sociallogin.state.get("process") == "connect":
        _store(sociallogin.user, sociallogin)
