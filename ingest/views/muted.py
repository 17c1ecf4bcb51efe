"""Artists a person leaves out of their taste, or out of what others read."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import BadRequest, ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from accounts.http import PersonRequest
from ingest import services
from ingest.forms import MutedSearchForm, MuteForm
from ingest.models import Artist
from ingest.pages.muted import RuledArtist, muted_artist, muted_page

# What a press decides, and what is said after it.
_DECIDED = {
    "leave_out": ({"is_counted": False}, "{} is no part of your taste any more."),
    "count": ({"is_counted": True}, "{} counts as your taste again."),
    "hide": ({"is_shown": False}, "Others do not read {} beside your name any more."),
    "show": ({"is_shown": True}, "Others may read {} beside your name again."),
}


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def muted(request: PersonRequest) -> HttpResponse:
    if request.method == "POST":
        return _decided(request)
    if "artist" in request.GET:
        artist = _artist_or_404(request, request.GET["artist"])
        context = {"artist": artist, "asks_for_preview": "preview" in request.GET}
        return render(request, "ingest/muted_artist.html", context)
    return _list(request)


def _list(request: PersonRequest) -> HttpResponse:
    form = MutedSearchForm(request.GET)
    asked = form.cleaned_data["q"] if form.is_valid() else ""
    page = muted_page(request.user, asked=asked, page=request.GET.get("page"))
    context = {"form": form, "asked": asked, "page": page, "page_obj": page.page_obj}
    return render(request, "ingest/muted.html", context)


def _artist_or_404(request: PersonRequest, number: str) -> RuledArtist:
    """One artist the person may decide about; every other is as missing as none."""
    try:
        pk = MuteForm.base_fields["artist"].clean(number)
        return muted_artist(request.user, pk)
    except (ValidationError, Artist.DoesNotExist) as error:
        raise Http404 from error


def _decided(request: PersonRequest) -> HttpResponse:
    form = MuteForm(request.POST)
    artist = _artist_or_404(request, request.POST.get("artist", ""))
    if not form.is_valid():
        raise BadRequest("no such action")
    decision, said = _DECIDED[form.cleaned_data["action"]]
    try:
        services.artist_mute(
            person_id=request.user.pk,
            artist_id=artist.pk,
            now=timezone.now(),
            **decision,
        )
    except services.TooManyMuted as error:
        context = {"artist": artist, "asks_for_preview": False, "refusal": str(error)}
        return render(request, "ingest/muted_artist.html", context, status=409)
    messages.success(request, said.format(artist.name))
    return redirect("ingest:muted")
