"""Pages of the site itself."""

from django.conf import settings
from django.core.cache import cache
from django.db import DatabaseError, connection
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

from matching.changelog import CHANGES
from matching.engine import SCORE_VERSION
from matching.models import FairnessReport
from matching.services import index_is_ready
from musicmatch.celery import app


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    if not request.user.is_authenticated:
        return render(request, "home.html")
    if request.user.joined_at is None:
        return redirect("matching:welcome")
    return redirect("matching:leaderboard")


@require_safe
def about(request: HttpRequest) -> HttpResponse:
    return render(request, "about.html")


@require_safe
def about_matching(request: HttpRequest) -> HttpResponse:
    context = {
        "report": FairnessReport.objects.newest(),
        "score_version": SCORE_VERSION,
        "changes": CHANGES,
    }
    return render(request, "about_matching.html", context)


@require_safe
def about_privacy(request: HttpRequest) -> HttpResponse:
    return render(request, "about_privacy.html")


@require_safe
def styleguide(request: HttpRequest) -> HttpResponse:
    if not settings.DEBUG:
        raise Http404
    return render(request, "styleguide.html")


@never_cache
@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """The process answers."""
    return HttpResponse("ok\n", content_type="text/plain")


@never_cache
@require_safe
def readyz(request: HttpRequest) -> JsonResponse:
    """Each thing the process needs is named; 503 when one is not there."""
    checks = {
        "database": _database_answers(),
        "cache": _cache_answers(),
        "broker": _broker_answers(),
        "index": index_is_ready(),
    }
    return JsonResponse(checks, status=200 if all(checks.values()) else 503)


def _database_answers() -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return False
    return True


def _cache_answers() -> bool:
    try:
        cache.set("readyz", 1, 10)
        return bool(cache.get("readyz"))
    except (OSError, RedisError):
        return False


def _broker_answers() -> bool:
    try:
        with app.connection_for_write() as broker:
            broker.ensure_connection(max_retries=1, timeout=2)
    except (OSError, OperationalError):
        return False
    return True
