"""Count a community: everything that is frozen with a generation."""

from dataclasses import replace

import numpy as np

from matching.engine.arrays import Bools, Doubles, Floats, Ids, Whole
from matching.engine.columns import Columns
from matching.engine.constants import (
    DIMENSIONS,
    FEWEST_FIT_ROWS,
    MOST_FIT_ROWS,
    MOST_IN_SEGMENT,
    SAMPLE_PEOPLE,
)
from matching.engine.hashing import drawn
from matching.engine.ragged import Ragged, find
from matching.engine.reach import Reach, median_reach
from matching.engine.rows import centred, lengths, taste_sums, unit
from matching.engine.sparse import summed_by_id
from matching.engine.statistics import ArtistVectors, Listeners, Statistics
from matching.engine.threads import mapped
from matching.engine.vectors import fit_vectors


def fit_statistics(
    people: Columns,
    *,
    fit_on: Bools | None,
    seed: int,
    previous_vectors: ArtistVectors | None = None,
) -> Statistics:
    """Fit the statistics of a community.

    fit_on says, bool[n], whose rows artist vectors may be fitted on (None: everyone's);
    with fewer than 200 such people there are none, and at most 50,000 of them are
    used. With previous_vectors nothing is fitted again and only artists new since then
    get the mean of their listeners.
    """
    counted = _counts(people)
    vectors = previous_vectors or _fit(people, counted, fit_on, seed)
    placed = _place(people, replace(counted, vectors=vectors), seed)
    statistics = replace(placed, sample=_sample(people, seed, SAMPLE_PEOPLE))
    return replace(statistics, median_reach=median_reach(Reach(statistics)))


def _counts(people: Columns) -> Statistics:
    audio = people.audio[people.has_audio()].astype(np.float64)
    silence = np.zeros(people.audio.shape[1])
    counted = Statistics(
        people=int(people.has_artists().sum()),
        artists=Listeners.of(people.artists.ids),
        genres=Listeners.of(people.genres.ids),
        norm=1.0,
        audio_mean=audio.mean(axis=0) if len(audio) else silence,
        audio_spread=audio.std(axis=0) if len(audio) else silence,
        vectors=ArtistVectors.none(),
        taste_mean=np.zeros(DIMENSIONS),
        sample=people.part(0, 0),
    )
    return replace(counted, norm=_norm(people, counted))


def _norm(people: Columns, statistics: Statistics) -> float:
    """Compute k of x_ua = k · w_ua · rarity_a / |w_u|."""

    def squares(part: tuple[int, int]) -> Doubles:
        artists = people.part(*part).artists
        worth = statistics.artist_worth(artists.ids)
        plain = lengths(artists, np.ones(len(worth)))
        filled = plain > 0
        rare = lengths(artists, worth)
        return np.asarray(np.square(rare[filled] / plain[filled]))

    every = np.concatenate([np.empty(0), *mapped(squares, _parts(len(people)))])
    return float(1.0 / np.sqrt(np.mean(every))) if len(every) else 1.0


def _parts(people: int) -> list[tuple[int, int]]:
    """Ranges of rows, so that no step holds a table of everyone."""
    starts = range(0, people, MOST_IN_SEGMENT)
    return [(start, min(start + MOST_IN_SEGMENT, people)) for start in starts]


def _fit(
    people: Columns, statistics: Statistics, fit_on: Bools | None, seed: int
) -> ArtistVectors:
    allowed = people.has_artists()
    if fit_on is not None:
        allowed = allowed & fit_on
    rows = drawn(seed, people.person_ids, np.flatnonzero(allowed), MOST_FIT_ROWS)
    if len(rows) < FEWEST_FIT_ROWS:
        return ArtistVectors.none()
    artists = people.artists.take(rows)
    return fit_vectors(artists, statistics.artist_idf(artists.ids), seed=seed)


def _place(people: Columns, statistics: Statistics, seed: int) -> Statistics:
    """Give artists without a direction one, then find the mean of the people's."""
    if not len(statistics.vectors):
        return statistics
    _, known = find(statistics.vectors.ids, statistics.artists.ids)
    statistics = replace(statistics, taste_mean=_mean(people, statistics, seed))
    if known.all():
        return statistics
    new = _mean_vectors(people, statistics, statistics.artists.ids[~known])
    joined = replace(statistics, vectors=statistics.vectors.join(new))
    return replace(joined, taste_mean=_mean(people, joined, seed))


def _mean(people: Columns, statistics: Statistics, seed: int) -> Doubles:
    """The mean direction of up to 50,000 people drawn."""
    rows = drawn(
        seed, people.person_ids, np.flatnonzero(people.has_artists()), MOST_FIT_ROWS
    )
    directions = unit(taste_sums(people.take(rows), statistics))
    placed = directions.any(axis=1)
    if not placed.any():
        return np.zeros(DIMENSIONS)
    return np.asarray(directions[placed].mean(axis=0), np.float64)


def _mean_vectors(
    people: Columns, statistics: Statistics, missing: Ids
) -> ArtistVectors:
    """Give artists without a direction that of the mean of their listeners.

    An artist none of whose listeners has one is left out.
    """

    def summed(part: tuple[int, int]) -> Floats | None:
        some = people.part(*part)
        _, wanted = find(missing, some.artists.ids)
        concerned = np.unique(some.artists.rows()[wanted])
        if not len(concerned):
            return None
        return summed_by_id(
            _only(some.artists, concerned, missing),
            missing,
            _directions(some.take(concerned), statistics),
        )

    sums: Floats = np.zeros((len(missing), DIMENSIONS), np.float32)
    for found in mapped(summed, _parts(len(people))):
        if found is not None:
            sums += found
    return ArtistVectors.of(missing, sums)


def _directions(people: Columns, statistics: Statistics) -> Floats:
    directions = unit(taste_sums(people, statistics))
    return centred(directions, statistics).astype(np.float32)


def _only(artists: Ragged, rows: Whole, wanted: Ids) -> tuple[Whole, Ids]:
    """Row (of those given) and id of each entry with a wanted id."""
    taken = artists.take(rows)
    _, kept = find(wanted, taken.ids)
    return taken.rows()[kept], taken.ids[kept]


def _sample(people: Columns, seed: int, most: int) -> Columns:
    listening = np.flatnonzero(people.has_artists())
    return people.take(drawn(seed, people.person_ids, listening, most))
