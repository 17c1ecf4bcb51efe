"""Ranked people for one viewer: filtered, cut into pages, and said in words."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

import numpy as np
from django.core.paginator import Page, Paginator
from django.urls import reverse

from accounts.models import PersonQuerySet, User
from ingest.models import Artist, Genre
from matching import engine, words
from matching.crowd import Crowd, Mask
from matching.reader import current_view

PAGE_SIZE = 20
_SHOWN = ("handle", "display_name", "country", "last_active_at")


@dataclass(frozen=True, slots=True)
class Filters:
    """What the viewer asked for; None and "" ask for nothing."""

    q: str = ""
    country: str = ""
    genre: Genre | None = None
    min_shared: int | None = None
    min_score: Decimal | None = None
    active_days: int | None = None

    def as_query(self, *, without: str = "") -> str:
        """Return the filters as they stand in the address."""
        values = {name: getattr(self, name) for name in self.__slots__}
        if self.genre is not None:
            values["genre"] = self.genre.name
        kept = {k: v for k, v in values.items() if v not in (None, "") and k != without}
        return urlencode(kept)


@dataclass(frozen=True, slots=True)
class Entry:
    """One person on the board, as it is printed; None where something is unknown."""

    handle: str
    shown_name: str
    has_name: bool
    country: str
    last_active_at: datetime | None
    url: str
    sentence: str
    percentile_text: str
    score: str
    score_text: str
    shared_artists: int
    genre_overlap: str | None
    audio_affinity: str | None
    parts: list[dict[str, object]]

    def __getitem__(self, name: str) -> object:
        """Templates ask by key first; to fail at that takes longer than to answer."""
        return getattr(self, name)


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
    """``state`` is ready, building, paused, no_taste, apart or alone.

    Apart: there are people, and none of them meets the viewer's taste.
    """

    state: str
    entries: list[Entry] = field(default_factory=list)
    page_obj: Page[Any] | None = None
    query_string: str = ""
    total: int = 0
    loosen: list[Loosen] = field(default_factory=list)


def leaderboard_for(
    viewer: User, filters: Filters, *, page: str | None, now: datetime
) -> Board:
    """Rank everyone the viewer may see and return one page of them."""
    query = filters.as_query()
    if viewer.is_paused:
        return Board("paused", query_string=query)
    try:
        crowd = Crowd.around(current_view(), viewer.pk)
    except (engine.IndexMissing, engine.IndexCorrupt):
        return Board("building", query_string=query)
    except engine.UnknownPerson:
        return Board("no_taste", query_string=query)
    masks = _masks(crowd, filters, now)
    ordered = crowd.scan.order(_all(crowd.listed, masks))
    page_obj = Paginator(ordered, PAGE_SIZE).get_page(page)
    if not len(ordered):
        loosen = _loosen(crowd.listed, masks, filters)
        apart = "apart" if crowd.known.any() else "alone"
        state = "ready" if masks else apart
        return Board(state, page_obj=page_obj, query_string=query, loosen=loosen)
    entries = _entries(crowd, [int(at) for at in page_obj.object_list])
    return Board("ready", entries, page_obj, query, len(ordered))


def _all(listed: Mask, masks: Mapping[str, Mask], *, without: str = "") -> Mask:
    chosen = listed.copy()
    for name, mask in masks.items():
        if name != without:
            chosen &= mask
    return chosen


def _masks(crowd: Crowd, filters: Filters, now: datetime) -> dict[str, Mask]:
    """Return who passes each filter in use, aligned with the crowd's people."""
    masks = {
        name: crowd.mask_of(people.values_list("pk", flat=True))
        for name, people in _people(filters, now).items()
    }
    if filters.genre is not None:
        masks["genre"] = crowd.mask_of(crowd.view.people_with_genre(filters.genre.pk))
    if filters.min_shared:
        masks["min_shared"] = crowd.scan.shared >= filters.min_shared
    if filters.min_score:
        # Compared as printed: 61.3 on the page is at least 61.3.
        tenths = np.rint(crowd.scan.score * 10)
        masks["min_score"] = tenths >= int(filters.min_score * 10)
    return masks


def _people(filters: Filters, now: datetime) -> dict[str, PersonQuerySet]:
    """Return who passes each filter on what the database knows of people."""
    people: PersonQuerySet = User.objects.discoverable()
    found = {}
    if filters.q:
        found["q"] = people.named(filters.q)
    if filters.country:
        found["country"] = people.filter(country=filters.country)
    if filters.active_days:
        since = now - timedelta(days=filters.active_days)
        found["active_days"] = people.active_since(since)
    return found


_LOOSEN_LABELS = {
    "q": "the name",
    "country": "the country",
    "genre": "the genre",
    "min_shared": "the number of shared artists",
    "min_score": "the score",
    "active_days": "when they were active",
}


def _loosen(listed: Mask, masks: Mapping[str, Mask], filters: Filters) -> list[Loosen]:
    """Count who would come back without each filter, the most first."""
    base = reverse("matching:leaderboard")
    found = []
    for name in masks:
        count = int(_all(listed, masks, without=name).sum())
        query = filters.as_query(without=name)
        url = f"{base}?{query}" if query else base
        found.append(Loosen(_LOOSEN_LABELS[name], count, url))
    if len(masks) > 1 and not any(row.count for row in found):
        found = [Loosen("every filter", int(listed.sum()), base)]
    return sorted((r for r in found if r.count), key=lambda r: (-r.count, r.label))


def _entries(crowd: Crowd, positions: list[int]) -> list[Entry]:
    ids = [int(crowd.scan.person_ids[at]) for at in positions]
    people = User.objects.discoverable().only(*_SHOWN).in_bulk(ids)
    summaries = crowd.summaries(ids)
    common = [crowd.common(summary.shared_artist_ids) for summary in summaries]
    names = Artist.objects.names({a for c in common for a in c.named})
    return [
        _entry(people[summary.person_id], summary, found.sentence(names), crowd)
        for summary, found in zip(summaries, common, strict=True)
        # Someone suspended by hand, past every service, is still in the view.
        if summary.person_id in people
    ]


def _entry(person: User, summary: engine.Summary, sentence: str, crowd: Crowd) -> Entry:
    return Entry(
        handle=str(person.handle),
        shown_name=person.shown_name,
        has_name=bool(person.display_name),
        country=words.country(person.country.code),
        last_active_at=person.last_active_at,
        url=reverse("matching:explanation", args=[person.handle]),
        sentence=sentence,
        percentile_text=crowd.percentile(summary.similarity),
        score=str(summary.score),
        score_text=words.short_score(summary.score),
        shared_artists=len(summary.shared_artist_ids),
        genre_overlap=_two_decimals(summary.genre_overlap),
        audio_affinity=_two_decimals(summary.audio_affinity),
        parts=words.bar(summary.parts),
    )
