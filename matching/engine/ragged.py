"""Rows of unequal length: the lists of many people as two flat arrays."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import Self

import numpy as np

from matching.engine.arrays import Bools, Bytes8, Doubles, Ids, Pointers, Whole

_LARGEST_INT32 = np.iinfo(np.int32).max
_MANY = 1 << 18


@dataclass(frozen=True, slots=True)
class Ragged:
    """n rows of (id, weight): row i is the entries pointers[i]:pointers[i + 1]."""

    pointers: Pointers
    ids: Ids
    weights: Bytes8

    def __len__(self) -> int:
        return len(self.pointers) - 1

    def span(self, row: int) -> slice:
        return slice(int(self.pointers[row]), int(self.pointers[row + 1]))

    def lengths(self) -> Whole:
        return np.diff(self.pointers).astype(np.int64)

    def rows(self) -> Whole:
        """The row of each entry."""
        return np.repeat(np.arange(len(self)), self.lengths())

    def take(self, rows: Whole) -> Self:
        return self.gather([(self, rows)])

    @classmethod
    def gather(cls, parts: Sequence[tuple[Self, Whole]]) -> Self:
        """Put rows of several together, one after the other."""
        if not parts:
            return cls.join(())
        # `take` is a multiple faster than an index of the same meaning.
        starts = np.concatenate([p.pointers.take(rows) for p, rows in parts])
        lengths = np.concatenate([p.pointers.take(rows + 1) for p, rows in parts])
        lengths -= starts
        pointers = pointers_of(lengths)
        at = runs(starts, lengths)
        lasts = [0, *accumulate(len(rows) for _, rows in parts)]
        ids = np.empty(len(at), np.uint32)
        weights = np.empty(len(at), np.uint8)
        for (part, _), (first, last) in zip(parts, pairwise(lasts), strict=True):
            span = slice(int(pointers[first]), int(pointers[last]))
            part.ids.take(at[span], out=ids[span], mode="clip")
            part.weights.take(at[span], out=weights[span], mode="clip")
        return cls(pointers, ids, weights)

    def part(self, start: int, stop: int) -> Self:
        """Rows start to stop, without copying ids or weights."""
        first, last = int(self.pointers[start]), int(self.pointers[stop])
        pointers = self.pointers[start : stop + 1] - self.pointers[start]
        return type(self)(pointers, self.ids[first:last], self.weights[first:last])

    @classmethod
    def join(cls, parts: Sequence[Self]) -> Self:
        lengths = [np.empty(0, np.int64), *(part.lengths() for part in parts)]
        return cls(
            pointers_of(np.concatenate(lengths)),
            np.concatenate([np.empty(0, np.uint32), *(part.ids for part in parts)]),
            np.concatenate([np.empty(0, np.uint8), *(part.weights for part in parts)]),
        )

    def sums(self, values: Doubles) -> Doubles:
        """Add up the value of each entry by row: float64[n]."""
        filled = np.flatnonzero(self.pointers[1:] > self.pointers[:-1])
        result = np.zeros(len(self))
        if len(filled):
            result[filled] = np.add.reduceat(values, self.pointers[filled])
        return result

    def blocks(self, most: int) -> Iterator[tuple[int, int]]:
        """Ranges of rows with up to `most` entries each, at least one row."""
        start = 0
        while start < len(self):
            end = self.pointers[start] + most
            reach = int(np.searchsorted(self.pointers, end, side="right")) - 1
            stop = min(len(self), max(start + 1, reach))
            yield start, stop
            start = stop


def pointers_of(lengths: Pointers) -> Pointers:
    """Row pointers of rows with these lengths: int32 wherever they fit."""
    pointers = np.zeros(len(lengths) + 1, np.int64)
    np.cumsum(lengths, out=pointers[1:])
    if pointers[-1] <= _LARGEST_INT32:
        return pointers.astype(np.int32)
    return pointers


def runs(starts: Pointers, lengths: Pointers) -> Whole:
    """Concatenate the ranges start..start + length."""
    ends = np.cumsum(lengths, dtype=np.int64)
    at = np.repeat(starts - (ends - lengths), lengths)
    at += np.arange(len(at))
    return at


def find(table: Ids | Whole, wanted: Ids | Whole) -> tuple[Whole, Bools]:
    """Positions of the wanted numbers in an ascending table, and which are there."""
    if not len(table):
        return np.zeros(len(wanted), np.int64), np.zeros(len(wanted), np.bool_)
    top = int(table[-1])
    if len(wanted) >= _MANY and top <= 4 * len(wanted) + 1_000_000:
        return _look_up(table, wanted, top)
    at = np.minimum(np.searchsorted(table, wanted), len(table) - 1)
    return at, np.equal(table[at], wanted)


def _look_up(table: Ids | Whole, wanted: Ids | Whole, top: int) -> tuple[Whole, Bools]:
    """The same by a list of all numbers up to the top one: no search for each."""
    places = np.full(top + 2, -1, np.int32)
    places[table] = np.arange(len(table), dtype=np.int32)
    found = places[np.minimum(wanted, top + 1)]
    known = found >= 0
    return np.where(known, found, 0).astype(np.int64), known
