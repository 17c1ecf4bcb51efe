"""S of everyone with everyone, slowly: one loop for each sum of the formula.

What is rounded is rounded as the index keeps it: what sharing an artist or a genre is
worth in steps of 1/1024, directions in steps of 1/127, scales in float32. All else is
float64, added in the order the formula is written in, so that an exact engine gives
the same bits.
"""

import math
from collections.abc import Callable, Collection
from dataclasses import dataclass
from operator import mul
from typing import Any

import numpy as np

from matching.engine import Taste, View
from matching.engine.rows import Rows

WORDS = 2**64


def rounded(value: float) -> float:
    return float(np.float32(value))


@dataclass(frozen=True)
class Known:
    """One person's row: weights by id, scales, and directions in whole steps."""

    artists: dict[int, int]
    genres: dict[int, int]
    artist_scale: float
    genre_scale: float
    vector: list[int]
    tones: list[int]


class Oracle:
    """Everyone visible in a view, compared by brute force."""

    def __init__(self, view: View) -> None:
        self.statistics = view.statistics
        self.tastes: dict[int, Taste] = {}
        self.known: dict[int, Known] = {}
        for of in view.people:
            rows = of.scaled.rows
            hidden = set(of.hidden.tolist())
            for row, person in enumerate(rows.person_ids.tolist()):
                if row not in hidden:
                    assert person not in self.tastes
                    self.tastes[person] = rows.columns.taste(row)
                    self.known[person] = self.know(rows, row)
        sample = view.index.reach.sample
        self.sampled = {
            person: self.know(sample, row)
            for row, person in enumerate(sample.person_ids.tolist())
        }
        self.closeness = {
            person: rounded(1 / math.sqrt(self.reach(person))) for person in self.known
        }

    def know(self, rows: Rows, row: int) -> Known:
        taste = rows.columns.taste(row)
        artists = weights_of(taste.artist_ids, taste.artist_weights)
        genres = weights_of(taste.genre_ids, taste.genre_weights)
        directions = rows.direction(row).tolist()
        return Known(
            artists,
            genres,
            rounded(self.statistics.norm * inverse(length(artists, lambda _: 1.0))),
            rounded(inverse(length(genres, self.genre_worth))),
            directions[:48],
            directions[48:],
        )

    def artist_worth(self, artist: int) -> float:
        """rarity²"""
        listeners = count_of(self.statistics.artists, artist)
        ratio = (self.statistics.people + 50) / (listeners + 1)
        return round(ratio**0.6 * 1024) / 1024

    def genre_worth(self, genre: int) -> float:
        people = max(count_of(self.statistics.genres, genre), 1)
        return (
            round(math.log(max(self.statistics.people, 1) / people) ** 2 * 1024) / 1024
        )

    def artists(self, u: Known, v: Known) -> float:
        """The artists' part of s(u, v)."""
        return common(u.artists, v.artists, self.artist_worth) * (
            u.artist_scale * v.artist_scale
        )

    def unscaled(self, u: Known, v: Known) -> float:
        """s(u, v)"""
        vectors, tones = dot(u.vector, v.vector), dot(u.tones, v.tones)
        genres = common(u.genres, v.genres, self.genre_worth)
        total = self.artists(u, v)
        total += 0.02 / 127**2 * (5 * vectors + tones)
        return total + 0.03 * (genres * (u.genre_scale * v.genre_scale))

    def s(self, u: int, v: int) -> float:
        return self.unscaled(self.known[u], self.known[v])

    def towards_sample(self, u: Known, v: Known) -> float:
        """What reach is measured by: artists and vectors only."""
        shared = common(u.artists, v.artists, self.artist_worth)
        artists = rounded(rounded(shared) * rounded(u.artist_scale * v.artist_scale))
        related = rounded(rounded(0.10 / 127**2) * dot(u.vector, v.vector))
        return rounded(artists + related)

    def raw_reach(self, me: Known, person: int) -> float | None:
        others = [
            self.towards_sample(me, them)
            for sampled, them in self.sampled.items()
            if sampled != person
        ]
        count = min(max(3, round(len(others) * 0.05)), len(others))
        closest = sorted(others, reverse=True)[:count]
        return math.fsum(closest) / count if count else None

    def reach(self, person: int) -> float:
        median = self.statistics.median_reach
        raw = self.raw_reach(self.known[person], person)
        floored = max(median if raw is None else raw, median / 4)
        weight = 50 / (50 + self.statistics.people)
        return (1 - weight) * floored + weight * median

    def similarity(self, u: int, v: int) -> float:
        return self.s(u, v) * (self.closeness[u] * self.closeness[v])

    def shared(self, u: int, v: int) -> int:
        return len(self.known[u].artists.keys() & self.known[v].artists.keys())

    def closest(
        self,
        viewer: int,
        *,
        passes: Callable[[int], bool] = lambda person: True,
        unknown: Collection[int] = (),
        least: float = 0.0,
    ) -> list[tuple[int, float]]:
        """Everyone with S > 0 who passes, closest first, with S."""
        found = [
            (person, self.similarity(viewer, person))
            for person in self.known
            if person != viewer and person not in unknown and passes(person)
        ]
        listed = [(p, s) for p, s in found if s > 0 and s >= least]
        return sorted(listed, key=lambda of: (-of[1], tie(viewer, of[0])))


def weights_of(ids: Any, weights: Any) -> dict[int, int]:
    return dict(zip(ids.tolist(), weights.tolist(), strict=True))


def length(weights: dict[int, int], worth: Callable[[int], float]) -> float:
    return math.sqrt(math.fsum(w * w * worth(key) for key, w in weights.items()))


def inverse(value: float) -> float:
    return 1 / value if value else 0.0


def count_of(listeners: Any, number: int) -> int:
    at = int(np.searchsorted(listeners.ids, number))
    known = at < len(listeners.ids) and listeners.ids[at] == number
    return int(listeners.counts[at]) if known else 0


def common(
    mine: dict[int, int], theirs: dict[int, int], worth: Callable[[int], float]
) -> float:
    """Σ over what both have; a sum of whole steps, so exact in any order."""
    return math.fsum(
        mine[k] * theirs[k] * worth(k) for k in mine.keys() & theirs.keys()
    )


def dot(mine: list[int], theirs: list[int]) -> int:
    return sum(map(mul, mine, theirs))


def tie(viewer: int, person: int) -> int:
    """Who comes first of two with equal S: SplitMix64's finaliser over both ids."""
    value = person * 0xD1342543DE82EF95 % WORDS ^ viewer * 0x9E3779B97F4A7C15 % WORDS
    value = (value ^ value >> 30) * 0xBF58476D1CE4E5B9 % WORDS
    value = (value ^ value >> 27) * 0x94D049BB133111EB % WORDS
    return value ^ value >> 31
