"""Pages about one's own listening and where it comes from."""

import uuid

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import (
    require_http_methods,
    require_POST,
    require_safe,
)

from accounts import throttle
from accounts.http import PersonRequest
from ingest import pages, services
from ingest.forms import PickedArtistsForm
from ingest.models import (
    Artist,
    ImportRun,
    Listen,
    Source,
    SourceLink,
    TimeRange,
    TopArtist,
)
from ingest.sources.base import ArtistItem

_READ_OR_SEND = ["GET", "HEAD", "POST"]


@login_required
@require_safe
def taste(request: PersonRequest) -> HttpResponse:
    current = pages.range_to_show(request.user, request.GET.get("range"))
    ranges = [
        {
            "key": key,
            "label": label,
            "url": f"{reverse('ingest:taste')}?range={key}",
            "is_current": key == current,
        }
        for key, label in TimeRange.choices
    ]
    page = pages.taste_page(request.user, current)
    context = {
        "ranges": ranges,
        "lists": page.lists,
        "genres": page.genres,
        "audio": page.audio,
        "tempo_window": page.tempo_window,
        "has_any": page.has_any,
    }
    return render(request, "ingest/taste.html", context)


@login_required
@require_safe
def recent(request: PersonRequest) -> HttpResponse:
    listens = (
        Listen.objects.filter(person=request.user)
        .select_related("track__artist")
        .order_by("-listened_at", "-pk")
    )
    page_obj = Paginator(listens, pages.SHOWN).get_page(request.GET.get("page"))
    rows = [
        {
            "track": listen.track.name,
            "artist": listen.track.artist.name,
            "listened_at": listen.listened_at,
            "source_label": Source(listen.source).label,
            "url": pages.spotify_url("track", listen.track.spotify_id, listen.source),
        }
        for listen in page_obj
    ]
    context = {"listens": rows, "page_obj": page_obj}
    return render(request, "ingest/recent.html", context)


@login_required
@require_safe
def sources(request: PersonRequest) -> HttpResponse:
    rows = pages.source_rows(request.user, timezone.now())
    return render(request, "ingest/sources.html", {"rows": rows})


@login_required
@never_cache
@require_safe
def run_detail(request: PersonRequest, run_id: uuid.UUID) -> HttpResponse:
    runs = ImportRun.objects.defer("staged")
    run = get_object_or_404(runs, pk=run_id, person=request.user)
    template = "ingest/_run.html" if request.htmx else "ingest/run_detail.html"
    return render(request, template, {"run": run})


def _source_or_404(source: str) -> Source:
    if source not in Source.values:
        raise Http404
    return Source(source)


@login_required
@require_http_methods(_READ_OR_SEND)
def source_connect(request: PersonRequest, source: str) -> HttpResponse:
    """The form of a source that has one; where Spotify said no, the other doors."""
    key = _source_or_404(source)
    if key is not Source.MANUAL:
        return _other_doors(request, key)
    if request.method == "POST":
        return _save_picked(request)
    rows = TopArtist.objects.filter(person=request.user, source=Source.MANUAL)
    names = rows.order_by("rank", "pk").values_list("artist__name", flat=True)
    form = PickedArtistsForm(initial={"artists": "\n".join(names)})
    return _picked_page(request, form)


def _other_doors(request: PersonRequest, source: Source) -> HttpResponse:
    refused = SourceLink.objects.filter(
        person=request.user, source=source, state=SourceLink.State.NOT_ALLOWED
    )
    if refused.exists():
        return render(request, "ingest/not_allowed.html")
    return redirect("ingest:sources")


def _picked_page(request: PersonRequest, form: PickedArtistsForm) -> HttpResponse:
    suggestions = Artist.objects.well_known(limit=40)
    context = {"form": form, "suggestions": suggestions}
    return render(request, "ingest/source_manual.html", context)


def _save_picked(request: PersonRequest) -> HttpResponse:
    form = PickedArtistsForm(request.POST)
    if not form.is_valid():
        return _picked_page(request, form)
    artists = tuple(ArtistItem(name) for name in form.cleaned_data["artists"])
    services.artists_pick(
        person_id=request.user.pk, artists=artists, now=timezone.now()
    )
    messages.success(request, f"{len(artists)} artists are in your taste.")
    if request.user.joined_at is None:
        return redirect("matching:welcome")
    return redirect("ingest:sources")


@login_required
@require_POST
def source_sync(request: PersonRequest, source: str) -> HttpResponse:
    link = get_object_or_404(
        SourceLink, person=request.user, source=_source_or_404(source)
    )
    if link.source != Source.SPOTIFY:
        raise Http404
    if link.needs_consent:
        # Only a new consent helps: the page behind this says so.
        return redirect("ingest:source_connect", link.source)
    now = timezone.now()
    active = ImportRun.objects.active().filter(person=request.user, source=source)
    if not active.exists():
        who = f"{request.user.pk}:{source}"
        throttle.spend(throttle.SYNC_NOW, who, now=now)
    run = services.run_queue(
        person_id=request.user.pk, source=Source(link.source), now=now
    )
    return redirect(run)


@login_required
@require_http_methods(_READ_OR_SEND)
def source_disconnect(request: PersonRequest, source: str) -> HttpResponse:
    key = _source_or_404(source)
    locks_out = key is Source.SPOTIFY and not request.user.has_usable_password()
    if request.method != "POST":
        link = get_object_or_404(SourceLink, person=request.user, source=key)
        context = {"link": link, "label": key.label, "locks_out": locks_out}
        return render(request, "ingest/source_disconnect.html", context)
    try:
        deleted = services.source_disconnect(
            person_id=request.user.pk, source=key, now=timezone.now()
        )
    except services.SourceUnknown as error:
        raise Http404 from error
    messages.success(request, _goodbye(key, deleted))
    if locks_out:
        messages.warning(
            request,
            "Set a password before you sign out: without Spotify it is your way back"
            f" in. Your user name is {request.user.username}.",
        )
        return redirect("account_set_password")
    return redirect("ingest:sources")


def _goodbye(source: Source, deleted: dict[str, int]) -> str:
    text = (
        f"{source.label} is disconnected. Deleted: {deleted['artists']} places in your"
        f" top artists, {deleted['tracks']} in your top tracks and"
        f" {deleted['listens']} listens."
    )
    if source is Source.SPOTIFY:
        text += " Spotify still lists this site until you remove it in your account."
    return text
