"""Joining, the leaderboard, the explanation of one score, and people by artist."""

from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.cache import add_never_cache_headers
from django.views.decorators.http import require_http_methods, require_safe

from accounts.forms import JoinForm
from accounts.http import PersonRequest, joined_required
from accounts.models import User
from accounts.services import person_join
from ingest.models import Artist, ImportRun, SourceLink
from ingest.pages.runs import genres_so_far
from matching.explanation import NothingToExplain, explanation_for
from matching.forms import ArtistSearchForm, FilterForm
from matching.leaderboard import Filters, leaderboard_for
from matching.lovers import artist_rows, lovers_of, search_artists
from matching.tasks import ask_for_index
from social.visibility import get_person_or_404


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def welcome(request: PersonRequest) -> HttpResponse:
    if request.user.joined_at is not None and request.method != "POST":
        return redirect("matching:leaderboard")
    # A copy: a form that fails leaves the names in the header as they were.
    form = JoinForm(request.POST or None, instance=User.objects.get(pk=request.user.pk))
    if request.method == "POST" and form.is_valid() and _join(form):
        return redirect("matching:leaderboard")
    runs = ImportRun.objects.filter(person=request.user).defer("staged")
    run = runs.order_by("-queued_at", "-pk").first()
    context = {
        "form": form,
        "run": run,
        "genres": genres_so_far(run) if run else None,
        "has_source": SourceLink.objects.filter(person=request.user).exists(),
    }
    return render(request, "matching/welcome.html", context)


def _join(form: JoinForm) -> bool:
    """Join with a valid form; False, and an error on it, when that fails after all."""
    try:
        person_join(
            person=form.instance,
            handle=form.cleaned_data["handle"],
            display_name=form.cleaned_data["display_name"],
            country=form.cleaned_data["country"],
            shows_artists=form.cleaned_data["shows_artists"],
            now=timezone.now(),
        )
    except ValidationError as error:
        form.add_error(None, error.messages)
        return False
    return True


@require_safe
@joined_required
def leaderboard(request: PersonRequest) -> HttpResponse:
    form = FilterForm(request.GET, viewer=request.user)
    # One nonsense value shows the unfiltered list beside what is wrong with it.
    filters = Filters(**form.cleaned_data) if form.is_valid() else Filters()
    board = leaderboard_for(
        request.user, filters, page=request.GET.get("page"), now=timezone.now()
    )
    if board.state == "building":
        ask_for_index()
    context = {"form": form, "board": board}
    return render(request, "matching/leaderboard.html", context)


@require_safe
@joined_required
def explanation(request: PersonRequest, handle: str) -> HttpResponse:
    person = get_person_or_404(request.user, handle)
    if person.pk == request.user.pk:
        raise Http404
    try:
        page = explanation_for(request.user, person)
    except NothingToExplain as nothing:
        context = {"person": person, "reason": str(nothing)}
        return render(request, "matching/nothing_to_explain.html", context)
    return render(request, "matching/explanation.html", {"page": page})


@require_safe
@joined_required
def artists(request: PersonRequest) -> HttpResponse:
    form = ArtistSearchForm(request.GET)
    name = form.cleaned_data["q"] if form.is_valid() else ""
    context = {"form": form, "search": search_artists(request.user, name)}
    return render(request, "matching/artists.html", context)


@require_safe
@joined_required
def artist(request: PersonRequest, pk: int) -> HttpResponse:
    try:
        found, rows = artist_rows(pk)
    except Artist.DoesNotExist as error:
        raise Http404 from error
    if found.same_as_id is not None:
        return _moved(found.same_as_id)
    lovers = lovers_of(request.user, found, rows=rows, page=request.GET.get("page"))
    if lovers.state == "building":
        ask_for_index()
    context = {"artist": found, "lovers": lovers}
    return render(request, "matching/artist.html", context)


def _moved(pk: int) -> HttpResponse:
    """Lead to the artist that stands for this one; asked again, as it may be split."""
    response = redirect("matching:artist", pk, permanent=True)
    add_never_cache_headers(response)
    return response
