"""Some people beside one query: what is known of them, cheapest first."""

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from matching.engine.arrays import Counts, Doubles, Floats, Seconds, Whole
from matching.engine.constants import (
    DIMENSIONS,
    DIRECTION_UNIT,
    HEAD_DIMENSIONS,
)
from matching.engine.query import Query, Scaled
from matching.engine.ragged import find
from matching.engine.segment import Segment

NOBODY = np.float32(-np.inf)


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
        at, known = find(self.person_ids, person_ids)
        rows = np.setdiff1d(at[known], self.hidden)
        taken = Scaled(self.people.rows.take(rows), self.closeness[rows])
        nobody = np.empty(0, np.int64)
        return Group(self.query, taken, None, nobody, self.active_at[rows])

    @property
    def shared(self) -> Counts:
        """Number of artists shared with everyone here: uint16[n]."""
        if self.segment is not None:
            return self.segment.shared(self.query)
        return self.query.artists.sums(self.people.rows.columns.artists)[1]

    @cached_property
    def near(self) -> Floats:
        """The artists' part of S without c_u."""
        if self.segment is None:
            raise ValueError("People without postings are scored exactly.")
        near = self.segment.artist_part(self.query)
        near *= self.closeness
        near[self.hidden] = NOBODY
        return near

    def with_heads(self, left: float) -> tuple[Floats, Floats]:
        """`near` with the first 8 directions; and the most S without c_u can be.

        A sum over the other directions is at most the product of their lengths; left is
        what all else can add to s(u, v).
        """
        others = self.query.directions[HEAD_DIMENSIONS:DIMENSIONS]
        rest = np.float32(np.linalg.norm(others) * DIRECTION_UNIT)
        known = self.query.head_dots(self.people.rows.heads, DIRECTION_UNIT)
        known *= self.closeness
        known += self.near
        most = self.people.rows.rests * rest
        most += np.float32(left)
        most *= self.closeness
        most += known
        return known, most
