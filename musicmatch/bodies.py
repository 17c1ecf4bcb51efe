"""What a request may weigh, decided before any of it is read."""

from collections.abc import Callable
from http import HTTPStatus

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone

from accounts import throttle
from accounts.middleware import over_limit_page
from ingest.sources.export import LIMITS

_MB = 1024 * 1024
# Forms of text only: as much as Django takes of them.
MOST: int = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
# The files themselves, and what a browser writes around them.
MOST_OF_UPLOAD = LIMITS.packed + _MB


class BodyMiddleware:
    """Refuse a request by its length, unread: looking for a CSRF token reads it all.

    Only people who are signed in and may still upload today may send more than a
    form. What comes without a length is refused: nobody's browser sends that.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if "HTTP_TRANSFER_ENCODING" in request.META:
            return _refusal(request, HTTPStatus.LENGTH_REQUIRED)
        if _length(request) > MOST:
            refusal = _refusal_of_much(request)
            if refusal is not None:
                return refusal
        return self.get_response(request)


def _length(request: HttpRequest) -> int:
    try:
        return int(request.META.get("CONTENT_LENGTH") or 0)
    except ValueError:
        return 0


def _refusal_of_much(request: HttpRequest) -> HttpResponse | None:
    """Answer a request that is no form of text, unless its files may come."""
    if request.method != "POST" or request.path != reverse("ingest:upload"):
        return _refusal(request, HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    if not request.user.is_authenticated:
        return redirect_to_login(request.path)
    until = throttle.until(throttle.UPLOAD, str(request.user.pk), now=timezone.now())
    if until is not None:
        return over_limit_page(request, throttle.OverLimit(throttle.UPLOAD, until))
    if _length(request) > MOST_OF_UPLOAD:
        return _refusal(request, HTTPStatus.REQUEST_ENTITY_TOO_LARGE, LIMITS.packed)
    return None


def _refusal(
    request: HttpRequest, status: HTTPStatus, most: int = MOST
) -> HttpResponse:
    context = {"number": status.value, "most": f"{most / _MB:g} MB"}
    return render(request, "413.html", context, status=status)
