"""Measured people: columns plus what the score needs, under given statistics."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from matching.engine.arrays import Doubles, Floats, Steps, Whole
from matching.engine.columns import Columns
from matching.engine.constants import (
    DIMENSIONS,
    DIRECTIONS,
    HEAD_DIMENSIONS,
    STEPS,
)
from matching.engine.ragged import Ragged, find
from matching.engine.sparse import product
from matching.engine.statistics import Statistics


@dataclass(frozen=True, slots=True)
class Rows:
    """Measured people.

    columns       their tastes
    artist_scale  float32[n], k / |w_u|; 0 without artists
    genre_scale   float32[n], 1 / length of the genre direction; 0 without genres
    heads         int8[8, n]: the first 8 numbers of z_u in steps of 1/127; a column
                  for each person, which a product of everyone reads fastest
    tails         int8[n, 46]: the other 40, then unit standardised audio, in the same
                  steps; zeros where unknown
    """

    columns: Columns
    artist_scale: Floats
    genre_scale: Floats
    heads: Steps
    tails: Steps

    def __len__(self) -> int:
        return len(self.columns)

    @property
    def directions(self) -> Steps:
        """z_u, then audio: int8[n, 54]. Made anew at each call."""
        return np.hstack([self.heads.T, self.tails])

    def directions_of(self, rows: Whole) -> Steps:
        """The same of some: int8[k, 54]."""
        return np.hstack([self.heads[:, rows].T, self.tails[rows]])

    def direction(self, row: int) -> Steps:
        """z_u, then audio, of one person: int8[54]."""
        return np.concatenate([self.heads[:, row], self.tails[row]])

    @property
    def person_ids(self) -> Whole:
        return self.columns.person_ids

    def take(self, rows: Whole) -> Self:
        return type(self)(
            self.columns.take(rows),
            self.artist_scale[rows],
            self.genre_scale[rows],
            self.heads[:, rows],
            self.tails[rows],
        )

    def part(self, start: int, stop: int) -> Self:
        """Rows start to stop, without copying them."""
        return type(self)(
            self.columns.part(start, stop),
            self.artist_scale[start:stop],
            self.genre_scale[start:stop],
            self.heads[:, start:stop],
            self.tails[start:stop],
        )

    @classmethod
    def measured(cls, columns: Columns, parts: Sequence[Self]) -> Self:
        """The rows of columns that were measured in parts, one after the other."""
        blank = np.empty((HEAD_DIMENSIONS, 0), np.int8)
        return cls(
            columns,
            np.concatenate([np.empty(0, np.float32), *(p.artist_scale for p in parts)]),
            np.concatenate([np.empty(0, np.float32), *(p.genre_scale for p in parts)]),
            np.hstack([blank, *(part.heads for part in parts)]),
            np.concatenate([_no_tails(), *(part.tails for part in parts)]),
        )

    @classmethod
    def join(cls, parts: Sequence[Self]) -> Self:
        """Put groups of different people in one, ascending by person id."""
        ids = np.concatenate([part.person_ids for part in parts])
        order = np.argsort(ids, kind="stable")
        return cls(
            Columns.join([part.columns for part in parts]),
            np.concatenate([part.artist_scale for part in parts])[order],
            np.concatenate([part.genre_scale for part in parts])[order],
            np.hstack([part.heads for part in parts])[:, order],
            np.concatenate([part.tails for part in parts])[order],
        )


def _no_tails() -> Steps:
    return np.empty((0, DIRECTIONS - HEAD_DIMENSIONS), np.int8)


def measure(columns: Columns, statistics: Statistics) -> Rows:
    """Measure people under frozen statistics."""
    directions = unit(taste_sums(columns, statistics))
    tones = unit(standardised(columns.audio, statistics))
    steps = np.rint(np.hstack([centred(directions, statistics), tones]) * STEPS)
    genre_worth = statistics.genre_worth(columns.genres.ids)
    artist_length = lengths(columns.artists, np.ones(len(columns.artists.ids)))
    return Rows(
        columns,
        (statistics.norm * inverse(artist_length)).astype(np.float32),
        inverse(lengths(columns.genres, genre_worth)).astype(np.float32),
        np.ascontiguousarray(steps[:, :HEAD_DIMENSIONS].T.astype(np.int8)),
        steps[:, HEAD_DIMENSIONS:].astype(np.int8),
    )


def taste_sums(columns: Columns, statistics: Statistics) -> Doubles:
    """Sum w_ua · ln(N / n_a) · e_a over each person's artists: float64[n, 48]."""
    vectors = statistics.vectors
    if not len(vectors):
        return np.zeros((len(columns), DIMENSIONS))
    artists = columns.artists
    at, known = find(vectors.ids, artists.ids)
    worth = artists.weights * statistics.artist_idf(artists.ids) * known
    # Of a few people only the directions of their own artists are widened.
    steps = vectors.steps
    if len(at) < len(vectors):
        used, at = np.unique(at, return_inverse=True)
        steps = steps[used]
    table = steps.astype(np.float32)
    return product(artists, at, worth.astype(np.float32), table).astype(np.float64)


def centred(directions: Doubles, statistics: Statistics) -> Doubles:
    """Take the community's mean off directions; rows of zeros stay."""
    off = unit(directions - statistics.taste_mean)
    off[~directions.any(axis=1)] = 0.0
    return off


def standardised(audio: Floats, statistics: Statistics) -> Doubles:
    """Standardise audio per dimension: float64[n, 6]; zeros where unknown."""
    spread = statistics.audio_spread
    scale = np.divide(1.0, spread, out=np.zeros_like(spread), where=spread > 0)
    return np.nan_to_num((audio - statistics.audio_mean) * scale, nan=0.0)


def lengths(ragged: Ragged, worth: Doubles) -> Doubles:
    """Length of each row, √(Σ weight² · worth): float64[n]."""
    return np.sqrt(ragged.sums(np.square(ragged.weights.astype(np.float64)) * worth))


def inverse(values: Doubles) -> Doubles:
    return np.divide(1.0, values, out=np.zeros_like(values), where=values > 0)


def unit(matrix: Doubles) -> Doubles:
    """Give each row length one; rows of zeros stay."""
    return matrix * inverse(np.sqrt(np.square(matrix).sum(axis=1)))[:, None]
