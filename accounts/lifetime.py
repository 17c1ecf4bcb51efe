"""How long someone stays signed in, and ending it everywhere.

A session ends after two weeks without a visit (``SESSION_COOKIE_AGE``), and in any case
so long after signing in as is said here. It also ends when its person ended all of
theirs, and with a change of the password, which Django sees to.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from allauth.account.signals import password_changed, password_reset, password_set
from django.contrib.auth import logout
from django.contrib.auth.signals import user_logged_in
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from accounts import events
from accounts.models import User

LONGEST = timedelta(days=30)
# Whoever may work in the admin site signs in every day.
LONGEST_OF_STAFF = timedelta(hours=12)
# Of somebody who is on the way to sign in or up. Anybody can begin these.
_LONGEST_OF_NOBODY = timedelta(hours=12)
# A session in use is kept going once a day: it is written no more often than that.
_PROLONGED_EVERY = timedelta(days=1)
# So long after signing in nobody is asked for the password again.
_NEW = timedelta(minutes=15)
_SIGNED_IN, _SEEN = "signed_in_at", "seen_at"


class SessionLifetimeMiddleware:
    """Sign out whoever has been signed in for too long, or ended all sessions."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.session.session_key and request.user.is_authenticated:
            _check(request, request.user, timezone.now().timestamp())
        response = self.get_response(request)
        if request.session.modified and not request.user.is_authenticated:
            request.session.set_expiry(_LONGEST_OF_NOBODY)
        return response


def _check(request: HttpRequest, person: User, now: float) -> None:
    since = request.session.get(_SIGNED_IN)
    if since is None:
        # Of the time before sessions were dated.
        start(request, now)
    elif _is_over(since, person, now):
        logout(request)
    elif now - request.session.get(_SEEN, since) > _PROLONGED_EVERY.total_seconds():
        request.session[_SEEN] = now


def _is_over(since: float, person: User, now: float) -> bool:
    longest = LONGEST_OF_STAFF if person.is_staff else LONGEST
    ended = person.sessions_ended_at
    return now - since > longest.total_seconds() or (
        ended is not None and since < ended.timestamp()
    )


def is_new(request: HttpRequest, *, now: datetime) -> bool:
    """Whether this session was begun by signing in, minutes ago."""
    since: float = request.session.get(_SIGNED_IN, 0.0)
    return now.timestamp() - since < _NEW.total_seconds()


def start(request: HttpRequest, now: float) -> None:
    """Begin the time of this session."""
    request.session[_SIGNED_IN] = request.session[_SEEN] = now


def others_end(request: HttpRequest, person: User, *, now: datetime) -> None:
    """End every session of this person but the one of this request."""
    sessions_end_now(person=person, now=now)
    request.session.cycle_key()
    start(request, now.timestamp())


def sessions_end_now(*, person: User, now: datetime) -> None:
    """End every session of this person; each is forgotten with its next request."""
    person.sessions_ended_at = now
    person.save(update_fields=["sessions_ended_at"])
    events.tell("sessions are over", person.pk)


@receiver(user_logged_in, dispatch_uid="accounts.lifetime.signed_in")
def begin_with_sign_in(request: HttpRequest, user: User, **_: Any) -> None:
    now = timezone.now()
    # Another machine's clock may be ahead of this one's.
    start(request, max(now, user.sessions_ended_at or now).timestamp())
    # No longer that of nobody.
    request.session.set_expiry(None)


@receiver(password_set, dispatch_uid="accounts.lifetime.password_set")
@receiver(password_changed, dispatch_uid="accounts.lifetime.password_changed")
@receiver(password_reset, dispatch_uid="accounts.lifetime.password_reset")
def end_with_password(request: HttpRequest, user: User, **_: Any) -> None:
    """A session that Django no longer believes must not come back either."""
    now = timezone.now()
    if request.user.is_authenticated and request.user.pk == user.pk:
        others_end(request, user, now=now)
    else:
        sessions_end_now(person=user, now=now)
