"""The score written straight from its formula: slow, in float64, nobody left out.

Nothing of the search is used: neither the inverted lists nor bounds. What a generation
has frozen (counts, vectors, each person's scales and directions) is taken as it stands;
`measures` computes that again from people's tastes.
"""

from dataclasses import dataclass

import numpy as np

from matching.engine import UnknownPerson, View
from matching.engine.arrays import Doubles, Ids, Whole
from matching.engine.constants import (
    AUDIO_SHARE,
    DIMENSIONS,
    GENRE_SHARE,
    RARITY_EXPONENT,
    RARITY_PEOPLE,
    RELATED_SHARE,
    STEPS,
    WORTH_STEPS,
)
from matching.engine.ragged import Ragged
from matching.engine.rows import Rows
from matching.engine.statistics import Listeners, Statistics

_2_64 = 2**64


@dataclass(frozen=True, slots=True)
class Everyone:
    """One person compared with everyone else visible; arrays are aligned.

    person_ids  int64[n], ascending
    similarity  float64[n], S
    shared      int64[n], number of shared artists
    """

    viewer_id: int
    person_ids: Whole
    similarity: Doubles
    shared: Whole


@dataclass(frozen=True, slots=True)
class _Part:
    rows: Rows
    closeness: Doubles
    visible: Whole


class BruteForce:
    """A view asked the slow way."""

    def __init__(self, view: View) -> None:
        self.statistics = view.statistics
        self._parts = [
            _Part(
                group.scaled.rows,
                group.scaled.closeness.astype(np.float64),
                np.setdiff1d(np.arange(len(group.scaled)), group.hidden),
            )
            for group in view.people
        ]

    def compare(self, viewer_id: int) -> Everyone:
        """Compare one person with everyone; raises ``UnknownPerson``."""
        part, row = self._find(viewer_id)
        viewer = Viewer(part.rows, row, self.statistics)
        closeness = float(part.closeness[row])
        found = []
        for other in self._parts:
            unscaled, shared = viewer.unscaled(other.rows)
            similarity = unscaled * (closeness * other.closeness)
            columns = (other.rows.person_ids, similarity, shared)
            found.append([column[other.visible] for column in columns])
        ids, values, counts = (np.concatenate(c) for c in zip(*found, strict=True))
        order = np.argsort(ids)
        order = order[ids[order] != viewer_id]
        return Everyone(viewer_id, ids[order], values[order], counts[order])

    def _find(self, person_id: int) -> tuple[_Part, int]:
        for part in self._parts:
            for row in np.flatnonzero(part.rows.person_ids == person_id).tolist():
                if row in part.visible:
                    return part, row
        raise UnknownPerson(person_id)


class Viewer:
    """One person's side of the sum s(u, v)."""

    def __init__(self, rows: Rows, row: int, statistics: Statistics) -> None:
        columns = rows.columns
        self._artists = _worths(
            columns.artists, row, artist_worth(statistics, columns.artists, row)
        )
        self._genres = _worths(
            columns.genres, row, genre_worth(statistics, columns.genres, row)
        )
        self._artist_scale = float(rows.artist_scale[row])
        self._genre_scale = float(rows.genre_scale[row])
        self._direction = rows.direction(row).astype(np.float64)

    def unscaled(self, others: Rows) -> tuple[Doubles, Whole]:
        """Compute s(u, v) for these rows, and how many artists are shared."""
        sums, shared = self._artist_sums(others)
        genres, _ = _sums(*self._genres, others.columns.genres)
        scales = self._genre_scale * others.genre_scale.astype(np.float64)
        related, tones = self._products(others)
        total = sums + related + GENRE_SHARE * (genres * scales) + tones
        return total, shared

    def by_music(self, others: Rows) -> Doubles:
        """The part of s(u, v) that reach is measured by: artists and vectors."""
        return self._artist_sums(others)[0] + self._products(others)[0]

    def _artist_sums(self, others: Rows) -> tuple[Doubles, Whole]:
        sums, shared = _sums(*self._artists, others.columns.artists)
        scales = self._artist_scale * others.artist_scale.astype(np.float64)
        return sums * scales, shared

    def _products(self, others: Rows) -> tuple[Doubles, Doubles]:
        """The parts of the artist vectors and of audio."""
        directions, mine = others.directions.astype(np.float64), self._direction
        vectors = directions[:, :DIMENSIONS] @ mine[:DIMENSIONS]
        tones = directions[:, DIMENSIONS:] @ mine[DIMENSIONS:]
        return RELATED_SHARE / STEPS**2 * vectors, AUDIO_SHARE / STEPS**2 * tones


def _worths(lists: Ragged, row: int, worth: Doubles) -> tuple[Ids, Doubles]:
    """One person's ids ascending, and weight · worth of each."""
    span = lists.span(row)
    order = np.argsort(lists.ids[span])
    return lists.ids[span][order], (lists.weights[span] * worth)[order]


def _sums(ids: Ids, values: Doubles, lists: Ragged) -> tuple[Doubles, Whole]:
    """Sum value · weight over what each row shares, and count it."""
    shared = np.flatnonzero(np.isin(lists.ids, ids))
    rows = np.searchsorted(lists.pointers, shared, side="right") - 1
    at = np.searchsorted(ids, lists.ids[shared])
    sums = np.bincount(rows, values[at] * lists.weights[shared], len(lists))
    return sums.astype(np.float64), np.bincount(rows, minlength=len(lists))


def listeners_of(counted: Listeners, lists: Ragged, row: int) -> list[int]:
    """How many people have each id of a row; 0 for one nobody had."""
    counts = []
    for number in lists.ids[lists.span(row)].tolist():
        at = int(np.searchsorted(counted.ids, number))
        known = at < len(counted.ids) and counted.ids[at] == number
        counts.append(int(counted.counts[at]) if known else 0)
    return counts


def artist_worth(statistics: Statistics, lists: Ragged, row: int) -> Doubles:
    """Rarity squared, ((N + 50) / (n_a + 1))^0.6, in steps of 1/1024."""
    counts = np.array(listeners_of(statistics.artists, lists, row), np.float64)
    ratio = (statistics.people + RARITY_PEOPLE) / (counts + 1)
    return _in_steps(ratio ** (2 * RARITY_EXPONENT))


def genre_worth(statistics: Statistics, lists: Ragged, row: int) -> Doubles:
    """ln(N / n_g)², in steps of 1/1024."""
    counts = np.array(listeners_of(statistics.genres, lists, row), np.float64)
    return _in_steps(np.log(max(statistics.people, 1) / np.maximum(counts, 1)) ** 2)


def _in_steps(worth: Doubles) -> Doubles:
    return np.asarray(np.round(worth * WORTH_STEPS) / WORTH_STEPS, np.float64)


def tie(viewer_id: int, person_id: int) -> int:
    """What orders people of equal S: both ids stirred as SplitMix64 does."""
    value = person_id * 0xD1342543DE82EF95 % _2_64
    value ^= viewer_id * 0x9E3779B97F4A7C15 % _2_64
    value = (value ^ value >> 30) * 0xBF58476D1CE4E5B9 % _2_64
    value = (value ^ value >> 27) * 0x94D049BB133111EB % _2_64
    return value ^ value >> 31
