"""Measured people: columns plus what the score needs, under given statistics."""

from dataclasses import dataclass
from typing import Self

import numpy as np

from matching.engine.arrays import Doubles, Floats, Steps, Whole
from matching.engine.columns import Columns
from matching.engine.constants import STEPS
from matching.engine.ragged import Ragged, find, weighted_sums
from matching.engine.statistics import Statistics


@dataclass(frozen=True, slots=True)
class Rows:
    """Measured people.

    columns       their tastes
    artist_scale  float64[n], k / |w_u|; 0 without artists
    genre_scale   float64[n], 1 / length of the genre direction; 0 without genres
    vectors       int16[n, 64], z_u in steps of 1/2048; zeros where unknown
    tones         int16[n, 6], unit standardised audio in the same steps; zeros likewise
    """

    columns: Columns
    artist_scale: Doubles
    genre_scale: Doubles
    vectors: Steps
    tones: Steps

    def __len__(self) -> int:
        return len(self.columns)

    @property
    def person_ids(self) -> Whole:
        return self.columns.person_ids

    def take(self, rows: Whole) -> Self:
        return type(self)(
            self.columns.take(rows),
            self.artist_scale[rows],
            self.genre_scale[rows],
            self.vectors[rows],
            self.tones[rows],
        )

    def merge(self, other: Self) -> Self:
        """Put two groups of different people in one, ascending by person id."""
        ids = np.concatenate([self.person_ids, other.person_ids])
        order = np.argsort(ids)
        return type(self)(
            self.columns.merge(other.columns),
            np.concatenate([self.artist_scale, other.artist_scale])[order],
            np.concatenate([self.genre_scale, other.genre_scale])[order],
            np.concatenate([self.vectors, other.vectors])[order],
            np.concatenate([self.tones, other.tones])[order],
        )


def measure(columns: Columns, statistics: Statistics) -> Rows:
    """Measure people under frozen statistics."""
    ones = np.ones(len(columns.artists.ids))
    idf = statistics.genre_idf(columns.genres.ids)
    directions = unit(taste_sums(columns, statistics))
    centred = unit(directions - statistics.taste_mean)
    centred[~directions.any(axis=1)] = 0.0
    return Rows(
        columns,
        statistics.norm * inverse(lengths(columns.artists, ones)),
        inverse(lengths(columns.genres, idf)),
        _in_steps(centred),
        _in_steps(unit(standardised(columns.audio, statistics))),
    )


def taste_sums(columns: Columns, statistics: Statistics) -> Doubles:
    """Sum w_ua · ln(N / n_a) · e_a over each person's artists: float64[n, 64]."""
    vectors = statistics.vectors
    if not len(vectors):
        return np.zeros((len(columns), vectors.matrix.shape[1]))
    artists = columns.artists
    at, known = find(vectors.ids, artists.ids)
    worth = artists.weights * statistics.artist_idf(artists.ids) * known
    values = worth.astype(np.float32)
    sums = weighted_sums(artists.pointers, at, values, vectors.matrix)
    return sums.astype(np.float64)


def standardised(audio: Floats, statistics: Statistics) -> Doubles:
    """Standardise audio per dimension: float64[n, 6]; zeros where unknown."""
    spread = statistics.audio_spread
    scale = np.divide(1.0, spread, out=np.zeros_like(spread), where=spread > 0)
    return np.nan_to_num((audio - statistics.audio_mean) * scale, nan=0.0)


def lengths(ragged: Ragged, worth: Doubles) -> Doubles:
    """Length of each row's weight · worth as a vector: float64[n]."""
    squares = np.square(ragged.weights * worth)
    return np.sqrt(np.bincount(ragged.rows(), squares, len(ragged)))


def inverse(values: Doubles) -> Doubles:
    return np.divide(1.0, values, out=np.zeros_like(values), where=values > 0)


def unit(matrix: Doubles) -> Doubles:
    """Give each row length one; rows of zeros stay."""
    return matrix * inverse(np.sqrt(np.square(matrix).sum(axis=1)))[:, None]


def _in_steps(matrix: Doubles) -> Steps:
    return np.rint(matrix * STEPS).astype(np.int16)
