"""Everyone one person may know of, compared with them."""

from collections import OrderedDict
from collections.abc import Callable, Collection, Container, Hashable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from threading import Lock
from typing import Self, TypeVar, cast

import numpy as np

from matching import engine, words
from social.models import Block

# How many artists a sentence names.
NAMED = 3
# Answers kept of each view: those of the boards people looked at lately.
_KEPT = 1000
_Answer = TypeVar("_Answer")


@dataclass(frozen=True)
class Crowd:
    """A viewer compared with everyone who exists for them.

    People blocked in either direction, ``hidden``, are not counted in anything.
    Answers are kept while nobody changes: the next page asks for the same.
    """

    view: engine.View
    viewer_id: int
    hidden: tuple[int, ...]

    @classmethod
    def around(cls, view: engine.View, viewer_id: int) -> Self:
        """Compare a viewer with everyone; raises ``engine.UnknownPerson``."""
        view.locate(viewer_id)
        return cls(view, viewer_id, tuple(sorted(Block.objects.hidden_from(viewer_id))))

    @cached_property
    def comparison(self) -> engine.Comparison:
        return engine.Comparison(self.view, self.viewer_id, self.hidden)

    def _kept(self, question: Hashable, answer: Callable[[], _Answer]) -> _Answer:
        asked = (self.viewer_id, self.hidden, question)
        return _answers.of(self.view, asked, answer)

    @property
    def total(self) -> int:
        """How many people the viewer is compared with."""
        return self._kept("total", lambda: self.comparison.total)

    def closest(self, count: int, wanted: engine.Wanted) -> engine.Closest:
        """Find the closest so many of the people wanted."""
        asked = ("closest", count, wanted)
        return self._kept(asked, lambda: self.comparison.closest(count, wanted))

    def count(self, wanted: engine.Wanted) -> int:
        """Count the people wanted; of very many people it takes a while."""
        return self._kept(("count", wanted), lambda: self.comparison.count(wanted))

    def quick_count(self, wanted: engine.Wanted) -> int | None:
        """Count the people wanted where that costs nothing, else None."""

        def counted() -> int | None:
            is_scanned = self.comparison.is_scanned
            return self.comparison.count(wanted) if is_scanned else None

        return self._kept(("quick", wanted), counted)

    def percentiles(
        self,
        similarities: Sequence[float],
        wanted: engine.Wanted = engine.EVERYONE,
    ) -> list[str]:
        """Say what share of these people is less close than each; "" for none.

        With people named in ``wanted`` everyone else is taken to be less close.
        """
        values = np.array(similarities, np.float64)
        below = self._kept(
            ("below", tuple(similarities), wanted),
            lambda: self.comparison.below(values, wanted).tolist(),
        )
        return [words.percentile(count, self.total) for count in below]

    def summaries(self, person_ids: Sequence[int]) -> list[engine.Summary]:
        """Sum up the viewer and each of these people."""
        ids = tuple(person_ids)
        return _answers.of(
            self.view,
            (self.viewer_id, "summaries", ids),
            lambda: engine.summaries(self.view, self.viewer_id, ids),
        )

    def common(
        self, lists: Sequence[Sequence[int]], muted: Sequence[Collection[int]]
    ) -> "list[Common]":
        """Say what of some lists of shared artists is rare here, strongest first.

        Those that are ``muted`` for a list are counted in it and not named.
        """
        ids = np.unique([artist for artists in lists for artist in artists])
        counts = self.view.listeners(ids.astype(np.uint32)).tolist()
        people = self.total
        rare = {
            artist
            for artist, count in zip(ids.tolist(), counts, strict=True)
            if words.is_rare(count, people)
        }
        pairs = zip(lists, muted, strict=True)
        return [Common.of(artists, rare, but) for artists, but in pairs]


@dataclass(frozen=True, slots=True)
class Common:
    """The artists two people share: how many, how many rare, and the first of each.

    All are counted; rare are only those that may be named.
    """

    rare_count: int
    rare: tuple[int, ...]
    count: int
    first: list[int]

    @classmethod
    def of(
        cls, artist_ids: Sequence[int], rare: Container[int], muted: Container[int]
    ) -> Self:
        named = [artist for artist in artist_ids if artist not in muted]
        found = [artist for artist in named if artist in rare]
        return cls(len(found), tuple(found[:NAMED]), len(artist_ids), named[:NAMED])

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


class _Answers:
    """What was asked of one view lately.

    A view is one generation and one seq: the next change of anyone makes another.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._view: engine.View | None = None
        self._kept: OrderedDict[Hashable, object] = OrderedDict()

    def of(
        self, view: engine.View, question: Hashable, answer: Callable[[], _Answer]
    ) -> _Answer:
        with self._lock:
            if self._view is not view:
                self._view = view
                self._kept.clear()
            if question in self._kept:
                self._kept.move_to_end(question)
                return cast(_Answer, self._kept[question])
        found = answer()
        with self._lock:
            if self._view is view:
                self._kept[question] = found
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        return found


_answers = _Answers()
