"""Ranked people for one viewer: filtered, cut into pages, and said in words."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django.core.paginator import Page, Paginator
from django.urls import reverse

from accounts.models import Section, User
from ingest.models import Artist, Genre
from matching import engine, preselect, private, words
from matching.crowd import Crowd
from matching.entries import Entry
from matching.muted import muted_between
from matching.reader import active_view, current_view
from social.showing import AUDIENCES, shown_sections
from social.standing import states_for
from social.visibility import people_found_by

PAGE_SIZE = 20
# A board goes so deep; filters bring up who is further down.
DEPTH = 1000
# So many are found at once: most people look at the first pages only.
_AHEAD = 100
_SHOWN = ("handle", "display_name", "country", "last_active_at", *AUDIENCES)
_Keepers = dict[str, tuple[int, ...]]


@dataclass(frozen=True, slots=True)
class Filters:
    """What the viewer asked for; None and "" ask for nothing."""

    q: str = ""
    country: str = ""
    genre: Genre | None = None
    min_shared: int | None = None
    min_score: Decimal | None = None
    active_days: int | None = None

    @property
    def in_use(self) -> list[str]:
        """Names of the filters that ask for something."""
        return [name for name in self.__slots__ if getattr(self, name)]

    def as_query(self, *, without: str = "") -> str:
        """Return the filters as they stand in the address."""
        values = {name: getattr(self, name) for name in self.__slots__}
        if self.genre is not None:
            values["genre"] = self.genre.name
        kept = {k: v for k, v in values.items() if v not in (None, "") and k != without}
        return urlencode(kept)


def _two_decimals(value: float | None) -> str | None:
    return None if value is None else f"{value:.2f}"


@dataclass(frozen=True, slots=True)
class Loosen:
    """A filter that hides people, and how many come back without it."""

    label: str
    count: int
    url: str


@dataclass(frozen=True, slots=True)
class Board:
    """``state`` is ready, building, paused, hidden, no_taste, apart or alone.

    Apart: there are people, and none of them meets the viewer's taste. ``total`` is
    None where there are too many to count for one page. ``among`` is how many people
    were compared where not everyone was.
    """

    state: str
    entries: list[Entry] = field(default_factory=list)
    page_obj: Page[Any] | None = None
    query_string: str = ""
    total: int | None = 0
    loosen: list[Loosen] = field(default_factory=list)
    among: int | None = None
    depth: int = DEPTH


def leaderboard_for(
    viewer: User, filters: Filters, *, page: str | None, now: datetime
) -> Board:
    """Rank everyone the viewer may see and return one page of them."""
    query = filters.as_query()
    if not viewer.is_discoverable:
        state = "hidden" if viewer.is_present else "paused"
        return Board(state, query_string=query)
    try:
        view = active_view() if filters.active_days else current_view()
        crowd = Crowd.around(view, viewer.pk)
    except (engine.IndexMissing, engine.IndexCorrupt):
        return Board("building", query_string=query)
    except engine.UnknownPerson:
        return Board("no_taste", query_string=query)
    keepers = _keepers(filters)
    wanted, among = _preselected(crowd, _wanted(viewer, filters, keepers, now))
    page_obj, total = _page(crowd, wanted, page)
    if not page_obj.object_list:
        empty = _empty(crowd, wanted, page_obj, filters, keepers)
        return replace(empty, among=among)
    compared = engine.EVERYONE if among is None else wanted
    entries = _entries(viewer, crowd, list(page_obj.object_list), compared)
    total = total if among is None else None
    return Board("ready", entries, page_obj, query, total, among=among)


def _preselected(
    crowd: Crowd, wanted: engine.Wanted
) -> tuple[engine.Wanted, int | None]:
    """Narrow to those likeliest to be close; beside it how many, None for everyone.

    Whoever is asked for by name need not be likely: they are few enough to compare.
    """
    if wanted.only is not None:
        return wanted, None
    ids = preselect.candidates(
        crowd.viewer_id, view=crowd.view, is_narrowed=wanted.narrows
    )
    if ids is preselect.EVERYONE:
        return wanted, None
    return replace(wanted, only=ids), len(ids)


def _page(
    crowd: Crowd, wanted: engine.Wanted, number: str | None
) -> tuple[Page[int], int | None]:
    """Cut one page; beside it how many there are, None when nobody counted them."""
    found = crowd.closest(_AHEAD, wanted)
    total: int | None = len(found)
    if not found.is_everyone:
        total = crowd.quick_count(wanted)
    most = DEPTH if wanted.only is None else len(wanted.only)
    depth = min(DEPTH, most if total is None else total)
    page = Paginator(range(depth), PAGE_SIZE).get_page(number)
    if page.end_index() > _AHEAD:
        found = crowd.closest(DEPTH, wanted)
        page = Paginator(range(len(found)), PAGE_SIZE).get_page(number)
    ids = found.person_ids[page.start_index() - 1 : page.end_index()].tolist()
    page.object_list = ids
    return page, total


def _keepers(filters: Filters) -> _Keepers:
    """For each filter in use, who does not show to everyone what it asks about."""
    return {
        name: tuple(User.objects.keeping(section).values_list("pk", flat=True))
        for name, section in private.FILTERS.items()
        # Of those who keep their country the index has none.
        if name in filters.in_use and section != Section.COUNTRY
    }


def _but(keepers: _Keepers) -> tuple[int, ...]:
    return tuple(sorted({pk for ids in keepers.values() for pk in ids}))


def _wanted(
    viewer: User, filters: Filters, keepers: _Keepers, now: datetime
) -> engine.Wanted:
    """Put the filters as the engine applies them; names are looked up beforehand."""
    since = now - timedelta(days=filters.active_days or 0)
    named = people_found_by(viewer).named(filters.q) if filters.q else None
    return engine.Wanted(
        country=filters.country,
        active_since=int(since.timestamp()) if filters.active_days else 0,
        genre_id=filters.genre.pk if filters.genre else None,
        min_shared=filters.min_shared or 0,
        only=None if named is None else tuple(named.values_list("pk", flat=True)),
        min_similarity=engine.least_similarity(filters.min_score or Decimal(0)),
        but=_but(keepers),
    )


_NO_LONGER: dict[str, dict[str, Any]] = {
    "q": {"only": None},
    "country": {"country": ""},
    "genre": {"genre_id": None},
    "min_shared": {"min_shared": 0},
    "min_score": {"min_similarity": 0.0},
    "active_days": {"active_since": 0},
}


def _empty(
    crowd: Crowd,
    wanted: engine.Wanted,
    page: Page[int],
    filters: Filters,
    keepers: _Keepers,
) -> Board:
    """Say why nobody is here, and which filter to loosen."""
    query = filters.as_query()
    loosen = _loosen(crowd, wanted, filters, keepers)
    apart = "apart" if crowd.total else "alone"
    state = "ready" if filters.in_use else apart
    return Board(state, page_obj=page, query_string=query, loosen=loosen, total=0)


_LOOSEN_LABELS = {
    "q": "the name",
    "country": "the country",
    "genre": "the genre",
    "min_shared": "the number of shared artists",
    "min_score": "the score",
    "active_days": "when they were active",
}


def _loosen(
    crowd: Crowd, wanted: engine.Wanted, filters: Filters, keepers: _Keepers
) -> list[Loosen]:
    """Count who would come back without each filter, the most first."""
    base = reverse("matching:leaderboard")
    found = []
    for name in filters.in_use:
        but = _but({of: ids for of, ids in keepers.items() if of != name})
        count = crowd.count(replace(wanted, **_NO_LONGER[name], but=but))
        query = filters.as_query(without=name)
        url = f"{base}?{query}" if query else base
        found.append(Loosen(_LOOSEN_LABELS[name], count, url))
    if len(filters.in_use) > 1 and not any(row.count for row in found):
        found = [Loosen("every filter", crowd.count(engine.EVERYONE), base)]
    return sorted((r for r in found if r.count), key=lambda r: (-r.count, r.label))


def _entries(
    viewer: User, crowd: Crowd, ids: list[int], compared: engine.Wanted
) -> list[Entry]:
    people = User.objects.discoverable().only(*_SHOWN).in_bulk(ids)
    summaries = crowd.summaries(ids)
    closeness = [summary.similarity for summary in summaries]
    percentiles = crowd.percentiles(closeness, compared)
    muted = muted_between(viewer.pk, ids)
    common = crowd.common(
        [summary.shared_artist_ids for summary in summaries],
        [muted[summary.person_id] for summary in summaries],
    )
    names = Artist.objects.names({a for c in common for a in c.named})
    states = states_for(viewer, ids)
    shown = {
        pk: shown_sections(person, to=viewer, connected=states.get(pk) == "accepted")
        for pk, person in people.items()
    }
    return [
        _entry(
            people[summary.person_id],
            summary,
            found.sentence(names),
            percentile,
            shown[summary.person_id],
            states.get(summary.person_id, ""),
        )
        for summary, found, percentile in zip(
            summaries, common, percentiles, strict=True
        )
        # Someone suspended by hand, past every service, is still in the view.
        if summary.person_id in people
    ]


def _entry(
    person: User,
    summary: engine.Summary,
    sentence: str,
    percentile: str,
    shown: frozenset[Section],
    state: str,
) -> Entry:
    shows_artists = Section.ARTISTS in shown
    country = person.country.code if Section.COUNTRY in shown else ""
    return Entry(
        handle=str(person.handle),
        shown_name=person.shown_name,
        has_name=bool(person.display_name),
        country=words.country(country),
        last_active_at=person.last_active_at if Section.ACTIVITY in shown else None,
        url=reverse("matching:explanation", args=[person.handle]),
        sentence=sentence if shows_artists else words.ARTISTS_KEPT,
        percentile_text=percentile,
        score=str(summary.score),
        score_text=words.short_score(summary.score),
        shared_artists=len(summary.shared_artist_ids) if shows_artists else None,
        genre_overlap=_two_decimals(
            summary.genre_overlap if Section.GENRES in shown else None
        ),
        audio_affinity=_two_decimals(
            summary.audio_affinity if Section.AUDIO in shown else None
        ),
        parts=words.bar(summary.parts),
        state=state,
    )
