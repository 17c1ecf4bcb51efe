"""Two people compared term by term; the terms add up to the S of a scan."""

from dataclasses import dataclass

import numpy as np

from matching.engine.arrays import Bytes8, Doubles, Floats, Ids, Steps, Whole
from matching.engine.constants import DIMENSIONS, DIRECTION_UNIT, GENRE_SHARE
from matching.engine.index import View
from matching.engine.query import Query, Scaled, Terms
from matching.engine.ragged import find
from matching.engine.statistics import Statistics


@dataclass(frozen=True, slots=True)
class Side:
    """One person's measured row; artists in the order of rank."""

    query: Query
    artist_ids: Ids
    artist_weights: Bytes8
    genre_ids: Ids
    genre_weights: Bytes8
    audio: Floats
    tempo: Floats
    genre_scale: float
    directions: Steps

    @classmethod
    def of(cls, people: Scaled, row: int, statistics: Statistics) -> "Side":
        rows, columns = people.rows, people.rows.columns
        artists, genres = columns.artists.span(row), columns.genres.span(row)
        return cls(
            Query.of(people, row, statistics),
            columns.artists.ids[artists],
            columns.artists.weights[artists],
            columns.genres.ids[genres],
            columns.genres.weights[genres],
            columns.audio[row],
            columns.tempo[row],
            float(rows.genre_scale[row]),
            rows.direction(row),
        )

    @property
    def has_vector(self) -> bool:
        return bool(self.directions[:DIMENSIONS].any())


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
    return Side.of(*view.locate(person_id), view.statistics)


def compare(mine: Side, theirs: Side) -> Pair:
    """Compare two people term by term."""
    artist_ids, my_at, their_at = _common(mine.artist_ids, theirs.artist_ids)
    artists = _products(mine.query.artists, artist_ids, theirs.artist_weights[their_at])
    genre_ids, _, their_genres = _common(mine.genre_ids, theirs.genre_ids)
    genres = _products(mine.query.genres, genre_ids, theirs.genre_weights[their_genres])
    steps = mine.query.directions.astype(np.float64) * theirs.directions
    me, them = mine.query, theirs.query
    unscaled = me.combined(
        float(artists.sum()),
        float(steps.sum()),
        float(genres.sum()),
        (them.artist_scale, them.genre_scale),
    )
    scale = me.closeness * them.closeness
    related = DIRECTION_UNIT * scale * float(steps[:DIMENSIONS].sum())
    return Pair(
        artist_ids,
        my_at + 1,
        their_at + 1,
        artists * (me.artist_scale * them.artist_scale * scale),
        genre_ids,
        genres * (GENRE_SHARE * (me.genre_scale * them.genre_scale) * scale),
        related if mine.has_vector and theirs.has_vector else None,
        steps[DIMENSIONS:] * (DIRECTION_UNIT * scale)
        if have_audio(mine, theirs)
        else np.empty(0),
        float(unscaled) * scale,
    )


def _common(mine: Ids, theirs: Ids) -> tuple[Ids, Whole, Whole]:
    """Ids both have, ascending, and where each has them."""
    ids, my_at, their_at = np.intersect1d(
        mine, theirs, assume_unique=True, return_indices=True
    )
    return ids, my_at, their_at


def _products(terms: Terms, ids: Ids, weights: Bytes8) -> Doubles:
    at, _ = find(terms.ids, ids)
    if not len(ids):
        return np.empty(0)
    return np.asarray(terms.values[at] * weights)


def have_audio(mine: Side, theirs: Side) -> bool:
    return bool(np.isfinite(mine.audio).all() and np.isfinite(theirs.audio).all())
