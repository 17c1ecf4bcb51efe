"""What is known of 64 people at once, so that most of them are never looked at.

The people of a segment lie like beside like. For every v of a block with middle m

    z_u·z_v = z_u·m + z_u·(z_v − m) ≤ z_u·m + |z_u| · spread,

with spread the greatest |z_v − m| in the block; or the same of the first 8 numbers and
of the other 40 apart, whichever is less. Audio likewise. For each v alone, the first 8
numbers are multiplied out, and |z_v − m| of the other 40 is their own.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from matching.engine.arrays import Counts, Floats, Steps, Whole
from matching.engine.constants import (
    BLOCK,
    DIMENSIONS,
    DIRECTION_UNIT,
    DIRECTIONS,
    HEAD_DIMENSIONS,
)
from matching.engine.likeness import count_of
from matching.engine.query import Query, Scaled

_HEADS = slice(0, HEAD_DIMENSIONS)
_OTHERS = slice(HEAD_DIMENSIONS, DIMENSIONS)
_VECTORS = slice(0, DIMENSIONS)
_AUDIO = slice(DIMENSIONS, None)
_PARTS = (_HEADS, _OTHERS, _VECTORS, _AUDIO)
# Blocks widened at once: 3.5 MB.
_AT_ONCE = 256


@dataclass(frozen=True, slots=True)
class Blocks:
    """Up to 64 people of a segment each, see `likeness.ordered`.

    middles  int8[m, 54]: amid their directions, in steps
    spreads  uint16[m, 4]: how far from there anyone is, rounded up; by the first 8
             numbers of the vector, by the other 40, by all of them, and by audio
    widest   float32[m]: the largest closeness
    away     uint16[n]: how far from the middle each one is by the other 40, rounded up
    """

    middles: Steps
    spreads: Counts
    widest: Floats
    away: Counts

    def __len__(self) -> int:
        return len(self.widest)

    @classmethod
    def of(cls, people: Scaled) -> Self:
        count = count_of(len(people))
        found = cls(
            np.empty((count, DIRECTIONS), np.int8),
            np.empty((count, len(_PARTS)), np.uint16),
            np.empty(count, np.float32),
            np.empty(len(people), np.uint16),
        )
        for first in range(0, count, _AT_ONCE):
            found._measure(people, np.arange(first, min(first + _AT_ONCE, count)))
        return found

    def _measure(self, people: Scaled, blocks: Whole) -> None:
        """Measure some of the blocks."""
        rows = np.add.outer(blocks, len(self) * np.arange(BLOCK))
        there = rows < len(people)
        rows = np.where(there, rows, blocks[:, None])
        taken = people.rows.directions_of(rows.ravel())
        steps = taken.reshape(*rows.shape, DIRECTIONS).astype(np.float32)
        # Places past the last person hold the first of the block once more.
        sums = steps.sum(axis=1, where=there[..., None])
        middles = np.rint(sums / there.sum(axis=1)[:, None])
        steps -= middles[:, None]
        np.square(steps, out=steps)
        away = np.stack([steps[..., part].sum(axis=2) for part in _PARTS])
        away = np.ceil(np.sqrt(away))
        self.middles[blocks] = middles
        self.spreads[blocks] = away.max(axis=2).T
        self.widest[blocks] = people.closeness[rows].max(axis=1)
        self.away[rows] = away[1]


@dataclass(frozen=True, slots=True)
class Room:
    """What vectors, audio and genres can add to s(u, v) at most, each 0 or more."""

    vectors: float
    audio: float
    genres: float

    @property
    def whole(self) -> float:
        return self.vectors + self.audio + self.genres


@dataclass(frozen=True, slots=True)
class Outlook:
    """The blocks of all segments in a row, widened.

    middles  float32[54, m]
    spreads  float32[4, m]
    widest   float32[m]
    largest  the largest closeness of anyone
    """

    middles: Floats
    spreads: Floats
    widest: Floats
    largest: float

    @classmethod
    def of(cls, parts: Sequence[Blocks]) -> Self:
        middles = np.concatenate([part.middles for part in parts])
        spreads = np.concatenate([part.spreads for part in parts])
        widest = np.concatenate([part.widest for part in parts])
        return cls(
            np.ascontiguousarray(middles.T, np.float32),
            np.ascontiguousarray(spreads.T, np.float32),
            widest,
            float(widest.max(initial=0)),
        )

    def of_query(self, query: Query, room: Room) -> "Prospect":
        """Bound what all but artists add, for one viewer."""
        steps = query.directions * np.float32(DIRECTION_UNIT)
        heads, others, vectors, audio = (
            np.float32(np.linalg.norm(steps[part])) for part in _PARTS
        )
        related: Floats = np.dot(steps[_OTHERS], self.middles[_OTHERS])
        nearest: Floats = np.dot(steps[_HEADS], self.middles[_HEADS])
        nearest += related
        tones: Floats = np.dot(steps[_AUDIO], self.middles[_AUDIO])
        about = nearest + tones
        about *= self.widest
        tones += audio * self.spreads[3]
        rest = np.minimum(tones, np.float32(room.audio), out=tones)
        rest += np.float32(room.genres)
        most = heads * self.spreads[0]
        most += others * self.spreads[1]
        np.minimum(most, vectors * self.spreads[2], out=most)
        most += nearest
        np.minimum(most, np.float32(room.vectors), out=most)
        most += rest
        np.maximum(most, 0, out=most)
        most *= self.widest
        related += rest
        return Prospect(about, most, related, others)


@dataclass(frozen=True, slots=True)
class Prospect:
    """What all but artists add to S without c_u in each block, float32[m].

    about   nearly
    most    at most, to anyone of the block
    others  at most, before closeness and without the first 8 numbers, to someone amid
            the other 40 of the block; `length` times how far away they are more
    length  of the viewer's other 40 numbers
    """

    about: Floats
    most: Floats
    others: Floats
    length: np.float32
