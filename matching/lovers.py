"""Who else loves an artist: people who show their artists, found by one of them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import Exists, F, OuterRef, Q
from django.urls import reverse

from accounts.models import Audience, PersonQuerySet, Section, User
from ingest.credits import Thanked, all_thanked
from ingest.models import Artist, MutedArtist, TopArtist
from ingest.models.music import ArtistQuerySet
from ingest.models.muted import is_muted
from ingest.names import name_key
from matching import engine, words
from matching.entries import Entry
from matching.loaders import artist_names
from matching.reader import current_view
from social.showing import AUDIENCES, shown_sections
from social.standing import states_for
from social.visibility import people_found_by

PAGE_SIZE = 20
# Of an artist that many have, those who have it highest are compared and shown.
MOST_SHOWN = 200
MOST_FOUND = 30
# Within a name shorter words than this are looked for at the beginning only.
_SHORTEST_WITHIN = 3
_OWN = 12
_GENRES = 3
_COLUMNS = ("handle", "display_name", "country", "last_active_at", *AUDIENCES)
_ORDINALS = "first second third fourth fifth sixth seventh eighth ninth tenth".split()


def showing_to(viewer: User) -> PersonQuerySet:
    """Return everyone else who shows their artists and exists for this viewer.

    Nobody for someone who does not show theirs to everyone.
    """
    found = people_found_by(viewer).showing_artists().exclude(pk=viewer.pk)
    return found if _shows_theirs(viewer) else found.none()


def _shows_theirs(viewer: User) -> bool:
    return viewer.audience_of(Section.ARTISTS) == Audience.EVERYONE


# --- Looking for an artist ------------------------------------------------


@dataclass(frozen=True, slots=True)
class FoundArtist:
    pk: int
    name: str
    genres: str


@dataclass(frozen=True, slots=True)
class ArtistSearch:
    """What a search found; without a name, the viewer's own artists to begin with.

    ``genres_by`` named the genres of either. ``showing`` is how many others show their
    artists; None where nobody asked.
    """

    name: str
    found: list[FoundArtist] = field(default_factory=list)
    own: list[FoundArtist] = field(default_factory=list)
    genres_by: list[Thanked] = field(default_factory=list)
    showing: int | None = None


def search_artists(viewer: User, name: str) -> ArtistSearch:
    """Find artists by a part of their name.

    Only those of people who show them to this viewer, and the viewer's own: what
    only hidden people have is as unknown as what nobody has.
    """
    ids = _called(viewer, name_key(name)) if name else []
    found, genres_by = _named(ids)
    if found:
        return ArtistSearch(name, found, genres_by=genres_by)
    own, genres_by = _named(_own_artists(viewer))
    showing = showing_to(viewer).count()
    return ArtistSearch(name, own=own, genres_by=genres_by, showing=showing)


def _called(viewer: User, key: str) -> list[int]:
    """Find artists by every name they go by, each once: as the one that stands."""
    people = showing_to(viewer) | User.objects.filter(pk=viewer.pk)
    used = TopArtist.objects.of_used_sources()
    lines = used.filter(artist=OuterRef("pk"), person__in=people)
    shown = Artist.objects.filter(Exists(lines.filter(Q(person=viewer) | ~is_muted())))
    ways = ["startswith", "contains"][: 1 + (len(key) >= _SHORTEST_WITHIN)]
    merged = _merged(shown, f"name_key__{ways[-1]}", key)
    found: dict[int, None] = {}
    for way in ways:
        begins = way == "startswith"
        if len(found) < MOST_FOUND:
            rows = shown.filter(**{f"name_key__{way}": key})
            own = rows if begins else rows.exclude(name_key__startswith=key)
            others = [one for one in merged if one[0].startswith(key) == begins]
            found.update(dict.fromkeys(pk for _, pk in sorted([*_first(own), *others])))
    return [*found][:MOST_FOUND]


def _first(artists: ArtistQuerySet) -> list[tuple[str, int]]:
    """The first by name: each one's name and the artist that stands for it."""
    found = artists.order_by("name_key", "pk")[:MOST_FOUND]
    rows = found.values_list("name_key", "pk", "same_as_id")
    return [(name, same_as or pk) for name, pk, same_as in rows]


def _merged(shown: ArtistQuerySet, way: str, key: str) -> list[tuple[str, int]]:
    """Names of merged artists that match, where some row of theirs is shown.

    People may have an artist in one of its rows and look for it by the name of another.
    """
    rows = Artist.objects.filter(same_as__isnull=False)
    named = rows.filter(Q(**{way: key}) | Q(**{f"same_as__{way}": key}))
    names = list(
        named.order_by("name_key", "pk").values_list(
            "name_key", "same_as__name_key", "same_as_id"
        )[:MOST_FOUND]
    )
    if not names:
        return []
    there = shown.rows_of(stands for *_, stands in names)
    seen = {same_as or pk for pk, same_as in there.values_list("pk", "same_as_id")}
    return [
        (name, stands)
        for *both, stands in names
        for name in both
        if key in name and stands in seen
    ]


def _own_artists(viewer: User) -> list[int]:
    try:
        taste = current_view().taste(viewer.pk)
    except (engine.IndexMissing, engine.IndexCorrupt):
        return []
    ids: list[int] = taste.artist_ids[:_OWN].tolist() if taste else []
    return ids


def _named(ids: list[int]) -> tuple[list[FoundArtist], list[Thanked]]:
    """Name artists with their first genres, and who said those."""
    if not ids:
        return [], []
    read = artist_names(ids)
    genres = {pk: read.genres[pk][:_GENRES] for pk in ids if pk in read.names}
    shown = {genre for of_one in genres.values() for genre in of_one}
    return (
        [FoundArtist(pk, read.names[pk], ", ".join(genres[pk])) for pk in genres],
        all_thanked(key for genre in shown for key in read.said_by[genre]),
    )


# --- Who has it -----------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Lovers:
    """``state`` is ready, building, paused, hidden or kept.

    Kept: the viewer does not show their own artists to everyone.

    ``total`` counts everyone who shows the artist to this viewer. ``is_cut`` means
    that there are more than are compared.
    """

    state: str
    entries: list[Entry] = field(default_factory=list)
    page_obj: Page[Any] | None = None
    total: int = 0
    is_cut: bool = False
    is_ranked: bool = False
    my_place: str = ""
    showing: int | None = None


@dataclass(frozen=True, slots=True)
class _Found:
    """A person, the artist's place among theirs, and the match with the viewer."""

    person_id: int
    place: int
    of: int
    summary: engine.Summary | None

    @property
    def order(self) -> tuple[float, int, int]:
        """The closest first; then those without a score, the highest place first."""
        closeness = self.summary.similarity if self.summary else 0.0
        return (-max(closeness, 0.0), self.place, self.person_id)


def artist_rows(pk: int) -> tuple[Artist, list[int]]:
    """Read an artist and the ids of all rows it stands for, its own first.

    In one query; raises ``Artist.DoesNotExist``.
    """
    rows = Artist.objects.filter(pk=pk).annotate(stands_for=F("others__pk"))
    found: list[Any] = list(rows)
    if not found:
        raise Artist.DoesNotExist
    others = [artist.stands_for for artist in found]
    return found[0], [pk, *(other for other in others if other is not None)]


def lovers_of(
    viewer: User, artist: Artist, *, rows: Sequence[int], page: str | None
) -> Lovers:
    """List who shows this artist, in any of its rows, the closest first.

    People are compared with the viewer where there is taste to compare, and else
    stand in the order of the artist's place among theirs.
    """
    if not viewer.is_discoverable:
        return Lovers("hidden" if viewer.is_present else "paused")
    if not _shows_theirs(viewer):
        return Lovers("kept")
    try:
        view = current_view()
    except (engine.IndexMissing, engine.IndexCorrupt):
        return Lovers("building")
    people = showing_to(viewer)
    # Ids, not a subquery: SQLite would read everyone's rows instead of the index.
    used = TopArtist.objects.of_used_sources()
    lines = used.filter(artist__in=rows, person__in=people)
    muted = MutedArtist.objects.filter(artist__in=rows).values("person")
    lines = lines.exclude(person__in=muted)
    highest = list(lines.highest_first()[:MOST_SHOWN])
    found = _compared(view, viewer, artist, [pk for pk, _ in highest])
    listed = highest[0][1] if highest else 0
    is_cut = listed > MOST_SHOWN
    mine = view.taste(viewer.pk)
    page_obj = Paginator(found, PAGE_SIZE).get_page(page)
    return Lovers(
        "ready",
        entries=_entries(
            viewer, people, list(page_obj.object_list), is_ranked=mine is not None
        ),
        page_obj=page_obj,
        total=listed if is_cut else len(found),
        is_cut=is_cut,
        is_ranked=mine is not None,
        my_place=_place(*_place_in(mine, artist.pk), "your"),
        showing=None if found else people.count(),
    )


def _compared(
    view: engine.View, viewer: User, artist: Artist, ids: list[int]
) -> list[_Found]:
    """Look people up as they are now; whose taste is without the artist is left out."""
    places = {pk: _place_in(view.taste(pk), artist.pk) for pk in ids}
    kept = [pk for pk, (place, _) in places.items() if place]
    matches: dict[int, engine.Summary] = {}
    if view.taste(viewer.pk) is not None:
        matches = {s.person_id: s for s in engine.summaries(view, viewer.pk, kept)}
    found = [_Found(pk, *places[pk], matches.get(pk)) for pk in kept]
    return sorted(found, key=lambda one: one.order)


def _place_in(taste: engine.Taste | None, artist_id: int) -> tuple[int, int]:
    """Return the artist's place in a taste, 0 where it is not, and of how many."""
    ids = taste.artist_ids.tolist() if taste else []
    return (ids.index(artist_id) + 1 if artist_id in ids else 0), len(ids)


def _place(place: int, of: int, whose: str) -> str:
    if not place:
        return ""
    if of == 1:
        return f"{whose.capitalize()} only artist"
    among = f"of {whose} {of} artists"
    if place <= len(_ORDINALS):
        return f"{_ORDINALS[place - 1].capitalize()} {among}"
    return f"Number {place} {among}"


def _entries(
    viewer: User, people: PersonQuerySet, found: list[_Found], *, is_ranked: bool
) -> list[Entry]:
    ids = [one.person_id for one in found]
    states, rows = states_for(viewer, ids), people.only(*_COLUMNS).in_bulk(ids)
    address = "matching:explanation" if is_ranked else "social:person"
    return [
        _entry(
            viewer,
            person,
            one,
            url=reverse(address, args=[person.handle]),
            state=states.get(one.person_id, ""),
        )
        for one in found
        # Someone may have left, or taken it back, since the list was read.
        if (person := rows.get(one.person_id)) is not None
    ]


def _entry(viewer: User, person: User, found: _Found, *, url: str, state: str) -> Entry:
    match = found.summary
    shown = shown_sections(person, to=viewer, connected=state == "accepted")
    scored = match if match is not None and match.similarity > 0 else None
    return Entry(
        handle=str(person.handle),
        shown_name=person.shown_name,
        has_name=bool(person.display_name),
        country=words.country(person.country.code if Section.COUNTRY in shown else ""),
        last_active_at=person.last_active_at if Section.ACTIVITY in shown else None,
        url=url,
        sentence=f"{_place(found.place, found.of, 'their')}.",
        score=str(scored.score) if scored else "",
        score_text=words.short_score(scored.score) if scored else "",
        shared_artists=len(match.shared_artist_ids) if match else 0,
        parts=words.bar(scored.parts) if scored else [],
        state=state,
    )
