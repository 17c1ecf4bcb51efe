"""A community small enough to see, and the score written straight from its formula."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from operator import mul
from typing import Any

import numpy as np
import pytest

from matching.engine import (
    ArtistVectors,
    Index,
    RankedList,
    Taste,
    View,
    build_index,
    merge_ranks,
)

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
GENRES = {artist: (artist % 5, 5 + artist % 3) for artist in range(0, 40, 2)}


def make_taste(artists: Sequence[int], **extra: Any) -> Taste:
    ranked = RankedList("picked", "long_term", artists)
    return merge_ranks([ranked], genres_of=GENRES, **extra)


def make_index(tastes: dict[int, Taste], **options: Any) -> Index:
    return build_index(tastes.items(), watermark=3, built_at=NOW, **options)


def make_vectors(artists: int = 40) -> ArtistVectors:
    matrix = np.random.default_rng(1).standard_normal((artists, 64))
    matrix /= np.linalg.norm(matrix, axis=1)[:, None]
    ids = np.arange(artists, dtype=np.uint32)
    return ArtistVectors(ids, matrix.astype(np.float32))


def make_audio(person: int) -> list[float]:
    rng = np.random.default_rng(person)
    return [float(rng.uniform(80, 160)), *rng.random(4).tolist(), -8.0 - person % 5]


def make_crowd(size: int, *, artists: int = 40, full: bool = True) -> dict[int, Taste]:
    """People with 0 to 12 artists; every third without audio."""
    rng = np.random.default_rng(size)
    crowd = {}
    for person in range(100, 100 + size):
        count = int(rng.integers(0, 13))
        liked = (artists * rng.random(count) ** 2).astype(int)
        chosen = list(dict.fromkeys(liked.tolist()))
        audio = make_audio(person) if full and person % 3 else None
        window = (90.0, 100.0 + person % 40) if audio else None
        crowd[person] = make_taste(chosen, audio=audio, tempo_window=window)
    return crowd


class Oracle:
    """S of everyone with everyone: slow, float64, one loop for each sum."""

    def __init__(self, view: View) -> None:
        self.statistics = view.statistics
        self.tastes: dict[int, Taste] = {}
        self.known: dict[int, Known] = {}
        for layer in view.layers:
            rows = layer.segment.rows
            for row in np.flatnonzero(layer.visible).tolist():
                person = int(rows.person_ids[row])
                self.tastes[person] = rows.columns.taste(row)
                self.known[person] = self.know(rows, row)
        sample = view.index.sample.rows
        self.sampled = {
            int(person): self.know(sample, row)
            for row, person in enumerate(sample.person_ids)
        }
        self.reaches = {person: self.reach(person) for person in self.known}

    def know(self, rows: Any, row: int) -> "Known":
        taste = rows.columns.taste(row)
        vector, tones = rows.vectors[row], rows.tones[row]
        return Known(self.x(taste), self.g(taste), vector.tolist(), tones.tolist())

    def rarity(self, artist: int) -> float:
        listeners = self.count(self.statistics.artists, artist)
        ratio = (self.statistics.people + 50) / (listeners + 1)
        return float(ratio**0.3)

    def count(self, listeners: Any, number: int) -> int:
        known = zip(listeners.ids.tolist(), listeners.counts.tolist(), strict=True)
        counts: dict[int, int] = dict(known)
        return counts.get(number, 0)

    def x(self, taste: Taste) -> dict[int, float]:
        weights = dict(
            zip(taste.artist_ids.tolist(), taste.artist_weights.tolist(), strict=True)
        )
        length = math.sqrt(sum(w * w for w in weights.values()))
        norm = self.statistics.norm
        return {a: norm * w * self.rarity(a) / length for a, w in weights.items()}

    def g(self, taste: Taste) -> dict[int, float]:
        raw = {
            genre: weight
            * math.log(
                max(self.statistics.people, 1)
                / max(self.count(self.statistics.genres, genre), 1)
            )
            for genre, weight in zip(
                taste.genre_ids.tolist(), taste.genre_weights.tolist(), strict=True
            )
        }
        length = math.sqrt(sum(w * w for w in raw.values()))
        return {genre: w / length for genre, w in raw.items()} if length else {}

    def s(self, u: int, v: int) -> float:
        return self.unscaled(self.known[u], self.known[v])

    def unscaled(self, mine: "Known", theirs: "Known") -> float:
        related = sum(map(mul, mine.vector, theirs.vector)) / 2048**2
        audio = sum(map(mul, mine.tones, theirs.tones)) / 2048**2
        artists, genres = _dot(mine.x, theirs.x), _dot(mine.g, theirs.g)
        return float(artists + 0.10 * related + 0.03 * genres + 0.02 * audio)

    def reach(self, u: int) -> float:
        me = self.known[u]
        others = [self.unscaled(me, v) for p, v in self.sampled.items() if p != u]
        count = min(max(3, round(len(others) * 0.05)), len(others))
        median = self.statistics.median_reach
        closest = sorted(others, reverse=True)[:count]
        raw = sum(closest) / count if count else median
        people = self.statistics.people
        return (people * max(raw, median / 4) + 50 * median) / (people + 50)

    def similarity(self, u: int, v: int) -> float:
        return self.s(u, v) / math.sqrt(self.reaches[u] * self.reaches[v])


@dataclass
class Known:
    """x, g and the directions, in whole steps, of one person."""

    x: dict[int, float]
    g: dict[int, float]
    vector: list[int]
    tones: list[int]


def _dot(mine: dict[int, float], theirs: dict[int, float]) -> float:
    return math.fsum(mine[key] * theirs[key] for key in mine.keys() & theirs.keys())


class Kit:
    """Builders for the tests beside this file."""

    now = NOW
    taste = staticmethod(make_taste)
    index = staticmethod(make_index)
    vectors = staticmethod(make_vectors)
    audio = staticmethod(make_audio)
    crowd = staticmethod(make_crowd)
    oracle = Oracle


@pytest.fixture(scope="session")
def kit() -> type[Kit]:
    return Kit


@pytest.fixture(scope="session")
def crowd_view() -> View:
    """Forty people with vectors, genres and audio, five of them changed."""
    index = make_index(make_crowd(40), vectors=make_vectors())
    changes: dict[int, Taste | None] = {
        101: make_taste([1, 2, 3, 77], audio=make_audio(5)),
        102: make_taste([3, 2, 1, 77, 4]),
        103: None,
        500: make_taste([30, 8, 2, 1]),
        501: Taste.empty,
    }
    return index.view(changes)
