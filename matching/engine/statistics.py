"""What is counted over a whole community and then frozen for one generation."""

from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np

from matching.engine.arrays import Doubles, Floats, Ids, Steps, Whole
from matching.engine.columns import Columns
from matching.engine.constants import (
    DIMENSIONS,
    FORMAT_VERSION,
    RARITY_EXPONENT,
    RARITY_PEOPLE,
    STEPS,
    TYPICAL_REACH,
    WORTH_STEPS,
)
from matching.engine.ragged import find


@dataclass(frozen=True, slots=True)
class ArtistVectors:
    """A direction for each artist: ids ascending, int8[A, 48] rows of length 127."""

    ids: Ids
    steps: Steps

    @classmethod
    def none(cls) -> Self:
        return cls(np.empty(0, np.uint32), np.empty((0, DIMENSIONS), np.int8))

    @classmethod
    def of(cls, ids: Ids, matrix: Floats) -> Self:
        """Keep the directions of the rows of a matrix; rows of next to nothing go."""
        squares = np.einsum("ij,ij->i", matrix, matrix)
        filled = squares >= np.finfo(np.float32).tiny
        kept = matrix[filled]
        kept /= np.sqrt(squares[filled])[:, None]
        return cls(ids[filled], np.rint(kept * STEPS).astype(np.int8))

    def __len__(self) -> int:
        return len(self.ids)

    def join(self, other: Self) -> Self:
        ids = np.concatenate([self.ids, other.ids])
        order = np.argsort(ids)
        return type(self)(ids[order], np.concatenate([self.steps, other.steps])[order])

    def of_artists(self, ids: Ids) -> Doubles:
        """Directions of some artists, of length about one: float64[n, 48], or zeros."""
        at, known = find(self.ids, ids)
        if not len(self):
            return np.zeros((len(ids), DIMENSIONS))
        return self.steps[at] * (known / STEPS)[:, None]


@dataclass(frozen=True, slots=True)
class Listeners:
    """How many people have each id: ids ascending, counts uint32."""

    ids: Ids
    counts: Ids

    @classmethod
    def of(cls, ids: Ids) -> Self:
        """Count how often each id comes."""
        top = int(ids.max(initial=0))
        if top > 4 * len(ids) + 1_000_000:
            unique, counts = np.unique(ids, return_counts=True)
            return cls(unique, counts.astype(np.uint32))
        counts = np.zeros(top + 1, np.int64)
        step = 1 << 22
        for start in range(0, len(ids), step):
            counts += np.bincount(ids[start : start + step], minlength=top + 1)
        there = np.flatnonzero(counts)
        return cls(there.astype(np.uint32), counts[there].astype(np.uint32))

    def __getitem__(self, ids: Ids) -> Whole:
        """Count the listeners of each id; 0 for an id nobody had."""
        at, known = find(self.ids, ids)
        if not len(self.ids):
            return at
        return np.where(known, self.counts[at], 0).astype(np.int64)


@dataclass(frozen=True)
class Statistics:
    """The frozen numbers every score of one generation is computed with.

    people        N: people with at least one artist
    artists       n_a, listeners of each artist
    genres        n_g, people with each genre
    norm          k: makes the mean of x_u · x_u one
    audio_mean    float64[6], and audio_spread: standard deviation, 0 where all agree
    vectors       the artists' directions; none in a small community
    taste_mean    float64[48], mean of the people's directions
    sample        up to 1,000 people against whom everyone's reach is measured
    median_reach  the community's median reach r
    """

    people: int
    artists: Listeners
    genres: Listeners
    norm: float
    audio_mean: Doubles
    audio_spread: Doubles
    vectors: ArtistVectors
    taste_mean: Doubles
    sample: Columns
    median_reach: float = TYPICAL_REACH
    version: int = FORMAT_VERSION

    @cached_property
    def _artist_worth(self) -> Doubles:
        """rarity² in whole steps, by number of listeners from 0 to the most there are.

        Looked up rather than computed where it is needed: the same number of listeners
        must give the same bits everywhere.
        """
        listeners = np.arange(int(self.artists.counts.max(initial=0)) + 1)
        base = (self.people + RARITY_PEOPLE) / (listeners + 1)
        return _in_whole_steps(base ** (2 * RARITY_EXPONENT))

    @cached_property
    def _genre_worth(self) -> Doubles:
        people = np.arange(int(self.genres.counts.max(initial=0)) + 1)
        idf = np.log(max(self.people, 1) / np.maximum(people, 1))
        return _in_whole_steps(np.square(idf))

    def artist_worth(self, ids: Ids) -> Doubles:
        """What sharing each artist is worth, before weights: ((N+50)/(n_a+1))^0.6."""
        return self._artist_worth[self.artists[ids]]

    def genre_worth(self, ids: Ids) -> Doubles:
        """What sharing each genre is worth, before weights: ln(N / n_g)²."""
        return self._genre_worth[self.genres[ids]]

    def artist_idf(self, ids: Ids) -> Doubles:
        """Compute ln(N / n_a); an artist nobody had counts as one person's."""
        return np.log(max(self.people, 1) / np.maximum(self.artists[ids], 1))


def _in_whole_steps(worth: Doubles) -> Doubles:
    return np.asarray(np.rint(worth * WORTH_STEPS) / WORTH_STEPS, np.float64)
