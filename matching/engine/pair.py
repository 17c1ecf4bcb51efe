"""Two people compared term by term; the terms add up to the S of a scan."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from matching.engine.arrays import Bytes8, Doubles, Floats, Ids, Steps, Whole
from matching.engine.constants import (
    AUDIO_SHARE,
    GENRE_SHARE,
    RELATED_SHARE,
    STEP_PRODUCT,
)
from matching.engine.index import Layer, View
from matching.engine.ragged import running_sum
from matching.engine.segment import combine


@dataclass(frozen=True, slots=True)
class Side:
    """One person's measured row."""

    artist_ids: Ids
    artist_weights: Bytes8
    artist_places: Bytes8
    genre_ids: Ids
    genre_weights: Bytes8
    audio: Floats
    tempo: Floats
    artist_scale: float
    genre_scale: float
    vector: Steps
    tones: Steps
    closeness: float

    @classmethod
    def of(cls, layer: Layer, row: int) -> "Side":
        rows = layer.segment.rows
        columns = rows.columns
        artists, genres = columns.artists.span(row), columns.genres.span(row)
        return cls(
            columns.artists.ids[artists],
            columns.artists.weights[artists],
            columns.artist_places[artists],
            columns.genres.ids[genres],
            columns.genres.weights[genres],
            columns.audio[row],
            columns.tempo[row],
            float(rows.artist_scale[row]),
            float(rows.genre_scale[row]),
            rows.vectors[row],
            rows.tones[row],
            float(layer.closeness[row]),
        )


@dataclass(frozen=True, slots=True)
class Pair:
    """What u and v have in common, each term in units of S.

    artist_ids, my_ranks, their_ranks, artist_terms    one entry per shared artist
    genre_ids, genre_terms                             one entry per shared genre
    related     the term of the artist vectors, None where one has none
    audio       one term per audio dimension; empty where one has no audio
    similarity  S(u, v), equal to the last bit to that of a scan from either side
    """

    artist_ids: Ids
    my_ranks: Whole
    their_ranks: Whole
    artist_terms: Doubles
    genre_ids: Ids
    genre_terms: Doubles
    related: float | None
    audio: Doubles
    similarity: float


def side(view: View, person_id: int) -> Side:
    """Look one person up; raise UnknownPerson when not in the view."""
    return Side.of(*view.locate(person_id))


@dataclass(frozen=True, slots=True)
class Common:
    """What two ascending lists share: ids, where each has them, and products.

    A product is weight · weight · worth. The two weights are multiplied first, as
    whole numbers: it does not matter whose comes first.
    """

    ids: Ids
    mine: Whole
    theirs: Whole
    products: Doubles

    @classmethod
    def of(
        cls,
        mine: tuple[Ids, Bytes8],
        theirs: tuple[Ids, Bytes8],
        worth: Callable[[Ids], Doubles],
    ) -> "Common":
        ids, my_at, their_at = np.intersect1d(
            mine[0], theirs[0], assume_unique=True, return_indices=True
        )
        weights = mine[1][my_at].astype(np.float64) * theirs[1][their_at]
        return cls(ids, my_at, their_at, weights * worth(ids))


def compare(view: View, mine: Side, theirs: Side) -> Pair:
    """Take S of two people apart."""
    artists = Common.of(
        (mine.artist_ids, mine.artist_weights),
        (theirs.artist_ids, theirs.artist_weights),
        view.statistics.squared_rarity,
    )
    genres = Common.of(
        (mine.genre_ids, mine.genre_weights),
        (theirs.genre_ids, theirs.genre_weights),
        lambda ids: np.square(view.statistics.genre_idf(ids)),
    )
    artist_scale = mine.artist_scale * theirs.artist_scale
    genre_scale = mine.genre_scale * theirs.genre_scale
    vectors = mine.vector.astype(np.int64) * theirs.vector
    tones = mine.tones.astype(np.int64) * theirs.tones
    unscaled = combine(
        running_sum(artists.products) * artist_scale,
        float(vectors.sum()),
        running_sum(genres.products) * genre_scale,
        float(tones.sum()),
    )
    scale = mine.closeness * theirs.closeness
    related = RELATED_SHARE * STEP_PRODUCT * scale * float(vectors.sum())
    audio = tones.astype(np.float64) * (AUDIO_SHARE * STEP_PRODUCT * scale)
    return Pair(
        artists.ids,
        mine.artist_places[artists.mine].astype(np.int64) + 1,
        theirs.artist_places[artists.theirs].astype(np.int64) + 1,
        artists.products * (artist_scale * scale),
        genres.ids,
        genres.products * (GENRE_SHARE * genre_scale * scale),
        related if mine.vector.any() and theirs.vector.any() else None,
        audio if have_audio(mine, theirs) else np.empty(0),
        float(unscaled) * scale,
    )


def have_audio(mine: Side, theirs: Side) -> bool:
    return bool(np.isfinite(mine.audio).all() and np.isfinite(theirs.audio).all())
