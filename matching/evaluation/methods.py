"""The product's score and the ones it is compared with, one function each.

A method takes a data set and gives back a scorer: numbers of people in, float64 of
people × everyone out, higher for someone who should come first.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime

import numpy as np
import scipy.sparse as sp

from matching.engine import RankedList, Taste, build_index, merge_ranks, scan
from matching.engine.arrays import Doubles, Whole
from matching.engine.hashing import mixed
from matching.evaluation.dataset import Dataset

Scorer = Callable[[Whole], Doubles]
Method = Callable[[Dataset, int], Scorer]

_MOST_PEOPLE = 2**32
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_JACCARD_SHARE, _GENRE_SHARE, _AUDIO_SHARE = 0.4, 0.2, 0.4


# --- Product --------------------------------------------------------------


def product(data: Dataset, seed: int) -> Scorer:
    """S by the product's own path: merged ranks, index, scan."""
    index = build_index(enumerate(_tastes(data)), watermark=0, built_at=_EPOCH)
    view = index.view()

    def scores(people: Whole) -> Doubles:
        result = np.zeros((len(people), len(data)))
        for row, person in enumerate(people.tolist()):
            board = scan(view, person)
            result[row, board.person_ids] = board.similarity
        return result

    return scores


def _tastes(data: Dataset) -> list[Taste]:
    centroids = _centroids(data)
    return [
        merge_ranks(
            _ranked_lists(data, person), genres_of=data.genres, audio=centroids[person]
        )
        for person in range(len(data))
    ]


def _ranked_lists(data: Dataset, person: int) -> list[RankedList]:
    """One list; artists without an order are each first in a list of their own."""
    span = data.lists.of(person)
    artists = data.lists.artists[span].tolist()
    if data.lists.ranks[span].max(initial=0) < len(artists):
        return [RankedList(str(n), "long_term", [a]) for n, a in enumerate(artists)]
    return [RankedList("list", "long_term", artists)] if artists else []


def _centroids(data: Dataset) -> Doubles:
    """Mean audio of each person's artists: float64[n, 6], NaN where unknown."""
    audio, lists = data.audio, data.lists
    people = np.repeat(np.arange(len(data)), lists.lengths())
    result = np.full((len(data), audio.shape[1]), np.nan)
    for column in range(audio.shape[1]):
        heard = audio[lists.artists, column]
        known = np.isfinite(heard)
        sums = np.bincount(people[known], heard[known], len(data))
        counts = np.bincount(people[known], minlength=len(data))
        np.divide(sums, counts, out=result[:, column], where=counts > 0)
    return result


# --- Others ---------------------------------------------------------------


def predecessor(data: Dataset, seed: int) -> Scorer:
    """The hobby predecessor's score: .4 artists + .2 genres + .4 audio.

    Jaccard of the artists, Jaccard of all their genres, and 1 − root mean square of the
    differences of the mean audio, each dimension scaled by the smallest and the largest
    value of an artist. A part that one of the two lacks is 0.
    """
    parts = [(_JACCARD_SHARE, _jaccard(_artist_sets(data)))]
    if data.genres:
        parts.append((_GENRE_SHARE, _jaccard(_genre_sets(data))))
    if np.isfinite(data.audio).any():
        parts.append((_AUDIO_SHARE, _audio_affinity(data)))

    def scores(people: Whole) -> Doubles:
        result = np.zeros((len(people), len(data)))
        for share, part in parts:
            result += share * part(people)
        return result

    return scores


def jaccard(data: Dataset, seed: int) -> Scorer:
    """Shared artists over artists of either."""
    return _jaccard(_artist_sets(data))


def tfidf(data: Dataset, seed: int) -> Scorer:
    """Cosine of 1 / log2(1 + rank) · ln(N / listeners)."""
    sets = _artist_sets(data)
    listeners = np.maximum(sets.sum(axis=0), 1)
    people = max(int((data.lists.lengths() > 0).sum()), 1)
    weights = np.log(people / listeners)[data.lists.artists]
    weights /= np.log2(1 + data.lists.ranks)
    lengths = np.sqrt(_sums(data, np.square(weights)))
    inverse = np.divide(1.0, lengths, out=np.zeros_like(lengths), where=lengths > 0)
    rows = sp.csr_array((weights, sets.indices, sets.indptr), shape=sets.shape)
    rows.data *= np.repeat(inverse, data.lists.lengths())
    turned = rows.T.tocsr()

    def scores(people: Whole) -> Doubles:
        return np.asarray((rows[people] @ turned).toarray(), np.float64)

    return scores


def popularity(data: Dataset, seed: int) -> Scorer:
    """The same order for everyone: whose artists have the most listeners on average."""
    listeners = np.bincount(data.lists.artists, minlength=data.artist_count)
    sums = _sums(data, listeners[data.lists.artists].astype(np.float64))
    means = sums / np.maximum(data.lists.lengths(), 1)

    def scores(people: Whole) -> Doubles:
        return np.tile(means, (len(people), 1))

    return scores


def random(data: Dataset, seed: int) -> Scorer:
    """An order by chance, another for each person, the same for the same seed."""
    everyone = np.arange(len(data))

    def scores(people: Whole) -> Doubles:
        # Another seed for each person, and none that orders equals.
        seeds = people + (seed + 1) * _MOST_PEOPLE
        drawn = [mixed(int(own), everyone) for own in seeds]
        return np.array(drawn, np.float64).reshape(len(people), len(data))

    return scores


METHODS: Mapping[str, Method] = {
    "product": product,
    "predecessor": predecessor,
    "jaccard": jaccard,
    "tfidf": tfidf,
    "popularity": popularity,
    "random": random,
}


def _artist_sets(data: Dataset) -> sp.csr_array:
    """Who has which artist: ones, people × artists."""
    lists = data.lists
    ones = np.ones(len(lists.artists))
    shape = (len(data), data.artist_count)
    return sp.csr_array((ones, lists.artists, lists.pointers), shape=shape)


def _genre_sets(data: Dataset) -> sp.csr_array:
    """Who has an artist of which genre: ones, people × genres."""
    pairs = [(a, genre) for a, genres in data.genres.items() for genre in genres]
    artists, genres = np.array(pairs, np.int64).reshape(-1, 2).T
    shape = (data.artist_count, int(genres.max(initial=-1)) + 1)
    tags = sp.csr_array((np.ones(len(pairs)), (artists, genres)), shape=shape)
    found = sp.csr_array(_artist_sets(data) @ tags)
    found.data[:] = 1.0
    return found


def _jaccard(sets: sp.csr_array) -> Scorer:
    sizes = np.diff(sets.indptr).astype(np.float64)
    turned = sets.T.tocsr()

    def scores(people: Whole) -> Doubles:
        shared = np.asarray((sets[people] @ turned).toarray(), np.float64)
        either = sizes[people][:, None] + sizes - shared
        return np.divide(shared, either, out=shared, where=either > 0)

    return scores


def _audio_affinity(data: Dataset) -> Scorer:
    """1 − root mean square difference over the dimensions the data set knows."""
    known = np.isfinite(data.audio).any(axis=0)
    audio = data.audio[:, known]
    low, high = np.nanmin(audio, axis=0), np.nanmax(audio, axis=0)
    spread = np.where(high > low, high - low, 1.0)
    placed = (_centroids(data)[:, known] - low) / spread
    whole = np.isfinite(placed).all(axis=1)
    placed[~whole] = 0.0
    squares = np.square(placed).sum(axis=1)

    def scores(people: Whole) -> Doubles:
        gaps = squares[people][:, None] + squares - 2 * (placed[people] @ placed.T)
        affinity = 1 - np.sqrt(np.maximum(gaps, 0.0) / placed.shape[1])
        both = whole[people][:, None] & whole
        return np.where(both, np.maximum(affinity, 0.0), 0.0)

    return scores


def _sums(data: Dataset, values: Doubles) -> Doubles:
    """Add one value of each entry up by person: float64[n]."""
    people = np.repeat(np.arange(len(data)), data.lists.lengths())
    sums: Doubles = np.bincount(people, values, len(data)).astype(np.float64)
    return sums
