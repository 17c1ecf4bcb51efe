"""Pages of the site itself."""

from datetime import timedelta

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts import keeping
from accounts.replicas import may_be_old
from matching.changelog import CHANGES
from matching.engine import SCORE_VERSION
from matching.models import FairnessReport
from musicmatch import health


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
@may_be_old("matching.FairnessReport")
def about_matching(request: HttpRequest) -> HttpResponse:
    context = {
        "report": FairnessReport.objects.newest(),
        "score_version": SCORE_VERSION,
        "changes": CHANGES,
    }
    return render(request, "about_matching.html", context)


@require_safe
def about_privacy(request: HttpRequest) -> HttpResponse:
    spans = {
        "listens": keeping.LISTENS,
        "spotify_unrefreshed": keeping.SPOTIFY_UNREFRESHED,
        "import_runs": keeping.IMPORT_RUNS,
        "mails": keeping.MAILS,
        "admin_log": keeping.ADMIN_LOG,
        "sessions": timedelta(seconds=settings.SESSION_COOKIE_AGE),
    }
    kept = {name: _in_words(span) for name, span in spans.items()}
    return render(request, "about_privacy.html", {"kept": kept})


def _in_words(span: timedelta) -> str:
    return "a year" if span == timedelta(days=365) else f"{span.days} days"


@require_safe
def styleguide(request: HttpRequest) -> HttpResponse:
    if not settings.DEBUG:
        raise Http404
    return render(request, "styleguide.html")


@never_cache
@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """The process answers."""
    return HttpResponse("ok\n", content_type="text/plain; charset=utf-8")


@never_cache
@require_safe
def readyz(request: HttpRequest) -> JsonResponse:
    """Each thing the site needs is named; 503 when a page cannot do without it.

    A load balancer asks this. A worker that is away is named, and costs nobody a
    page: ``?all`` answers 503 for it as well, to whoever watches the whole site.
    """
    findings = health.look(timezone.now())
    is_whole = all(one.ok for one in findings)
    is_ready = is_whole if "all" in request.GET else health.is_ready(findings)
    said = {one.name: one.as_dict() for one in findings}
    return JsonResponse({"ok": is_whole, **said}, status=200 if is_ready else 503)
