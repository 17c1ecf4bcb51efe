"""Pages for those who watch the site."""

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from musicmatch.watching.exposition import CONTENT_TYPE, Counts, exposed, may_read
from musicmatch.watching.figures import Figures


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
