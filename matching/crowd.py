"""Everyone one person may know of, compared with them."""

from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Self

import numpy as np
import numpy.typing as npt

from matching import engine, words
from social.models import Block

Mask = npt.NDArray[np.bool_]
# How many artists a sentence names.
NAMED = 3
_PAGES_KEPT = 200
_Page = tuple[int, tuple[int, ...]]


@dataclass(frozen=True, slots=True)
class Crowd:
    """A scan, and which of its people exist for the viewer: bool[n].

    People blocked in either direction are not counted in anything.
    """

    view: engine.View
    scan: engine.Scan
    known: Mask
    _sorted: npt.NDArray[np.float64]

    @classmethod
    def around(cls, view: engine.View, viewer_id: int) -> Self:
        """Compare a viewer with everyone; raises ``engine.UnknownPerson``."""
        scan = engine.scan(view, viewer_id)
        hidden = Block.objects.hidden_from(viewer_id)
        known = ~scan.mask_of(hidden)
        return cls(view, scan, known, np.sort(scan.similarity[known]))

    @property
    def listed(self) -> Mask:
        """Whom the board has without any filter."""
        return self.known & (self.scan.similarity > 0)

    def mask_of(self, person_ids: Iterable[int]) -> Mask:
        return self.scan.mask_of(person_ids)

    def percentile(self, similarity: float) -> str:
        """Say what share of these people is less close to the viewer; "" for none."""
        below = int(np.searchsorted(self._sorted, similarity))
        return words.percentile(below, len(self._sorted))

    def summaries(self, person_ids: Sequence[int]) -> list[engine.Summary]:
        """Sum up the viewer and each of these people; kept while nobody changes."""
        return _rows.of(self.view, self.scan.viewer_id, tuple(person_ids))

    def common(self, artist_ids: Sequence[int]) -> "Common":
        """Say what of some shared artists is rare here; strongest first, as given."""
        ids = np.array(artist_ids, np.uint32)
        counts = self.view.listeners(ids).tolist()
        people = len(self.scan)
        rare = [
            artist
            for artist, count in zip(artist_ids, counts, strict=True)
            if words.is_rare(count, people)
        ]
        return Common(len(rare), tuple(rare[:NAMED]), len(ids), ids[:NAMED].tolist())


@dataclass(frozen=True, slots=True)
class Common:
    """The artists two people share: how many, how many rare, and the first of each."""

    rare_count: int
    rare: tuple[int, ...]
    count: int
    first: list[int]

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
