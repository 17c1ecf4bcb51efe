"""Some people beside one query: what is known of them, cheapest first."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from matching.engine.arrays import Bools, Counts, Doubles, Floats, Seconds, Whole
from matching.engine.blocks import Blocks
from matching.engine.constants import DIRECTION_UNIT
from matching.engine.query import Query, Scaled
from matching.engine.ragged import find
from matching.engine.segment import Segment

NOBODY = np.float32(-np.inf)
# Above this share of a group the products of all cost less than those of some.
_MANY = 0.1


@dataclass(eq=False)
class Group:
    """Some of the people of a view; values are -inf for the hidden rows.

    "Without c_u" means before the viewer's own closeness: S / c_u, float32.
    """

    query: Query
    people: Scaled
    segment: Segment | None
    hidden: Whole
    active_at: Seconds
    _exact: Doubles | None = field(default=None, init=False)

    def __len__(self) -> int:
        return len(self.people)

    @property
    def person_ids(self) -> Whole:
        return self.people.rows.person_ids

    def find(self, person_ids: Whole) -> tuple[Whole, Bools]:
        """The row of each of these people, hidden or not, and which are there."""
        if self.segment is not None:
            return self.segment.finder.find(person_ids)
        return find(self.person_ids, person_ids)

    @property
    def blocks(self) -> Blocks:
        if self.segment is None:
            raise ValueError("People without postings are in no blocks.")
        return self.segment.blocks

    @property
    def closeness(self) -> Floats:
        return self.people.closeness

    @property
    def is_exact(self) -> bool:
        return self._exact is not None or self.segment is None

    @property
    def exact(self) -> Doubles:
        """S of everyone: float64[n]."""
        if self._exact is None:
            if self.segment is None:
                self._exact, _ = self.query.similarities(self.people)
            else:
                self._exact = self.segment.similarities(self.query)
            self._exact[self.hidden] = NOBODY
        return self._exact

    def narrowed_to(self, person_ids: Whole) -> "Group":
        """Those of these people who are not hidden, ids ascending; no postings."""
        at, known = self.find(person_ids)
        rows = np.setdiff1d(at[known], self.hidden)
        taken = self.people.take(rows)
        nobody = np.empty(0, np.int64)
        return Group(self.query, taken, None, nobody, self.active_at[rows])

    @property
    def shared(self) -> Counts:
        """Number of artists shared with everyone here: uint16[n]."""
        if self.segment is not None:
            return self.segment.shared(self.query)
        return self.query.artists.sums(self.people.rows.columns.artists)[1]

    def place_near(self, out: Floats, mask: Bools | None) -> None:
        """Write the artists' part of S without c_u of those in the mask; float32[≥ n].

        Places past the last person are nobody's.
        """
        if self.segment is None:
            raise ValueError("People without postings are scored exactly.")
        near = out[: len(self)]
        self.segment.place_near(self.query, near)
        out[len(self) :] = NOBODY
        near[self.hidden] = NOBODY
        if mask is not None:
            near[~mask] = NOBODY

    def heads(self, rows: Whole | None = None) -> Floats:
        """What the first 8 directions add to s(u, v), of some rows or all: float32."""
        heads = self.people.rows.heads
        if rows is not None and len(rows) <= _MANY * len(self):
            return self.query.head_dots(heads.take(rows, axis=1), DIRECTION_UNIT)
        every = self.query.head_dots(heads, DIRECTION_UNIT)
        return every if rows is None else every.take(rows)


def joined(parts: Sequence[Floats | Counts]) -> Floats:
    """Small numbers of several groups, one after the other: float32[n]."""
    return np.concatenate([np.empty(0, np.float32), *parts])
