"""What someone who is suspended reaches: what was decided, and their own data."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django_htmx.http import HttpResponseClientRedirect

from accounts.models import User
from social import services

_OPEN = (
    "/notices/",
    "/settings/data/",
    # Mails are switched off from a mailbox, by whomever.
    "/settings/notifications/off/",
    "/accounts/logout/",
    "/about/",
    "/healthz",
    "/readyz",
    "/metrics",
)
_SAFE = {"GET", "HEAD"}


class SuspensionMiddleware:
    """Lead suspended people to their notices; end a suspension that is over."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        person = _suspended(request)
        if person is None or request.path_info.startswith((*_OPEN, _static())):
            return self.get_response(request)
        notices = reverse("social:notices")
        if getattr(request, "htmx", False):
            return HttpResponseClientRedirect(notices)
        if request.method in _SAFE:
            return redirect(notices)
        return render(request, "social/notice_suspended.html", status=403)


def _suspended(request: HttpRequest) -> User | None:
    """Return the person of the session while they are suspended."""
    if not request.session.session_key or not request.user.is_authenticated:
        return None
    person = request.user
    now = timezone.now()
    ends = (person.suspended_until, person.limited_until)
    if any(end is not None and end <= now for end in ends):
        services.suspension_lift(person_id=person.pk, now=now)
        person.refresh_from_db(fields=["suspended_until", "limited_until"])
    return person if person.is_suspended else None


def _static() -> str:
    return str(settings.STATIC_URL)
