"""Rows of unequal length in flat arrays, and the draws they are made of."""

import math

import numpy as np

from matching.engine.arrays import Doubles, Whole

_PLACE_BITS = 8
_VALUE_BITS = 40
_LAST = np.iinfo(np.int64).max


def pointers_of(lengths: Whole) -> Whole:
    """Where each row starts in a flat array, and where the last one ends."""
    return np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)


def distinct_first(drawn: Whole, wanted: Whole) -> tuple[Whole, Whole]:
    """Keep the first distinct numbers of each row, in the order they were drawn.

    drawn is int64[n, d], d ≤ 256, numbers from 0 to 2^40; wanted says how many of each
    row. Returns them row after row, and how many there were: fewer than wanted where a
    row has no more.
    """
    width = drawn.shape[1]
    # Two sorts of plain numbers are several times faster than one indirect sort.
    keys = (drawn << _PLACE_BITS) | np.arange(width)
    keys.sort(axis=1)
    values = keys >> _PLACE_BITS
    again = np.zeros(values.shape, np.bool_)
    again[:, 1:] = values[:, 1:] == values[:, :-1]
    ordered = ((keys & (2**_PLACE_BITS - 1)) << _VALUE_BITS) | values
    ordered[again] = _LAST
    ordered.sort(axis=1)
    lengths = np.minimum(wanted, width - again.sum(axis=1))
    kept = ordered[np.arange(width) < lengths[:, None]]
    return kept & (2**_VALUE_BITS - 1), lengths


def zipf(chance: Doubles, *, count: int, exponent: float, offset: float) -> Doubles:
    """Turn even chances into places 0..count, 1 / (place + offset)^exponent often."""
    low, high = (x ** (1.0 - exponent) for x in (offset, offset + count))
    drawn: Doubles = (low - chance * (low - high)) ** (1.0 / (1.0 - exponent))
    return drawn - offset


def spread_out(places: Doubles, *, after: int, end: int, to: int) -> Doubles:
    """Leave places up to `after` where they are, and stretch those to `end` to `to`."""
    power = math.log(to / after) / math.log(end / after)
    far = places > after
    places[far] = after * (places[far] / after) ** power
    return np.minimum(places, to - 1)
