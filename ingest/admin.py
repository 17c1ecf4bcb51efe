"""Imports and music in the admin site: to look at, and to say which artists are one."""

from collections.abc import Iterable
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import PermissionDenied
from django.db import models, transaction
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import path
from django.utils import timezone

from accounts.confirming import confirmed
from accounts.http import PersonRequest
from ingest.models import (
    Artist,
    ArtistPair,
    Genre,
    ImportRun,
    Source,
    SourceLink,
)
from ingest.names import name_key
from ingest.operator import operator_page
from ingest.services.artists import (
    CannotMerge,
    CannotSplit,
    artist_merge,
    artist_split,
    keeping_order,
    pair_decide,
)

_MOST_AT_ONCE = 20
_OPERATOR = ("ingest.view_sourcelink", "ingest.view_importrun")
_CHOOSE_KEPT = "Choose the artist that is to stand for the others."


@admin.register(ImportRun)
class ImportRunAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ("id", "person", "source", "kind", "state", "queued_at", "reason")
    list_filter = ("state", "source", "kind")
    list_select_related = ("person",)
    exclude = ("staged",)
    search_fields = ("person__handle", "person__username")

    def has_change_permission(self, request: object, obj: object = None) -> bool:
        return False

    def has_add_permission(self, request: object) -> bool:
        return False


@admin.register(SourceLink)
class SourceLinkAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ("person", "source", "state", "latest_import_at", "next_import_at")
    list_filter = ("source", "state")
    list_select_related = ("person",)

    def has_change_permission(self, request: object, obj: object = None) -> bool:
        return False

    def has_add_permission(self, request: object) -> bool:
        return False

    def has_delete_permission(self, request: object, obj: object = None) -> bool:
        # Leaving a source deletes what it gave, too; that is the person's to do.
        return False

    def get_urls(self) -> list[Any]:
        page = self.admin_site.admin_view(self.operator)
        return [path("operator/", page, name="ingest_operator"), *super().get_urls()]

    def operator(self, request: HttpRequest) -> HttpResponse:
        """How the sources are doing, for those who may see links and imports."""
        if not request.user.has_perms(_OPERATOR):
            raise PermissionDenied
        context = {
            **self.admin_site.each_context(request),
            "title": "How the sources are doing",
            "subtitle": None,
            "page": operator_page(timezone.now()),
        }
        return TemplateResponse(request, "admin/ingest/operator.html", context)


@admin.register(Genre)
class GenreAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    search_fields = ("name",)

    def has_delete_permission(self, request: object, obj: object = None) -> bool:
        return False


# --- Artists --------------------------------------------------------------


class _ArtistList(ChangeList):
    """The list of artists, with who has those of the page, in one query."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        artists: list[Any] = list(self.result_list)
        by_artist = Artist.objects.listeners_by_source(artist.pk for artist in artists)
        for artist in artists:
            artist.by_source = by_artist.get(artist.pk, {})
        self.result_list = artists


@admin.register(Artist)
class ArtistAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ("name", "spotify_id", "mbid", "part_of", "who_has_it")
    list_filter = (("same_as", admin.EmptyFieldListFilter),)
    list_select_related = ("same_as",)
    ordering = ("name_key", "pk")
    search_fields = ("name_key", "=spotify_id", "=mbid")
    search_help_text = "A part of a name, or an id. Several at once: ye | kanye west"
    fields = ("name", "name_key", "spotify_id", "mbid", "part_of", "stands_for")
    readonly_fields = ("name_key", "spotify_id", "mbid", "part_of", "stands_for")
    actions = ("merge", "split")

    def has_add_permission(self, request: object) -> bool:
        return False

    def has_delete_permission(self, request: object, obj: object = None) -> bool:
        # People's tastes name it by its id.
        return False

    def get_changelist(self, request: HttpRequest, **_: Any) -> type[ChangeList]:
        return _ArtistList

    def get_search_results(
        self, request: HttpRequest, queryset: models.QuerySet[Artist], search_term: str
    ) -> tuple[models.QuerySet[Artist], bool]:
        """Find several names or ids at once: what is merged is seldom alike."""
        terms = [term.strip() for term in search_term.split("|")]
        wanted = models.Q()
        for term in filter(None, terms):
            wanted |= models.Q(name_key__contains=name_key(term))
            wanted |= models.Q(spotify_id=term) | models.Q(mbid=term.lower())
        return queryset.filter(wanted), False

    @admin.display(description="Part of", empty_value="–")
    def part_of(self, artist: Artist) -> Artist | None:
        return artist.same_as

    @admin.display(description="Stands for", empty_value="–")
    def stands_for(self, artist: Artist) -> str:
        return ", ".join(artist.others.order_by("pk").values_list("name", flat=True))

    @admin.display(description="Who has it", empty_value="–")
    def who_has_it(self, artist: Any) -> str:
        return _who(artist.by_source)

    @admin.action(description="Merge into one artist", permissions=["change"])
    def merge(
        self, request: PersonRequest, queryset: models.QuerySet[Artist]
    ) -> HttpResponse | None:
        found = queryset.select_related("same_as")[: _MOST_AT_ONCE + 1]
        artists = sorted(found, key=keeping_order)
        if not 2 <= len(artists) <= _MOST_AT_ONCE:
            sentence = f"Choose 2 to {_MOST_AT_ONCE} artists to merge."
            self.message_user(request, sentence, messages.ERROR)
            return None
        error = ""
        if "confirmed" in request.POST:
            error = self._merge(request, artists)
            if not error:
                return None
        return self._confirm(request, artists, error)

    def _merge(self, request: PersonRequest, artists: list[Artist]) -> str:
        """Merge what was confirmed; returns why not, where it cannot be done."""
        chosen = request.POST.get("keep", "")
        keep = next((a for a in artists if str(a.pk) == chosen), None)
        if keep is None:
            return _CHOOSE_KEPT
        others = [artist for artist in artists if artist is not keep]
        try:
            with transaction.atomic():
                artist_merge(
                    keep_id=keep.pk,
                    other_ids=[artist.pk for artist in others],
                    by=request.user,
                    now=timezone.now(),
                )
                self._log_merge(request, keep, others)
        except CannotMerge as reason:
            return str(reason)
        sentence = f"{keep} stands for {_listed(others)} now."
        self.message_user(request, sentence, messages.SUCCESS)
        return ""

    def _log_merge(
        self, request: PersonRequest, keep: Artist, others: list[Artist]
    ) -> None:
        self.log_change(request, keep, f"Stands for {_listed(others)}.")
        for artist in others:
            self.log_change(request, artist, f"Merged into {_told(keep)}.")

    def _confirm(
        self, request: PersonRequest, artists: list[Artist], error: str
    ) -> HttpResponse:
        ids = [artist.pk for artist in artists]
        everyone = Artist.objects.rows_of(ids)
        by_artist = Artist.objects.listeners_by_source(ids)
        under = list(everyone.exclude(pk__in=ids).order_by("pk"))
        rows = [
            {
                "artist": artist,
                "told": _told(artist),
                "stands_for": _listed(u for u in under if u.same_as_id == artist.pk),
                "who_has_it": _who(by_artist.get(artist.pk, {})),
            }
            for artist in artists
        ]
        context = {
            **self.admin_site.each_context(request),
            "title": "Merge into one artist",
            "subtitle": None,
            "opts": self.opts,
            "media": self.media,
            "rows": rows,
            "people": everyone.listeners(),
            "error": error,
            "kept": request.POST.get("keep", str(artists[0].pk)),
            "action_checkbox_name": ACTION_CHECKBOX_NAME,
        }
        return TemplateResponse(request, "admin/ingest/artist/merge.html", context)

    @admin.action(description="Split off again", permissions=["change"])
    @confirmed("Split off again", "Each of these stands for itself again.")
    def split(self, request: PersonRequest, queryset: models.QuerySet[Artist]) -> None:
        for artist in queryset.select_related("same_as")[:_MOST_AT_ONCE]:
            stood = artist.same_as
            try:
                with transaction.atomic():
                    artist_split(
                        artist_id=artist.pk, by=request.user, now=timezone.now()
                    )
                    self.log_change(request, artist, f"Split off from {stood}.")
            except CannotSplit as reason:
                self.message_user(request, str(reason), messages.ERROR)
            else:
                sentence = f"{_told(artist)} stands for itself again."
                self.message_user(request, sentence, messages.SUCCESS)


def _who(by_source: dict[str, int]) -> str:
    return ", ".join(
        f"{people} from {Source(source).label}" for source, people in by_source.items()
    )


def _told(artist: Artist) -> str:
    """Name an artist so that it is told from others of the name."""
    ids = []
    if artist.spotify_id:
        ids.append(f"Spotify {artist.spotify_id}")
    if artist.mbid:
        ids.append(f"MusicBrainz {artist.mbid}")
    return f"{artist} ({', '.join(ids) or 'by name only'})"


def _listed(artists: Iterable[Artist]) -> str:
    return ", ".join(_told(artist) for artist in artists)


# --- Pairs ----------------------------------------------------------------


@admin.register(ArtistPair)
class ArtistPairAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ("reason", "one", "another", "state", "noticed_at", "decided_by")
    list_filter = ("state",)
    list_select_related = ("artist", "other", "decided_by")
    ordering = (
        models.Case(models.When(state=ArtistPair.State.OPEN, then=0), default=1),
        "-noticed_at",
        "pk",
    )
    fields = (
        "reason",
        "one",
        "another",
        "state",
        "noticed_at",
        "decided_at",
        "decided_by",
    )
    readonly_fields = fields
    actions = ("same_artist", "different_artists")

    def has_add_permission(self, request: object) -> bool:
        return False

    def has_delete_permission(self, request: object, obj: object = None) -> bool:
        # Without it the same would be asked again.
        return False

    def has_decide_permission(self, request: HttpRequest) -> bool:
        may_merge = request.user.has_perm("ingest.change_artist")
        return may_merge and self.has_change_permission(request)

    @admin.display(description="One")
    def one(self, pair: ArtistPair) -> str:
        return _told(pair.artist)

    @admin.display(description="Another")
    def another(self, pair: ArtistPair) -> str:
        return _told(pair.other)

    @admin.action(description="Same artist", permissions=["decide"])
    @confirmed("Same artist", "In each of these pairs one artist stands for both.")
    def same_artist(
        self, request: PersonRequest, queryset: models.QuerySet[ArtistPair]
    ) -> None:
        self._decide(request, queryset, are_same=True)

    @admin.action(description="Different artists", permissions=["decide"])
    @confirmed("Different artists", "Nobody is asked about these pairs again.")
    def different_artists(
        self, request: PersonRequest, queryset: models.QuerySet[ArtistPair]
    ) -> None:
        self._decide(request, queryset, are_same=False)

    def _decide(
        self,
        request: PersonRequest,
        queryset: models.QuerySet[ArtistPair],
        *,
        are_same: bool,
    ) -> None:
        decided = 0
        for pk in queryset.values_list("pk", flat=True)[: self.list_per_page]:
            try:
                with transaction.atomic():
                    pair = pair_decide(
                        pair_id=pk,
                        are_same=are_same,
                        by=request.user,
                        now=timezone.now(),
                    )
                    self._log(request, pair)
            except (CannotMerge, CannotSplit) as reason:
                self.message_user(request, str(reason), messages.ERROR)
            else:
                decided += 1
        if decided:
            what = "the same" if are_same else "different"
            pairs = "pair" if decided == 1 else "pairs"
            sentence = f"{decided} {pairs} decided: {what}."
            self.message_user(request, sentence, messages.SUCCESS)

    def _log(self, request: PersonRequest, pair: ArtistPair) -> None:
        self.log_change(request, pair, f"Decided: {pair.get_state_display()}.")
        for artist, other in ((pair.artist, pair.other), (pair.other, pair.artist)):
            words = (
                "The same artist as"
                if pair.state == ArtistPair.State.SAME
                else "Another artist than"
            )
            self.log_change(request, artist, f"{words} {_told(other)}.")
