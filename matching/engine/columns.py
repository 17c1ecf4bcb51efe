"""People in columns: the tastes of many, as a handful of flat arrays."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

import numpy as np

from matching.engine.arrays import Bools, Bytes8, Floats, Whole
from matching.engine.constants import AUDIO_DIMENSIONS
from matching.engine.ragged import Ragged, pointers_of
from matching.engine.taste import Taste


@dataclass(frozen=True, slots=True)
class Columns:
    """The tastes of n people, ascending by person id.

    person_ids     int64[n]
    artists        n rows of artist ids (ascending) and weights
    artist_places  uint8, one per entry of artists: rank − 1
    genres         n rows of genre ids (ascending) and weights
    audio          float32[n, 6], NaN where unknown
    tempo          float32[n, 2], low and high BPM, NaN where unknown
    """

    person_ids: Whole
    artists: Ragged
    artist_places: Bytes8
    genres: Ragged
    audio: Floats
    tempo: Floats

    @classmethod
    def of(cls, people: Iterable[tuple[int, Taste]]) -> Self:
        """Put people in columns; raise ValueError when an id comes twice."""
        ordered = sorted(people, key=lambda person: person[0])
        ids = np.array([person for person, _ in ordered], np.int64)
        if (np.diff(ids) == 0).any():
            raise ValueError("A person may appear only once.")
        tastes = [taste for _, taste in ordered]
        artist_orders = [np.argsort(taste.artist_ids) for taste in tastes]
        genre_orders = [np.argsort(taste.genre_ids) for taste in tastes]
        return cls(
            ids,
            _ragged([(t.artist_ids, t.artist_weights) for t in tastes], artist_orders),
            _flat(artist_orders, np.uint8),
            _ragged([(t.genre_ids, t.genre_weights) for t in tastes], genre_orders),
            _table([t.audio for t in tastes], len(AUDIO_DIMENSIONS)),
            _table([t.tempo_window for t in tastes], 2),
        )

    def __len__(self) -> int:
        return len(self.person_ids)

    def take(self, rows: Whole) -> Self:
        return type(self)(
            self.person_ids[rows],
            self.artists.take(rows),
            self.artist_places[self.artists.entries(rows)],
            self.genres.take(rows),
            self.audio[rows],
            self.tempo[rows],
        )

    def merge(self, other: Self) -> Self:
        """Put two groups of different people in one, ascending by person id."""
        both = type(self)(
            np.concatenate([self.person_ids, other.person_ids]),
            self.artists.join(other.artists),
            np.concatenate([self.artist_places, other.artist_places]),
            self.genres.join(other.genres),
            np.concatenate([self.audio, other.audio]),
            np.concatenate([self.tempo, other.tempo]),
        )
        return both.take(np.argsort(both.person_ids))

    def has_artists(self) -> Bools:
        return self.artists.lengths() > 0

    def has_audio(self) -> Bools:
        return np.asarray(np.isfinite(self.audio).all(axis=1), np.bool_)

    def taste(self, row: int) -> Taste:
        """Give back the taste a row was made of."""
        artists, genres = self.artists.span(row), self.genres.span(row)
        ranked = np.argsort(self.artist_places[artists])
        genre_ids = self.genres.ids[genres]
        genre_weights = self.genres.weights[genres]
        heaviest = np.lexsort((genre_ids, -genre_weights.astype(np.int64)))
        audio, tempo = self.audio[row], self.tempo[row]
        return Taste(
            self.artists.ids[artists][ranked],
            self.artists.weights[artists][ranked],
            genre_ids[heaviest],
            genre_weights[heaviest],
            audio.copy() if np.isfinite(audio).all() else None,
            (float(tempo[0]), float(tempo[1])) if np.isfinite(tempo).all() else None,
        )


def _flat(parts: list[np.ndarray], kind: type[np.generic]) -> np.ndarray:
    return np.concatenate([np.empty(0, kind), *parts], dtype=kind, casting="unsafe")


def _ragged(
    pairs: list[tuple[np.ndarray, np.ndarray]], orders: list[np.ndarray]
) -> Ragged:
    chosen = list(zip(pairs, orders, strict=True))
    return Ragged(
        pointers_of(np.array([len(order) for order in orders], np.int64)),
        _flat([ids[order] for (ids, _), order in chosen], np.uint32),
        _flat([weights[order] for (_, weights), order in chosen], np.uint8),
    )


def _table(
    values: list[Floats | None] | list[tuple[float, float] | None], width: int
) -> Floats:
    blank = (np.nan,) * width
    filled = [blank if value is None else value for value in values]
    return np.array(filled, np.float32).reshape(len(values), width)
