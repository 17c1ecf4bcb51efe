"""What is known of 64 people at once, so that most of them are never looked at.

The people of a segment lie like beside like. For every v of a block with middle m

    z_u·z_v = z_u·m + z_u·(z_v − m) ≤ z_u·m + |z_u| · spread,

with spread the greatest |z_v − m| in the block; or the same of the first 8 numbers and
of the other 40 apart, whichever is less. Audio likewise.
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
    away     uint16[2, n]: how far from the middle each one is, rounded up; by the first
             8 numbers, and by the other 40
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
            np.empty((2, len(people)), np.uint16),
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
        self.away[:, rows] = away[:2]


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

    vectors  float32[m, 48], and audio float32[m, 6]: the middles
    spreads  float32[4, m]
    widest   float32[m]
    largest  the largest closeness of anyone
    """

    vectors: Floats
    audio: Floats
    spreads: Floats
    widest: Floats
    largest: float

    @classmethod
    def of(cls, parts: Sequence[Blocks]) -> Self:
        middles = np.concatenate([part.middles for part in parts])
        spreads = np.concatenate([part.spreads for part in parts])
        widest = np.concatenate([part.widest for part in parts])
        return cls(
            np.ascontiguousarray(middles[:, _VECTORS], np.float32),
            np.ascontiguousarray(middles[:, _AUDIO], np.float32),
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
        related = self.vectors @ steps[_VECTORS]
        tones = self.audio @ steps[_AUDIO]
        about = (related + tones) * self.widest
        tones += audio * self.spreads[3]
        rest = np.minimum(tones, np.float32(room.audio), out=tones)
        rest += np.float32(room.genres)
        most = heads * self.spreads[0]
        most += others * self.spreads[1]
        np.minimum(most, vectors * self.spreads[2], out=most)
        most += related
        np.minimum(most, np.float32(room.vectors), out=most)
        most += rest
        np.maximum(most, 0, out=most)
        most *= self.widest
        related += rest
        return Prospect(about, most, related, (heads, others))


@dataclass(frozen=True, slots=True)
class Prospect:
    """What all but artists add to S without c_u in each block, float32[m].

    about    nearly
    most     at most, to anyone of the block
    middle   at most and before closeness, to someone amid the vectors of the block;
             to others `lengths` times how far away they are more
    lengths  of the viewer's first 8 numbers and of the other 40
    """

    about: Floats
    most: Floats
    middle: Floats
    lengths: tuple[np.float32, np.float32]
