"""Ranked people for one viewer: filtered, cut into pages, and said in words."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

import numpy as np
import numpy.typing as npt
from django.core.paginator import Page, Paginator
from django.db.models import Q
from django.urls import reverse
from django_countries.fields import Country

from accounts.models import User
from ingest.models import Artist, Genre
from matching import engine, words
from matching.reader import current_view
from social.models import Block

PAGE_SIZE = 20
Mask = npt.NDArray[np.bool_]


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
class Chip:
    name: str
    is_rare: bool


@dataclass(frozen=True, slots=True)
class Entry:
    """One person on the board."""

    person: User
    summary: engine.Summary
    sentence: str
    percentile_text: str
    chips: tuple[Chip, ...]

    @property
    def url(self) -> str:
        return reverse("matching:explanation", args=[self.person.handle])

    @property
    def score(self) -> str:
        return str(self.summary.score)

    @property
    def score_text(self) -> str:
        return f"{self.summary.score:.0f}"

    @property
    def shared_artists(self) -> int:
        return len(self.summary.shared_artist_ids)

    @property
    def genre_overlap(self) -> str | None:
        return _two_decimals(self.summary.genre_overlap)

    @property
    def audio_affinity(self) -> str | None:
        return _two_decimals(self.summary.audio_affinity)

    @property
    def parts(self) -> list[dict[str, object]]:
        return words.bar(self.summary.parts)

    @property
    def country(self) -> Country | None:
        return self.person.country or None

    @property
    def last_active_at(self) -> datetime | None:
        return self.person.last_active_at


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
    """``state`` is ready, building, no_taste or alone."""

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
    try:
        view = current_view()
    except (engine.IndexMissing, engine.IndexCorrupt):
        return Board("building", query_string=query)
    try:
        scan = engine.scan(view, viewer.pk)
    except engine.UnknownPerson:
        return Board("no_taste", query_string=query)
    visible = (scan.similarity > 0) & ~scan.mask_of(
        Block.objects.hidden_from(viewer.pk)
    )
    masks = _masks(view, scan, filters, now)
    passing = _all(visible, masks)
    ordered = scan.order(passing)
    page_obj = Paginator(ordered, PAGE_SIZE).get_page(page)
    if not len(ordered):
        return Board(
            "ready" if masks else "alone",
            page_obj=page_obj,
            query_string=query,
            loosen=_loosen(visible, masks, filters),
        )
    entries = _entries(view, scan, list(page_obj.object_list))
    return Board("ready", entries, page_obj, query, len(ordered))


def _all(visible: Mask, masks: Mapping[str, Mask], *, without: str = "") -> Mask:
    chosen = visible.copy()
    for name, mask in masks.items():
        if name != without:
            chosen &= mask
    return chosen


def _masks(
    view: engine.View, scan: engine.Scan, filters: Filters, now: datetime
) -> dict[str, Mask]:
    """Return who passes each filter in use, aligned with the scan's people."""
    masks = _people_masks(scan, filters, now)
    if filters.genre is not None:
        masks["genre"] = scan.mask_of(view.people_with_genre(filters.genre.pk))
    if filters.min_shared:
        masks["min_shared"] = scan.shared >= filters.min_shared
    if filters.min_score:
        # Compared as printed: 61.3 on the page is at least 61.3.
        tenths = np.rint(scan.score * 10)
        masks["min_score"] = tenths >= int(filters.min_score * 10)
    return masks


def _people_masks(
    scan: engine.Scan, filters: Filters, now: datetime
) -> dict[str, Mask]:
    """Filters on what the database knows of people, each in one query."""
    people = User.objects.discoverable()
    wanted: dict[str, Q] = {}
    if filters.q:
        wanted["q"] = Q(handle__icontains=filters.q) | Q(
            display_name__icontains=filters.q
        )
    if filters.country:
        wanted["country"] = Q(country=filters.country)
    if filters.active_days:
        since = now - timedelta(days=filters.active_days)
        wanted["active_days"] = Q(last_active_at__gte=since)
    return {
        name: scan.mask_of(people.filter(rule).values_list("pk", flat=True))
        for name, rule in wanted.items()
    }


_LOOSEN_LABELS = {
    "q": "the name",
    "country": "the country",
    "genre": "the genre",
    "min_shared": "the number of shared artists",
    "min_score": "the score",
    "active_days": "when they were active",
}


def _loosen(visible: Mask, masks: Mapping[str, Mask], filters: Filters) -> list[Loosen]:
    """Count who would come back without each filter, the most first."""
    base = reverse("matching:leaderboard")
    found = []
    for name in masks:
        count = int(_all(visible, masks, without=name).sum())
        query = filters.as_query(without=name)
        url = f"{base}?{query}" if query else base
        found.append(Loosen(_LOOSEN_LABELS[name], count, url))
    if len(masks) > 1 and not any(row.count for row in found):
        found = [Loosen("every filter", int(visible.sum()), base)]
    return sorted((r for r in found if r.count), key=lambda r: (-r.count, r.label))


def _entries(view: engine.View, scan: engine.Scan, positions: list[int]) -> list[Entry]:
    ids = [int(scan.person_ids[at]) for at in positions]
    people = User.objects.discoverable().in_bulk(ids)
    summaries = engine.summaries(view, scan.viewer_id, ids)
    listeners = listeners_of(view, {a for s in summaries for a in s.shared_artist_ids})
    highlights = [_highlight(s, listeners, len(scan)) for s in summaries]
    names = Artist.objects.names({a for h in highlights for a in (*h.rare, *h.first)})
    return [
        _entry(people[summary.person_id], summary, scan, highlight, names)
        for summary, highlight in zip(summaries, highlights, strict=True)
        # Someone may have left since the index was last caught up.
        if summary.person_id in people
    ]


def listeners_of(view: engine.View, artist_ids: Iterable[int]) -> dict[int, int]:
    """Return how many people have each artist: two of them are looking at it."""
    ids = np.array(sorted(artist_ids), np.uint32)
    counts = np.maximum(view.statistics.artists[ids], 2)
    return dict(zip(ids.tolist(), counts.tolist(), strict=True))


@dataclass(frozen=True, slots=True)
class _Highlight:
    """The artists a row names, of those two people share: rare ones, strongest ones."""

    rare: tuple[int, ...]
    rare_count: int
    first: tuple[int, ...]


def _highlight(
    summary: engine.Summary, listeners: Mapping[int, int], people: int
) -> _Highlight:
    shared = summary.shared_artist_ids
    rare = [a for a in shared if words.is_rare(listeners[a], people)]
    return _Highlight(tuple(rare[:3]), len(rare), tuple(shared[:3]))


def _entry(
    person: User,
    summary: engine.Summary,
    scan: engine.Scan,
    highlight: _Highlight,
    names: Mapping[int, str],
) -> Entry:
    chosen = list(dict.fromkeys([*highlight.rare, *highlight.first]))[:3]
    return Entry(
        person=person,
        summary=summary,
        sentence=words.common_ground(
            len(summary.shared_artist_ids),
            highlight.rare_count,
            [names[a] for a in highlight.rare],
            [names[a] for a in highlight.first],
        ),
        percentile_text=words.percentile(scan.percentile_of(summary.similarity)),
        chips=tuple(Chip(names[a], a in highlight.rare) for a in chosen),
    )
