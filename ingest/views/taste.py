"""What one listens to, and what one listened to lately."""

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.http import PersonRequest
from accounts.replicas import may_be_old
from ingest.models import TimeRange
from ingest.pages.recent import recent_page
from ingest.pages.taste import range_to_show, taste_page

# Own listening: nobody else's choice decides what is shown.
_READ = (
    "ingest.Artist",
    "ingest.ArtistGenre",
    "ingest.ArtistSound",
    "ingest.AudioFeatures",
    "ingest.Genre",
    "ingest.Listen",
    "ingest.ListeningMonth",
    "ingest.TopArtist",
    "ingest.TopTrack",
    "ingest.Track",
)


@login_required
@require_safe
@may_be_old(*_READ)
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
@may_be_old(*_READ)
def recent(request: PersonRequest) -> HttpResponse:
    page = recent_page(request.user, asked=request.GET.get("page"), now=timezone.now())
    context = {
        "lists": page.lists,
        "page_obj": page.page_obj,
        "history": page.history,
    }
    return render(request, "ingest/recent.html", context)
