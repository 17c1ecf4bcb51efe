"""One line, one count and one id for every request."""

import logging
from collections.abc import Callable
from time import perf_counter
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from musicmatch.watching import metrics
from musicmatch.watching.context import (
    Work,
    current,
    request_id_from,
    route_of,
    working,
)

logger = logging.getLogger(__name__)

HEADER = "X-Request-ID"
_METHODS = {"GET", "HEAD", "POST", "OPTIONS", "PUT", "PATCH", "DELETE"}
_STATIC = "static"
# Asked every few seconds by machines: only worth a line when they are refused.
_QUIET = {"healthz", "readyz", "metrics", _STATIC}


class AccessMiddleware:
    """Stands before all others, so that what they answer is told as well.

    The route is told and not the address, in which people are named; who asks is told
    by a number that means nothing outside the database.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        before = perf_counter()
        work = Work(request_id_from(request.headers.get(HEADER, "")))
        # Django logs some of what went wrong after everybody here has answered.
        request.work = work  # type: ignore[attr-defined]
        with working(work):
            response = self.get_response(request)
            _tell(request, response, work, perf_counter() - before)
        response.headers[HEADER] = work.request_id
        return response

    def process_view(
        self, request: HttpRequest, view: Any, args: Any, kwargs: dict[str, Any]
    ) -> None:
        work = current()
        if work is not None and kwargs.get("handle"):
            work.private.append(str(kwargs["handle"]))


def _tell(
    request: HttpRequest, response: HttpResponse, work: Work, seconds: float
) -> None:
    route, status = _route(request), response.status_code
    method = request.method if request.method in _METHODS else "OTHER"
    metrics.request_done(route, str(method), status, seconds)
    level = logging.DEBUG if route in _QUIET and status < 400 else logging.INFO
    if not logger.isEnabledFor(level):
        return
    fields: dict[str, Any] = {
        "method": method,
        "route": route,
        "status": status,
        "ms": round(seconds * 1000, 1),
    }
    # Who it is was asked for by now, or is nobody's business.
    person = getattr(request, "_cached_user", None)
    if person is not None and person.pk is not None:
        fields["person"] = person.pk
    if work.published:
        fields["tasks"] = work.published
    words = "%s %s %s in %.0f ms"
    logger.log(
        level, words, method, route, status, seconds * 1000, extra={"fields": fields}
    )


def _route(request: HttpRequest) -> str:
    if request.path_info.startswith(str(settings.STATIC_URL)):
        return _STATIC
    return route_of(request)
