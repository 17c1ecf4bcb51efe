"""One person put as a question, and the exact answer for any rows.

Every sum here is exact: whole weights times worths in whole steps in float64, whole
steps of directions in float32. The few operations left are done once for each pair,
in one order, on numbers that do not hang on who asks.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np

from matching.engine.arrays import (
    Bools,
    Counts,
    Doubles,
    Floats,
    Ids,
    Steps,
    Whole,
)
from matching.engine.constants import (
    DIMENSIONS,
    DIRECTION_UNIT,
    GENRE_SHARE,
    HEAD_DIMENSIONS,
    RELATED_MULTIPLE,
)
from matching.engine.ragged import Ragged, find
from matching.engine.rows import Rows
from matching.engine.statistics import Statistics

# Rows widened at once, of 8 numbers and of 46: they stay in the cache, and small.
_BLOCK, _TAILS_BLOCK = 16_384, 6_144
_SIEVE_BITS = 12
_SIEVE_SHIFT = np.uint32(32 - _SIEVE_BITS)
_SPREAD = np.uint32(2654435761)
_LARGEST_TABLE = 100_000


@dataclass(frozen=True, slots=True)
class Scaled:
    """Measured people and how far they reach.

    closeness is float32[n]: 1/√r, see `reach`.
    """

    rows: Rows
    closeness: Floats

    def __len__(self) -> int:
        return len(self.rows)

    def part(self, start: int, stop: int) -> Self:
        return type(self)(self.rows.part(start, stop), self.closeness[start:stop])

    def take(self, rows: Whole) -> Self:
        return type(self)(self.rows.take(rows), self.closeness[rows])


@dataclass(frozen=True)
class Terms:
    """One kind of a person's terms: ids ascending, and weight · worth of each."""

    ids: Ids
    values: Doubles

    @classmethod
    def of(cls, ids: Ids, values: Doubles) -> Self:
        order = np.argsort(ids)
        return cls(ids[order], values[order])

    @cached_property
    def _sieve(self) -> Bools:
        """Which cells any of the ids is in."""
        sieve = np.zeros(1 << _SIEVE_BITS, np.bool_)
        sieve[_cells(self.ids)] = True
        return sieve

    @cached_property
    def _table(self) -> Doubles:
        """The values by id, then a zero for whatever comes after."""
        table = np.zeros(int(self.ids[-1]) + 2)
        table[self.ids] = self.values
        return table

    def sums(self, lists: Ragged) -> tuple[Doubles, Counts]:
        """Sum value · weight over what each row shares; and how many that is.

        Returns float64[n], exact, and uint16[n].
        """
        at, hits = self._hits(lists)
        rows = np.searchsorted(lists.pointers, hits, side="right") - 1
        products = self.values.take(at) * lists.weights.take(hits)
        sums = np.bincount(rows, products, len(lists)).astype(np.float64, copy=False)
        return sums, np.bincount(rows, minlength=len(lists)).astype(np.uint16)

    def totals(self, lists: Ragged) -> Doubles:
        """The sums of `sums` alone, fastest where ids are small: float64[n]."""
        if not len(self.ids) or self.ids[-1] > _LARGEST_TABLE:
            return self.sums(lists)[0]
        return lists.sums(self._table.take(lists.ids, mode="clip") * lists.weights)

    def counts(self, lists: Ragged) -> Whole:
        """Count the rows that have each id: int64, as long as the ids."""
        at, _ = self._hits(lists)
        return np.bincount(at, minlength=len(self.ids))

    def _hits(self, lists: Ragged) -> tuple[Whole, Whole]:
        """Which of the ids is found, and at which entry."""
        # Nearly no entry of others is shared: a sieve is cheaper than a search.
        maybe = np.flatnonzero(self._sieve.take(_cells(lists.ids)))
        at, known = find(self.ids, lists.ids[maybe])
        return at[known], maybe[known]


def _cells(ids: Ids) -> Ids:
    cells: Ids = (ids * _SPREAD) >> _SIEVE_SHIFT
    return cells


def widened_product(steps: Steps, vector: Floats) -> Floats:
    """Multiply rows of small whole numbers with a vector: float32[n]."""
    products = np.empty(len(steps), np.float32)
    wide = np.empty((min(_TAILS_BLOCK, len(steps)), steps.shape[1]), np.float32)
    for start in range(0, len(steps), _TAILS_BLOCK):
        stop = min(start + _TAILS_BLOCK, len(steps))
        block = wide[: stop - start]
        np.copyto(block, steps[start:stop])
        np.matmul(block, vector, out=products[start:stop])
    return products


@dataclass(frozen=True, slots=True)
class Query:
    """One person compared with others.

    artists, genres  terms of x_u and g_u without their scales
    directions       float32[54], the directions in steps, those of the vectors times 5
    """

    person_id: int
    artists: Terms
    genres: Terms
    directions: Floats
    artist_scale: float
    genre_scale: float
    closeness: float

    @classmethod
    def of(cls, people: Scaled, row: int, statistics: Statistics) -> Self:
        rows, columns = people.rows, people.rows.columns
        artists, genres = columns.artists.span(row), columns.genres.span(row)
        artist_ids, genre_ids = columns.artists.ids[artists], columns.genres.ids[genres]
        directions = rows.direction(row).astype(np.float32)
        directions[:DIMENSIONS] *= RELATED_MULTIPLE
        return cls(
            int(rows.person_ids[row]),
            Terms.of(
                artist_ids,
                columns.artists.weights[artists] * statistics.artist_worth(artist_ids),
            ),
            Terms.of(
                genre_ids,
                columns.genres.weights[genres] * statistics.genre_worth(genre_ids),
            ),
            directions,
            float(rows.artist_scale[row]),
            float(rows.genre_scale[row]),
            float(people.closeness[row]),
        )

    def dots(self, heads: Steps, tails: Steps) -> Floats:
        """Products of directions in units of the score's smallest step, float32[n].

        Exact: |5 · z_u · z_v + a_u · a_v| stays under 6 · 132² < 2^24.
        """
        return self.head_dots(heads) + self.tail_dots(tails)

    def head_dots(self, heads: Steps, unit: float = 1.0) -> Floats:
        """The part of `dots` of the first 8 directions: float32[n], exact in steps."""
        first = self.directions[:HEAD_DIMENSIONS] * np.float32(unit)
        products = np.empty(heads.shape[1], np.float32)
        wide = np.empty((HEAD_DIMENSIONS, min(_BLOCK, len(products))), np.float32)
        for start in range(0, len(products), _BLOCK):
            stop = min(start + _BLOCK, len(products))
            block = wide[:, : stop - start]
            np.copyto(block, heads[:, start:stop])
            np.matmul(first, block, out=products[start:stop])
        return products

    def tail_dots(self, tails: Steps) -> Floats:
        """The part of `dots` of the other directions and audio: float32[n]."""
        return widened_product(tails, self.directions[HEAD_DIMENSIONS:])

    def combined(
        self,
        artists: Doubles | float,
        dots: Floats | float,
        genres: Doubles | float,
        scales: tuple[Doubles | float, Doubles | float],
    ) -> Doubles:
        """Add the parts of s(u, v), before local scaling.

        scales are the others' artist and genre scales, float64. One function for a
        scan, a rescoring and a pair: the same operations in the same order.
        """
        artist_scale, genre_scale = scales
        total = artists * (self.artist_scale * artist_scale)
        total = total + DIRECTION_UNIT * np.asarray(dots, np.float64)
        total = total + GENRE_SHARE * (genres * (self.genre_scale * genre_scale))
        return np.asarray(total, np.float64)

    def unscaled(self, rows: Rows) -> tuple[Doubles, Counts]:
        """Compute s(u, v) for a few rows, and the number of shared artists."""
        artists, shared = self.artists.sums(rows.columns.artists)
        genres, _ = self.genres.sums(rows.columns.genres)
        scales = (
            rows.artist_scale.astype(np.float64),
            rows.genre_scale.astype(np.float64),
        )
        return self.combined(
            artists, self.dots(rows.heads, rows.tails), genres, scales
        ), shared

    def scaled(self, similarity: Doubles, closeness: Floats) -> Doubles:
        """Turn s(u, v) into S(u, v)."""
        return similarity * (self.closeness * closeness.astype(np.float64))

    def similarities(self, people: Scaled) -> tuple[Doubles, Counts]:
        """Compute S(u, v) for a few people, and the number of shared artists."""
        similarity, shared = self.unscaled(people.rows)
        return self.scaled(similarity, people.closeness), shared
