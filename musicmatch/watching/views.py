"""Pages for those who watch the site."""

from django.conf import settings
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from musicmatch.watching.exposition import CONTENT_TYPE, Counts, exposed, may_read
from musicmatch.watching.figures import Figures
from musicmatch.watching.status import status_page


@never_cache
@require_safe
def metrics_page(request: HttpRequest) -> HttpResponse:
    """What was counted on this machine, and how the site stands; with the token only.

    Without a token in the settings the page does not exist.
    """
    if not settings.METRICS_TOKEN:
        raise Http404
    if not may_read(request.headers.get("Authorization", ""), settings.METRICS_TOKEN):
        return HttpResponse(status=401, headers={"WWW-Authenticate": "Bearer"})
    said = exposed(Counts(settings.METRICS_DIR), Figures(timezone.now()))
    return HttpResponse(said, content_type=CONTENT_TYPE)


@never_cache
@require_safe
def status(request: HttpRequest) -> HttpResponse:
    """How the site stands, for those who may see how it is cared for.

    Moderators decide about people, and may not: the machine is not theirs.
    """
    if not request.user.has_perm("musicmatch.view_carerun"):
        raise PermissionDenied
    context = {
        **admin.site.each_context(request),
        "title": "How the site is doing",
        "subtitle": None,
        "page": status_page(timezone.now()),
    }
    return TemplateResponse(request, "admin/musicmatch/status.html", context)
