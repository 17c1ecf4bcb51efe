"""What is counted over a whole community and then frozen for one generation."""

from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np

from matching.engine.arrays import Doubles, Floats, Ids, Whole
from matching.engine.columns import Columns
from matching.engine.constants import (
    DIMENSIONS,
    FORMAT_VERSION,
    RARITY_EXPONENT,
    RARITY_PEOPLE,
    TYPICAL_REACH,
)
from matching.engine.ragged import Ragged, find


@dataclass(frozen=True, slots=True)
class ArtistVectors:
    """A direction for each artist: ids ascending, float32[A, 64] rows of length one."""

    ids: Ids
    matrix: Floats

    @classmethod
    def none(cls) -> Self:
        return cls(np.empty(0, np.uint32), np.empty((0, DIMENSIONS), np.float32))

    def __len__(self) -> int:
        return len(self.ids)

    def join(self, other: Self) -> Self:
        ids = np.concatenate([self.ids, other.ids])
        order = np.argsort(ids)
        matrix = np.concatenate([self.matrix, other.matrix])
        return type(self)(ids[order], matrix[order])


@dataclass(frozen=True, slots=True)
class Listeners:
    """How many people have each id: ids ascending, counts int64."""

    ids: Ids
    counts: Whole

    @classmethod
    def of(cls, ragged: Ragged) -> Self:
        ids, counts = np.unique(ragged.ids, return_counts=True)
        return cls(ids, counts.astype(np.int64))

    def __getitem__(self, ids: Ids) -> Whole:
        """Count the listeners of each id; 0 for an id nobody had."""
        at, known = find(self.ids, ids)
        if not len(self.ids):
            return at
        return np.where(known, self.counts[at], 0)


@dataclass(frozen=True)
class Statistics:
    """The frozen numbers every score of one generation is computed with.

    people        N: people with at least one artist
    artists       n_a, listeners of each artist
    genres        n_g, people with each genre
    norm          k: makes the mean of x_u · x_u one
    audio_mean    float64[6], and audio_spread: standard deviation, 0 where all agree
    vectors       the artists' directions; none in a small community
    taste_mean    float64[64], mean of the people's directions
    sample        up to 2,000 people against whom everyone's reach is measured
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
    def _squared_rarity(self) -> Doubles:
        """rarity² by number of listeners, from 0 to the most any artist has.

        Looked up rather than computed where it is needed: the same number of listeners
        must give the same bits everywhere.
        """
        listeners = np.arange(int(self.artists.counts.max(initial=0)) + 1)
        base = (self.people + RARITY_PEOPLE) / (listeners + 1)
        return np.asarray(base ** (2 * RARITY_EXPONENT), np.float64)

    @cached_property
    def _genre_idf(self) -> Doubles:
        people = np.arange(int(self.genres.counts.max(initial=0)) + 1)
        return np.log(max(self.people, 1) / np.maximum(people, 1))

    def rarity(self, ids: Ids) -> Doubles:
        """Compute ((N + 50) / (n_a + 1)) ^ 0.3 of each artist."""
        return np.sqrt(self.squared_rarity(ids))

    def squared_rarity(self, ids: Ids) -> Doubles:
        """What sharing each artist is worth, before weights."""
        return self._squared_rarity[self.artists[ids]]

    def artist_idf(self, ids: Ids) -> Doubles:
        """Compute ln(N / n_a); an artist nobody had counts as one person's."""
        return np.log(max(self.people, 1) / np.maximum(self.artists[ids], 1))

    def genre_idf(self, ids: Ids) -> Doubles:
        """Compute ln(N / n_g); a genre nobody had counts as one person's."""
        return self._genre_idf[self.genres[ids]]
