"""The order people lie in: like beside like, so that one bound holds for a block.

People are halved along the direction in which they differ most, and each half again,
until few are left; those lie in a row by the last direction. Cuts fall on whole
segments first and on whole blocks then. Nothing of a score hangs on the order.
"""

import numpy as np

from matching.engine.arrays import Floats, Whole
from matching.engine.constants import (
    BLOCK,
    DIMENSIONS,
    MOST_IN_SEGMENT,
    RELATED_SHARE,
    STEPS,
)
from matching.engine.query import Scaled

# What the vectors are worth beside closeness, which scales all that a bound leaves.
_OF_VECTORS = RELATED_SHARE**0.5 / STEPS
_OF_CLOSENESS = 0.5
# So many people differ as all of them do.
_SAMPLE = 2048
# Halved so many times by the directions found at once.
_AT_ONCE = 3
_FEW = 1024
# Rows widened at once.
_WIDENED = 16_384


def features(people: Scaled) -> Floats:
    """What likeness is measured by: float32[n, 49], vectors and closeness."""
    rows = people.rows
    found = np.empty((len(people), DIMENSIONS + 1), np.float32)
    heads = len(rows.heads)
    for start in range(0, len(people), _WIDENED):
        some = slice(start, start + _WIDENED)
        found[some, :heads] = rows.heads[:, some].T
        found[some, heads:-1] = rows.tails[some, : DIMENSIONS - heads]
    found[:, :-1] *= np.float32(_OF_VECTORS)
    np.multiply(people.closeness, np.float32(_OF_CLOSENESS), out=found[:, -1])
    return found


def segmented(table: Floats) -> list[Whole]:
    """Divide people into segments of people alike: rows of each, ascending."""
    parts = _divided(table, np.arange(len(table)), MOST_IN_SEGMENT, MOST_IN_SEGMENT)
    return [np.sort(part) for part in parts if len(part)]


def ordered(table: Floats) -> Whole:
    """Put the people of a segment in blocks of people alike: int64[n].

    Of m blocks the first has the rows 0, m, 2m and so on: the largest number of each
    block is then found by comparing whole stretches of m.
    """
    parts = _divided(table, np.arange(len(table)), BLOCK, _FEW)
    rows = [part[_along(table[part])] for part in parts]
    alike = np.concatenate([np.empty(0, np.int64), *rows])
    block, place = blocks_of(np.arange(len(alike)), len(alike))
    sizes = np.bincount(block)
    starts = np.cumsum(sizes) - sizes
    return np.asarray(alike[starts[block] + place], np.int64)


def blocks_of(rows: Whole, people: int) -> tuple[Whole, Whole]:
    """The block of each row of a segment of so many people, and its place in there."""
    place, block = np.divmod(rows, max(1, count_of(people)))
    return block, place


def count_of(people: int) -> int:
    """How many blocks so many people are."""
    return -(-people // BLOCK)


def _along(table: Floats) -> Whole:
    """Order people by the direction in which they differ most."""
    if len(table) < 2:
        return np.arange(len(table))
    places = table @ _directions(table)[:, 0]
    return np.asarray(np.argsort(places, kind="stable"), np.int64)


def _divided(table: Floats, rows: Whole, unit: int, few: int) -> list[Whole]:
    """Halve until at most `few` are left in a part, all but one a multiple of unit."""
    if len(rows) <= few:
        return [rows]
    some = table[rows]
    places = some @ _directions(some)[:, :_AT_ONCE]
    del some
    parts = _halved(places, np.arange(len(rows)), 0, unit, few)
    return [last for at in parts for last in _divided(table, rows[at], unit, few)]


def _halved(places: Floats, at: Whole, depth: int, unit: int, few: int) -> list[Whole]:
    if len(at) <= few or depth == places.shape[1]:
        return [at]
    middle = max(unit, round(len(at) / 2 / unit) * unit)
    order = np.argpartition(places[at, depth], middle - 1)
    halves = at[order[:middle]], at[order[middle:]]
    return [p for half in halves for p in _halved(places, half, depth + 1, unit, few)]


def _directions(table: Floats) -> Floats:
    """Directions in which people differ, the most first: float32[width, width]."""
    sample = table[:: max(1, len(table) // _SAMPLE)]
    centred = (sample - sample.mean(axis=0)).astype(np.float64)
    _, found = np.linalg.eigh(centred.T @ centred)
    return np.ascontiguousarray(found[:, ::-1], np.float32)
