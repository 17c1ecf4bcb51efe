"""Naming one's artists by hand."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.http import PersonRequest
from accounts.replicas import may_be_old
from accounts.text import clean_line
from ingest import services
from ingest.forms import MOST_PICKED, PickedArtistsForm, names_in
from ingest.models import Artist, Source, TopArtist
from ingest.pages.picking import artists_found, changed
from ingest.sources.base import ArtistItem

_STEPS = ("up", "down", "remove")
_LONGEST_LIST, _LONGEST_NAME = 12_000, 200


def pick(request: PersonRequest) -> HttpResponse:
    """The list, and every press of a button on it; only one of them keeps it."""
    if request.method != "POST":
        return _page(request, _picked_before(request))
    typed = request.POST.get("artists", "")
    step = next((name for name in _STEPS if name in request.POST), "")
    is_step = step or "add" in request.POST or "search" in request.POST
    if is_step and len(typed) <= _LONGEST_LIST:
        add = clean_line(request.POST.get("add", ""))[:_LONGEST_NAME]
        place = request.POST.get(step, "") if step else ""
        names = changed(names_in(typed), add=add, step=step, place=place)
        return _page(request, names, is_draft=True)
    return _save(request)


@login_required
@require_safe
@may_be_old("ingest.Artist")
def pick_search(request: PersonRequest) -> HttpResponse:
    """The artists known here by a part of their name, as a part of the page."""
    found = artists_found(request.GET.get("q", ""))
    return render(request, "ingest/_found.html", {"found": found})


def _picked_before(request: PersonRequest) -> list[str]:
    rows = TopArtist.objects.filter(person=request.user, source=Source.MANUAL)
    return list(rows.order_by("rank", "pk").values_list("artist__name", flat=True))


def _page(
    request: PersonRequest, names: list[str], *, is_draft: bool = False
) -> HttpResponse:
    form = PickedArtistsForm(initial={"artists": "\n".join(names)})
    return _shown(request, form, names, is_draft=is_draft)


def _shown(
    request: PersonRequest,
    form: PickedArtistsForm,
    names: list[str],
    *,
    is_draft: bool = False,
) -> HttpResponse:
    asked = request.POST.get("q") or request.GET.get("q") or ""
    context = {
        "form": form,
        "names": names[:MOST_PICKED],
        "is_draft": is_draft,
        "asked": asked,
        "found": artists_found(asked),
        "suggestions": Artist.objects.well_known(limit=40),
    }
    return render(request, "ingest/source_manual.html", context)


def _save(request: PersonRequest) -> HttpResponse:
    form = PickedArtistsForm(request.POST)
    if not form.is_valid():
        return _shown(request, form, [])
    artists = tuple(ArtistItem(name) for name in form.cleaned_data["artists"])
    services.artists_pick(
        person_id=request.user.pk, artists=artists, now=timezone.now()
    )
    messages.success(request, f"{len(artists)} artists are in your taste.")
    if request.user.joined_at is None:
        return redirect("matching:welcome")
    return redirect("ingest:sources")
