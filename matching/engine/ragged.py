"""Rows of unequal length, their inverse, and exact sums over what they share.

Ids ascend in every row. Sums over shared ids are therefore always added in ascending
order of the id, from whichever side one looks: s(u, v) and s(v, u) agree to the last
bit, in a scan of everyone as in the receipt of one pair.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

import numpy as np

from matching.engine.arrays import Bools, Bytes8, Counts, Doubles, Floats, Ids, Whole
from matching.engine.constants import MEMORY_BUDGET


@dataclass(frozen=True, slots=True)
class Ragged:
    """n rows of (id, weight): row i is the entries pointers[i]:pointers[i + 1]."""

    pointers: Whole
    ids: Ids
    weights: Bytes8

    def __len__(self) -> int:
        return len(self.pointers) - 1

    def span(self, row: int) -> slice:
        return slice(int(self.pointers[row]), int(self.pointers[row + 1]))

    def lengths(self) -> Whole:
        return np.diff(self.pointers)

    def rows(self) -> Whole:
        """The row of each entry."""
        return np.repeat(np.arange(len(self)), self.lengths())

    def entries(self, rows: Whole) -> Whole:
        """Positions of all entries of these rows, row after row."""
        return runs(self.pointers[rows], self.lengths()[rows])

    def take(self, rows: Whole) -> Self:
        at = self.entries(rows)
        pointers = pointers_of(self.lengths()[rows])
        return type(self)(pointers, self.ids[at], self.weights[at])

    def join(self, other: Self) -> Self:
        return type(self)(
            np.concatenate([self.pointers, other.pointers[1:] + self.pointers[-1]]),
            np.concatenate([self.ids, other.ids]),
            np.concatenate([self.weights, other.weights]),
        )


@dataclass(frozen=True, slots=True)
class Postings:
    """Who has what: row numbers and weights for each id, both ascending."""

    ids: Ids
    pointers: Whole
    members: Ids
    weights: Bytes8

    @classmethod
    def of(cls, ragged: Ragged) -> Self:
        order = np.argsort(ragged.ids, kind="stable")
        ids, counts = np.unique(ragged.ids, return_counts=True)
        members = ragged.rows().astype(np.uint32)[order]
        return cls(ids, pointers_of(counts), members, ragged.weights[order])

    def locate(self, ids: Ids) -> tuple[Whole, Whole]:
        """Where the list of each id starts and how long it is (0 when unknown)."""
        at, known = find(self.ids, ids)
        starts = self.pointers[:-1][at] if len(self.ids) else at
        ends = self.pointers[1:][at] if len(self.ids) else at
        return starts, np.where(known, ends - starts, 0)

    def members_of(self, key: int) -> Ids:
        start, length = self.locate(np.array([key], np.uint32))
        return self.members[int(start[0]) : int(start[0] + length[0])]


def pointers_of(lengths: Whole) -> Whole:
    """Row pointers of rows with these lengths."""
    return np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)


def runs(starts: Whole, lengths: Whole) -> Whole:
    """Concatenate the ranges start..start + length."""
    ends = np.cumsum(lengths)
    at = np.repeat(starts - (ends - lengths), lengths)
    at += np.arange(len(at))
    return at


def find(table: Ids | Whole, wanted: Ids | Whole) -> tuple[Whole, Bools]:
    """Positions of the wanted numbers in an ascending table, and which are there."""
    if not len(table):
        return np.zeros(len(wanted), np.int64), np.zeros(len(wanted), np.bool_)
    at = np.minimum(np.searchsorted(table, wanted), len(table) - 1)
    return at, np.equal(table[at], wanted)


def shared_sums(
    queries: Ragged, worth: Doubles, postings: Postings, people: int
) -> tuple[Doubles, Counts]:
    """Sum weight · weight · worth over the ids each query shares with each person.

    worth is float64, one per entry of the queries. Returns float64[q, people] and the
    number of shared ids, uint16[q, people].
    """
    starts, lengths = postings.locate(queries.ids)
    at = runs(starts, lengths)
    cells = np.repeat(queries.rows() * people, lengths)
    cells += postings.members[at]
    # Two whole numbers first: their product is exact, so it does not matter whose
    # weight came first.
    products = np.repeat(queries.weights.astype(np.float64), lengths)
    products *= postings.weights[at]
    products *= np.repeat(worth, lengths)
    shape = len(queries), people
    size = len(queries) * people
    sums = np.bincount(cells, products, size).astype(np.float64, copy=False)
    counts = np.bincount(cells, minlength=size).astype(np.uint16)
    return sums.reshape(shape), counts.reshape(shape)


def running_sum(products: Doubles) -> float:
    """Add one after the other, as `shared_sums` does (np.sum adds in pairs)."""
    return float(np.add.accumulate(products)[-1]) if len(products) else 0.0


def blocks(pointers: Whole, width: int) -> Iterator[slice]:
    """Slices of rows whose entries times width float32 stay within the budget."""
    most = max(1, MEMORY_BUDGET // (4 * max(width, 1)))
    start, rows = 0, len(pointers) - 1
    while start < rows:
        reach = np.searchsorted(pointers, pointers[start] + most, side="right") - 1
        stop = min(rows, max(start + 1, int(reach)))
        yield slice(start, stop)
        start = stop


def weighted_sums(
    pointers: Whole, columns: Whole, values: Floats, matrix: Floats
) -> Floats:
    """Multiply a sparse matrix, given by rows, with a dense one, block after block.

    Row i of the result is the sum over its entries of value · matrix[column].
    """
    result = np.zeros((len(pointers) - 1, matrix.shape[1]), np.float32)
    for rows in blocks(pointers, matrix.shape[1]):
        first, last = int(pointers[rows.start]), int(pointers[rows.stop])
        if first == last:
            continue
        products = matrix[columns[first:last]]
        products *= values[first:last, None]
        filled = np.flatnonzero(np.diff(pointers[rows.start : rows.stop + 1]))
        starts = pointers[rows.start : rows.stop][filled] - first
        result[rows.start + filled] = np.add.reduceat(products, starts, axis=0)
    return result
