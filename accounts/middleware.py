"""What happens on every request of a signed-in person."""

from collections.abc import Callable
from datetime import timedelta
from math import ceil
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from accounts import events
from accounts.models import User
from accounts.throttle import OverLimit

_LAST_ACTIVE_EVERY = timedelta(minutes=10)


class PersonMiddleware:
    """Show times in the person's zone, and note that they were here.

    ``last_active_at`` is written once in ten minutes at most.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        with timezone.override(_zone_of(request)):
            return self.get_response(request)

    def process_exception(
        self, request: HttpRequest, error: Exception
    ) -> HttpResponse | None:
        if not isinstance(error, OverLimit):
            return None
        return over_limit_page(request, error)


def over_limit_page(request: HttpRequest, error: OverLimit) -> HttpResponse:
    """Say which limit is used up, and when it ends."""
    events.tell("reached a limit", events.person_of(request), limit=error.limit.name)
    context = {"limit_text": error.limit.words, "retry_at": error.until}
    response = render(request, "429.html", context, status=429)
    seconds = ceil((error.until - timezone.now()).total_seconds())
    response.headers["Retry-After"] = str(max(1, seconds))
    return response


def _zone_of(request: HttpRequest) -> ZoneInfo | None:
    if not request.session.session_key or not request.user.is_authenticated:
        return None
    _note_activity(request.user)
    try:
        return ZoneInfo(request.user.time_zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def _note_activity(person: User) -> None:
    now = timezone.now()
    before = now - _LAST_ACTIVE_EVERY
    if person.last_active_at and person.last_active_at > before:
        return
    # Asked again in the update: of several requests at once one writes.
    is_due = Q(last_active_at__isnull=True) | Q(last_active_at__lte=before)
    User.objects.filter(is_due, pk=person.pk).update(last_active_at=now)
    person.last_active_at = now
