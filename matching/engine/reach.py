"""Local scaling: how close a person's closest people usually are.

Dividing by it stops one person from matching with everybody, and makes S = 1 mean "as
close as one's closest 5 % usually are".
"""

from collections.abc import Iterator
from functools import cached_property

import numpy as np

from matching.engine.arrays import Doubles, Floats, Whole
from matching.engine.constants import (
    CLOSEST_SHARE,
    DIMENSIONS,
    FEWEST_CLOSEST,
    LOWEST_REACH,
    MOST_IN_SEGMENT,
    REACH_PRIOR_PEOPLE,
    RELATED_UNIT,
    SMALL_COMMUNITY,
    TYPICAL_REACH,
)
from matching.engine.postings import Postings
from matching.engine.query import Query, Scaled
from matching.engine.ragged import find
from matching.engine.rows import Rows, measure
from matching.engine.sparse import scattered
from matching.engine.statistics import Statistics

# Fewer are compared one by one; for more the whole sample is asked.
_FEW = 64
# Rows turned over at once: they stay in the cache.
_BLOCK = 4096
_TILE = 128
_APART = 48


class Reach:
    """Measures reach against the sample of some statistics."""

    def __init__(self, statistics: Statistics) -> None:
        self.statistics = statistics
        self.sample = measure(statistics.sample, statistics)

    def raw(self, people: Rows) -> Doubles:
        """Mean of the closest 5 % (at least 3) of the sample, oneself left out.

        Returns float64[n]; NaN where nobody else is in the sample.
        """
        tables = self._few(people) if len(people) <= _FEW else self._many(people)
        found = [_means(ids, values, self.sample) for ids, values in tables]
        return np.concatenate([np.empty(0), *found])

    def closeness(self, people: Rows) -> Floats:
        """Compute 1/√r of each person: float32[n].

        r is at least a quarter of the median and shrunk towards it with weight
        50 / (50 + N).
        """
        median = self.statistics.median_reach
        raw = np.nan_to_num(self.raw(people), nan=median)
        floored = np.maximum(raw, LOWEST_REACH * median)
        weight = REACH_PRIOR_PEOPLE / (REACH_PRIOR_PEOPLE + self.statistics.people)
        reach = (1.0 - weight) * floored + weight * median
        return (1.0 / np.sqrt(reach)).astype(np.float32)

    def _few(self, people: Rows) -> Iterator[tuple[Whole, Floats]]:
        alike = Scaled(people, np.ones(len(people), np.float32))
        for row in range(len(people)):
            query = Query.of(alike, row, self.statistics)
            artists, _ = query.artists.sums(self.sample.columns.artists)
            vector = people.direction(row)[:DIMENSIONS].astype(np.float32)
            dots = self._vectors @ vector
            values = self._added(artists, dots, query.artist_scale, self.sample)
            yield people.person_ids[row : row + 1], values[None, :]

    def _many(self, people: Rows) -> Iterator[tuple[Whole, Floats]]:
        """The same numbers, asked the other way round: the sample asks everyone."""
        for start in range(0, len(people), MOST_IN_SEGMENT):
            part = people.part(start, min(start + MOST_IN_SEGMENT, len(people)))
            table = self._of_everyone(part)
            for first in range(0, len(part), _BLOCK):
                ids = part.person_ids[first : first + _BLOCK]
                yield ids, _turned(table[:, first : first + _BLOCK])

    def _of_everyone(self, people: Rows) -> Floats:
        postings = Postings.of(people.columns.artists)
        vectors = people.directions[:, :DIMENSIONS].astype(np.float32)
        # Rows a power of two apart would all take the same lines of the cache.
        wide = np.empty((len(self.sample), len(people) + _APART), np.float32)
        table = np.matmul(self._vectors, vectors.T, out=wide[:, : len(people)])
        for row, (query, dots) in enumerate(zip(self._queries, table, strict=True)):
            starts, lengths = postings.locate(query.artists.ids)
            values = query.artists.values
            artists = scattered(postings, starts, lengths, values, len(people))
            table[row] = self._added(artists, dots, query.artist_scale, people)
        return table

    @cached_property
    def _queries(self) -> list[Query]:
        alike = Scaled(self.sample, np.ones(len(self.sample), np.float32))
        return [Query.of(alike, n, self.statistics) for n in range(len(self.sample))]

    @cached_property
    def _vectors(self) -> Floats:
        return self.sample.directions[:, :DIMENSIONS].astype(np.float32)

    @staticmethod
    def _added(
        artists: Floats | Doubles, dots: Floats, scale: float, others: Rows
    ) -> Floats:
        """Add artists and vectors, both exact so far: the same bits from both sides."""
        both = artists.astype(np.float32)
        both *= np.float32(scale) * others.artist_scale
        both += np.float32(RELATED_UNIT) * dots
        return both


def _turned(table: Floats) -> Floats:
    """Transpose in tiles: one row of a wide table after the other misses the cache."""
    turned = np.empty(table.shape[::-1], np.float32)
    for row in range(0, len(table), _TILE):
        for column in range(0, len(turned), _TILE):
            tile = table[row : row + _TILE, column : column + _TILE]
            turned[column : column + _TILE, row : row + _TILE] = tile.T
    return turned


def _means(ids: Whole, values: Floats, sample: Rows) -> Doubles:
    at, sampled = find(sample.person_ids, ids)
    values[np.flatnonzero(sampled), at[sampled]] = -np.inf
    others = len(sample) - sampled
    closest = np.rint(CLOSEST_SHARE * others).astype(np.int64)
    closest = np.minimum(np.maximum(closest, FEWEST_CLOSEST), others)
    most = int(closest.max(initial=0))
    if not most:
        return np.full(len(ids), np.nan)
    head = np.partition(values, values.shape[1] - most, axis=1)[:, -most:]
    # A running sum: the same numbers in the same order, however many are added at once.
    sums = np.add.accumulate(np.sort(head, axis=1)[:, ::-1], axis=1, dtype=np.float64)
    means = sums[np.arange(len(ids)), closest - 1] / np.maximum(closest, 1)
    return np.where(closest > 0, means, np.nan)


def median_reach(reach: Reach) -> float:
    """The community's median reach, taken over the sample.

    Below 30 people it is the constant fitted on a real community instead.
    """
    if reach.statistics.people < SMALL_COMMUNITY:
        return TYPICAL_REACH
    median = float(np.median(reach.raw(reach.sample)))
    return median if median > 0 else TYPICAL_REACH
