"""Everyone one person may know of, compared with them."""

from collections import OrderedDict
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Self

import numpy as np

from matching import engine, words
from social.models import Block

# How many artists a sentence names.
NAMED = 3
_PAGES_KEPT = 200
_Page = tuple[int, tuple[int, ...]]


@dataclass(frozen=True, slots=True)
class Crowd:
    """A viewer compared with everyone who exists for them.

    People blocked in either direction are not counted in anything.
    """

    view: engine.View
    viewer_id: int
    comparison: engine.Comparison

    @classmethod
    def around(cls, view: engine.View, viewer_id: int) -> Self:
        """Compare a viewer with everyone; raises ``engine.UnknownPerson``."""
        hidden = Block.objects.hidden_from(viewer_id)
        comparison = engine.Comparison(view, viewer_id, hidden)
        return cls(view, viewer_id, comparison)

    def percentiles(self, similarities: Sequence[float]) -> list[str]:
        """Say what share of these people is less close than each; "" for none."""
        below = self.comparison.below(np.array(similarities, np.float64))
        total = self.comparison.total
        return [words.percentile(count, total) for count in below.tolist()]

    def summaries(self, person_ids: Sequence[int]) -> list[engine.Summary]:
        """Sum up the viewer and each of these people; kept while nobody changes."""
        return _rows.of(self.view, self.viewer_id, tuple(person_ids))

    def common(self, lists: Sequence[Sequence[int]]) -> "list[Common]":
        """Say what of some lists of shared artists is rare here, strongest first."""
        ids = np.unique([artist for artists in lists for artist in artists])
        counts = self.view.listeners(ids.astype(np.uint32)).tolist()
        people = self.comparison.total
        rare = {
            artist
            for artist, count in zip(ids.tolist(), counts, strict=True)
            if words.is_rare(count, people)
        }
        return [Common.of(artists, rare) for artists in lists]


@dataclass(frozen=True, slots=True)
class Common:
    """The artists two people share: how many, how many rare, and the first of each."""

    rare_count: int
    rare: tuple[int, ...]
    count: int
    first: list[int]

    @classmethod
    def of(cls, artist_ids: Sequence[int], rare: Container[int]) -> Self:
        found = [artist for artist in artist_ids if artist in rare]
        first = list(artist_ids[:NAMED])
        return cls(len(found), tuple(found[:NAMED]), len(artist_ids), first)

    @property
    def named(self) -> tuple[int, ...]:
        """The artists a sentence names."""
        return self.rare or tuple(self.first)

    def sentence(self, names: Mapping[int, str]) -> str:
        return words.common_ground(
            self.count,
            self.rare_count,
            [names[a] for a in self.rare],
            [] if self.rare else [names[a] for a in self.first],
        )


class _Rows:
    """Rows of the boards people looked at lately, all of one view.

    A view is one generation and one seq: the next change of anyone makes another.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._view: engine.View | None = None
        self._kept: OrderedDict[_Page, list[engine.Summary]] = OrderedDict()

    def of(
        self, view: engine.View, viewer_id: int, ids: tuple[int, ...]
    ) -> list[engine.Summary]:
        page = (viewer_id, ids)
        with self._lock:
            if self._view is not view:
                self._view = view
                self._kept.clear()
            found = self._kept.get(page)
        if found is None:
            found = engine.summaries(view, viewer_id, ids)
            self._keep(view, page, found)
        return found

    def _keep(self, view: engine.View, page: _Page, rows: list[engine.Summary]) -> None:
        with self._lock:
            if self._view is view:
                self._kept[page] = rows
            while len(self._kept) > _PAGES_KEPT:
                self._kept.popitem(last=False)


_rows = _Rows()
