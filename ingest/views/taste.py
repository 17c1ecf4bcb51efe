"""What one listens to, and what one listened to lately."""

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.http import PersonRequest
from ingest.history import history_of
from ingest.models import Listen, Source, TimeRange
from ingest.pages.taste import SHOWN, range_to_show, spotify_url, taste_page


@login_required
@require_safe
def taste(request: PersonRequest) -> HttpResponse:
    current = range_to_show(request.user, request.GET.get("range"))
    ranges = [
        {
            "key": key,
            "label": label,
            "url": f"{reverse('ingest:taste')}?range={key}",
            "is_current": key == current,
        }
        for key, label in TimeRange.choices
    ]
    page = taste_page(request.user, current)
    context = {
        "ranges": ranges,
        "lists": page.lists,
        "genres": page.genres,
        "audio": page.audio,
        "tempo_window": page.tempo_window,
        "audio_source": page.audio_source,
        "has_any": page.has_any,
        "switched_off": page.switched_off,
    }
    return render(request, "ingest/taste.html", context)


@login_required
@require_safe
def recent(request: PersonRequest) -> HttpResponse:
    listens = (
        Listen.objects.shown()
        .filter(person=request.user)
        .select_related("track__artist")
        .order_by("-listened_at", "-pk")
    )
    page_obj = Paginator(listens, SHOWN).get_page(request.GET.get("page"))
    rows = [
        {
            "track": listen.track.name,
            "artist": listen.track.artist.name,
            "listened_at": listen.listened_at,
            "source_label": Source(listen.source).label,
            "url": spotify_url("track", listen.track.spotify_id, listen.source),
        }
        for listen in page_obj
    ]
    is_first = page_obj.number == 1
    history = history_of(request.user, timezone.now()) if is_first else None
    context = {"listens": rows, "page_obj": page_obj, "history": history}
    return render(request, "ingest/recent.html", context)
