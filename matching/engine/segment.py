"""Rows that can be scanned, and the similarities of everyone with everyone."""

from dataclasses import dataclass
from typing import Self

import numpy as np

from matching.engine.arrays import Counts, Doubles, Floats, Steps, Whole
from matching.engine.constants import (
    AUDIO_SHARE,
    GENRE_SHARE,
    HALF_SCORE_AT,
    MEMORY_BUDGET,
    RELATED_SHARE,
    STEP_PRODUCT,
)
from matching.engine.ragged import Postings, shared_sums
from matching.engine.rows import Rows
from matching.engine.statistics import Statistics


@dataclass(frozen=True, slots=True)
class Segment:
    """Measured people with the inverse of their artists and genres."""

    rows: Rows
    artist_postings: Postings
    genre_postings: Postings

    @classmethod
    def of(cls, rows: Rows) -> Self:
        columns = rows.columns
        return cls(rows, Postings.of(columns.artists), Postings.of(columns.genres))

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def person_ids(self) -> Whole:
        return self.rows.person_ids


def combine(
    artists: Doubles | float,
    related: Floats | float,
    genres: Doubles | float,
    audio: Floats | float,
) -> Doubles:
    """Add the four parts of s(u, v), before local scaling.

    artists and genres are the scaled sums; related and audio the products of the
    directions in steps. One function for a scan and for a pair, so that both make the
    same float operations in the same order.
    """
    total = artists + (RELATED_SHARE * STEP_PRODUCT) * np.asarray(related, np.float64)
    total = total + GENRE_SHARE * genres
    audio_part = (AUDIO_SHARE * STEP_PRODUCT) * np.asarray(audio, np.float64)
    return np.asarray(total + audio_part, np.float64)


def similarities(
    queries: Rows, targets: Segment, statistics: Statistics
) -> tuple[Doubles, Counts]:
    """Compute s(u, v) before local scaling, and the number of shared artists.

    Returns float64[q, n] and uint16[q, n].
    """
    people = len(targets)
    mine, theirs = queries.columns, targets.rows
    artists, shared = shared_sums(
        mine.artists,
        statistics.squared_rarity(mine.artists.ids),
        targets.artist_postings,
        people,
    )
    artists *= queries.artist_scale[:, None] * theirs.artist_scale
    genres, _ = shared_sums(
        mine.genres,
        np.square(statistics.genre_idf(mine.genres.ids)),
        targets.genre_postings,
        people,
    )
    genres *= queries.genre_scale[:, None] * theirs.genre_scale
    related = products(queries.vectors, theirs.vectors)
    audio = products(queries.tones, theirs.tones)
    return combine(artists, related, genres, audio), shared


def products(queries: Steps, targets: Steps) -> Floats:
    """Inner products of directions in steps, float32[q, n], exact.

    Directions have length one, so every partial sum of whole steps stays under
    1.01 · 2048² < 2^24: float32 holds each of them exactly, whatever the order.
    """
    result = np.empty((len(queries), len(targets)), np.float32)
    mine = queries.astype(np.float32)
    most = max(1, MEMORY_BUDGET // (4 * max(1, targets.shape[1])))
    for start in range(0, len(targets), most):
        block = targets[start : start + most].astype(np.float32)
        np.matmul(mine, block.T, out=result[:, start : start + most])
    return result


def score_of(similarity: Doubles | float) -> Doubles:
    """Turn S into the score 100 · (1 − 2^(−S / 1.5)); 0 where S is not positive."""
    positive = np.maximum(np.asarray(similarity, np.float64), 0.0)
    return 100.0 * (1.0 - np.exp2(-positive / HALF_SCORE_AT))
