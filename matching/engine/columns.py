"""People in columns: the tastes of many, as a handful of flat arrays."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Self

import numpy as np

from matching.engine.arrays import Bools, Codes, Floats, Seconds, Whole
from matching.engine.constants import AUDIO_DIMENSIONS
from matching.engine.ragged import Ragged, pointers_of
from matching.engine.taste import Taste


class Facets(NamedTuple):
    """What a board can be narrowed by beside taste.

    country    two capital letters, "" when unknown
    active_at  seconds since 1970, 0 when unknown
    """

    country: str = ""
    active_at: int = 0


NO_FACETS: Mapping[int, Facets] = {}


def country_code(country: str) -> int:
    """Write two letters as one number; 0 for no country."""
    return int.from_bytes(country.encode("ascii", "replace")[:2].ljust(2, b"\0"))


@dataclass(frozen=True, slots=True)
class Columns:
    """The tastes of n people, ascending by person id.

    person_ids  int64[n]
    artists     n rows of artist ids and weights, in the order of rank
    genres      n rows of genre ids and weights, heaviest first
    audio       float32[n, 6], NaN where unknown
    tempo       float32[n, 2], low and high BPM, NaN where unknown
    country     uint16[n], see country_code
    active_at   uint32[n], seconds since 1970
    """

    person_ids: Whole
    artists: Ragged
    genres: Ragged
    audio: Floats
    tempo: Floats
    country: Codes
    active_at: Seconds

    @classmethod
    def of(
        cls,
        people: Iterable[tuple[int, Taste]],
        facets: Mapping[int, Facets] = NO_FACETS,
    ) -> Self:
        """Put people in columns; raise ValueError when an id comes twice."""
        ordered = sorted(people, key=lambda person: person[0])
        tastes = [taste for _, taste in ordered]
        known = [facets.get(person, Facets()) for person, _ in ordered]
        columns = cls(
            np.array([person for person, _ in ordered], np.int64),
            _ragged([(t.artist_ids, t.artist_weights) for t in tastes]),
            _ragged([(t.genre_ids, t.genre_weights) for t in tastes]),
            _table([t.audio for t in tastes], len(AUDIO_DIMENSIONS)),
            _table([t.tempo_window for t in tastes], 2),
            np.array([country_code(of.country) for of in known], np.uint16),
            np.array([of.active_at for of in known], np.uint32),
        )
        columns.require_once()
        return columns

    def require_once(self) -> None:
        """Raise ValueError unless the ids ascend, each there once."""
        if (np.diff(self.person_ids) <= 0).any():
            raise ValueError("A person may appear only once.")

    def __len__(self) -> int:
        return len(self.person_ids)

    def take(self, rows: Whole) -> Self:
        return type(self)(
            self.person_ids[rows],
            self.artists.take(rows),
            self.genres.take(rows),
            self.audio[rows],
            self.tempo[rows],
            self.country[rows],
            self.active_at[rows],
        )

    def part(self, start: int, stop: int) -> Self:
        """Rows start to stop, without copying them."""
        return type(self)(
            self.person_ids[start:stop],
            self.artists.part(start, stop),
            self.genres.part(start, stop),
            self.audio[start:stop],
            self.tempo[start:stop],
            self.country[start:stop],
            self.active_at[start:stop],
        )

    @classmethod
    def join(cls, parts: Sequence[Self]) -> Self:
        """Put groups of different people in one, ascending by person id."""
        first = cls.of(())
        every = [first, *parts]
        joined = cls(
            np.concatenate([part.person_ids for part in every]),
            Ragged.join([part.artists for part in every]),
            Ragged.join([part.genres for part in every]),
            np.concatenate([part.audio for part in every]),
            np.concatenate([part.tempo for part in every]),
            np.concatenate([part.country for part in every]),
            np.concatenate([part.active_at for part in every]),
        )
        if (np.diff(joined.person_ids) > 0).all():
            return joined
        return joined.take(np.argsort(joined.person_ids, kind="stable"))

    def has_artists(self) -> Bools:
        return np.asarray(self.artists.pointers[1:] > self.artists.pointers[:-1])

    def has_audio(self) -> Bools:
        return np.asarray(np.isfinite(self.audio).all(axis=1), np.bool_)

    def taste(self, row: int) -> Taste:
        """Give back the taste a row was made of."""
        artists, genres = self.artists.span(row), self.genres.span(row)
        audio, tempo = self.audio[row], self.tempo[row]
        return Taste(
            self.artists.ids[artists].copy(),
            self.artists.weights[artists].copy(),
            self.genres.ids[genres].copy(),
            self.genres.weights[genres].copy(),
            audio.copy() if np.isfinite(audio).all() else None,
            (float(tempo[0]), float(tempo[1])) if np.isfinite(tempo).all() else None,
        )


def _ragged(pairs: list[tuple[np.ndarray, np.ndarray]]) -> Ragged:
    ids = [np.empty(0, np.uint32), *(ids for ids, _ in pairs)]
    weights = [np.empty(0, np.uint8), *(weights for _, weights in pairs)]
    lengths = np.array([len(ids) for ids, _ in pairs], np.int64)
    return Ragged(pointers_of(lengths), np.concatenate(ids), np.concatenate(weights))


def _table(
    values: list[Floats | None] | list[tuple[float, float] | None], width: int
) -> Floats:
    blank = (np.nan,) * width
    filled = [blank if value is None else value for value in values]
    return np.array(filled, np.float32).reshape(len(values), width)
