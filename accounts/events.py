"""What happens to accounts, for whoever looks after the site: one line each in the log.

People are their numbers here. No name, address, token or place is written.
"""

import logging
from typing import Any

from allauth.account import signals
from django.contrib.auth.signals import (
    user_logged_in,
    user_logged_out,
    user_login_failed,
)
from django.dispatch import Signal, receiver
from django.http import HttpRequest

from accounts.models import User

logger = logging.getLogger("musicmatch.security")

_CHANGES: dict[Signal, str] = {
    signals.user_signed_up: "made an account",
    signals.password_changed: "changed the password",
    signals.password_set: "set a password",
    signals.password_reset: "set a new password by mail",
    signals.email_added: "added an e-mail address",
    signals.email_changed: "has another e-mail address",
    signals.email_removed: "removed an e-mail address",
    signals.email_confirmed: "confirmed an e-mail address",
}


def tell(event: str, person_id: int | None, **more: object) -> None:
    """Write one line: what happened, to whom, and what else there is to say."""
    details = "".join(f" {name}={value}" for name, value in more.items())
    logger.info("%s: person=%s%s", event, person_id or "nobody", details)


@receiver(user_logged_in, dispatch_uid="accounts.events.signed_in")
def signed_in(user: User, sociallogin: Any = None, **_: Any) -> None:
    tell("signed in", user.pk, staff=user.is_staff)


@receiver(user_logged_out, dispatch_uid="accounts.events.signed_out")
def signed_out(user: User | None, **_: Any) -> None:
    if user is not None:
        tell("signed out", user.pk)


@receiver(user_login_failed, dispatch_uid="accounts.events.failed")
def failed(credentials: dict[str, Any], **_: Any) -> None:
    """Whom somebody tried to be, where there is such a person: the name is not kept."""
    name = credentials.get("username") or ""
    people = User.objects.filter(username__iexact=name) if name else User.objects.none()
    tell("was not let in", people.values_list("pk", flat=True).first())


def _changed(signal: Signal, **given: Any) -> None:
    user = given.get("user")
    tell(_CHANGES[signal], user.pk if user else person_of(given["request"]))


def person_of(request: HttpRequest) -> int | None:
    """Return the number of whoever asks; None for somebody who is not signed in."""
    return getattr(getattr(request, "user", None), "pk", None)


for _signal, _words in _CHANGES.items():
    _signal.connect(_changed, dispatch_uid=f"accounts.events.{_words}")
