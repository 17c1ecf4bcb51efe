"""Count a community: everything that is frozen with a generation."""

from dataclasses import replace

import numpy as np

from matching.engine.arrays import Bools, Doubles
from matching.engine.columns import Columns
from matching.engine.constants import DIMENSIONS, FEWEST_FIT_ROWS, SAMPLE_PEOPLE
from matching.engine.ragged import find
from matching.engine.reach import median_reach
from matching.engine.rows import lengths, measure, taste_sums, unit
from matching.engine.segment import Segment
from matching.engine.statistics import ArtistVectors, Listeners, Statistics
from matching.engine.vectors import fit_vectors, mean_vectors


def fit_statistics(
    people: Columns,
    *,
    fit_on: Bools | None,
    seed: int,
    previous_vectors: ArtistVectors | None = None,
) -> Statistics:
    """Fit the statistics of a community.

    fit_on says, bool[n], whose rows artist vectors may be fitted on (None: everyone's);
    with fewer than 200 such people there are none. With previous_vectors nothing is
    fitted again and only artists new since then get the mean of their listeners.
    """
    counted = _counts(people)
    vectors = previous_vectors or _fit(people, counted, fit_on, seed)
    placed = _place(people, replace(counted, vectors=vectors))
    statistics = replace(placed, sample=_sample(people, seed))
    sample = Segment.of(measure(statistics.sample, statistics))
    return replace(statistics, median_reach=median_reach(sample, statistics))


def _counts(people: Columns) -> Statistics:
    audio = people.audio[people.has_audio()].astype(np.float64)
    silence = np.zeros(people.audio.shape[1])
    counted = Statistics(
        people=int(people.has_artists().sum()),
        artists=Listeners.of(people.artists),
        genres=Listeners.of(people.genres),
        norm=1.0,
        audio_mean=audio.mean(axis=0) if len(audio) else silence,
        audio_spread=audio.std(axis=0) if len(audio) else silence,
        vectors=ArtistVectors.none(),
        taste_mean=np.zeros(DIMENSIONS),
        sample=people.take(np.empty(0, np.int64)),
    )
    return replace(counted, norm=_norm(people, counted))


def _norm(people: Columns, statistics: Statistics) -> float:
    """Compute k of x_ua = k · w_ua · rarity_a / |w_u|."""
    listening = people.has_artists()
    if not listening.any():
        return 1.0
    plain = lengths(people.artists, np.ones(len(people.artists.ids)))[listening]
    rare = lengths(people.artists, statistics.rarity(people.artists.ids))[listening]
    return float(1.0 / np.sqrt(np.mean(np.square(rare / plain))))


def _fit(
    people: Columns, statistics: Statistics, fit_on: Bools | None, seed: int
) -> ArtistVectors:
    allowed = people.has_artists()
    if fit_on is not None:
        allowed = allowed & fit_on
    rows = np.flatnonzero(allowed)
    if len(rows) < FEWEST_FIT_ROWS:
        return ArtistVectors.none()
    artists = people.artists.take(rows)
    return fit_vectors(artists, statistics.artist_idf(artists.ids), seed=seed)


def _place(people: Columns, statistics: Statistics) -> Statistics:
    """Give artists without a direction one, then find the mean of the people's."""
    if not len(statistics.vectors):
        return statistics
    statistics = replace(statistics, taste_mean=_mean_direction(people, statistics))
    _, known = find(statistics.vectors.ids, statistics.artists.ids)
    if known.all():
        return statistics
    directions = measure(people, statistics).vectors.astype(np.float64)
    new = mean_vectors(statistics.artists.ids[~known], people.artists, directions)
    joined = replace(statistics, vectors=statistics.vectors.join(new))
    return replace(joined, taste_mean=_mean_direction(people, joined))


def _mean_direction(people: Columns, statistics: Statistics) -> Doubles:
    directions = unit(taste_sums(people, statistics))
    placed = directions.any(axis=1)
    if not placed.any():
        return np.zeros(DIMENSIONS)
    return np.asarray(directions[placed].mean(axis=0), np.float64)


def _sample(people: Columns, seed: int) -> Columns:
    listening = np.flatnonzero(people.has_artists())
    chosen = np.random.default_rng(seed).permutation(listening)[:SAMPLE_PEOPLE]
    return people.take(np.sort(chosen))
