"""Many packed tastes read at once, straight into columns."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from matching.engine.arrays import Bools, Bytes8, Floats, Seconds, Whole
from matching.engine.columns import Columns, country_code
from matching.engine.constants import (
    AUDIO_DIMENSIONS,
    HEAVIEST,
    MOST_ARTISTS,
    MOST_GENRES,
)
from matching.engine.ragged import Ragged, pointers_of, runs
from matching.engine.taste import HAS_AUDIO, HAS_TEMPO, HEADER, MAGIC, PACK_VERSION

_AUDIO_BYTES = 4 * len(AUDIO_DIMENSIONS)
_TEMPO_BYTES = 8


@dataclass(frozen=True, slots=True)
class _Layout:
    """Where everything stands in the joined bytes of tastes, one entry for each."""

    artists: Whole
    genres: Whole
    has_audio: Bools
    has_tempo: Bools
    starts: Whole

    @property
    def genre_starts(self) -> Whole:
        return self.starts + HEADER.size + 5 * self.artists

    @property
    def audio_starts(self) -> Whole:
        return self.genre_starts + 5 * self.genres

    @property
    def tempo_starts(self) -> Whole:
        return self.audio_starts + _AUDIO_BYTES * self.has_audio

    @property
    def ends(self) -> Whole:
        return self.tempo_starts + _TEMPO_BYTES * self.has_tempo

    def take(self, rows: Whole) -> "_Layout":
        return _Layout(
            self.artists[rows],
            self.genres[rows],
            self.has_audio[rows],
            self.has_tempo[rows],
            self.starts[rows],
        )


def read_blobs(
    person_ids: Sequence[int],
    blobs: Sequence[bytes],
    countries: Sequence[str],
    active_at: Seconds,
) -> tuple[Columns, Whole]:
    """Read the bytes of `pack` of many people, ids ascending.

    Returns the columns of those that can be read, and the positions of the others.
    What is checked is what `unpack` checks, but for ids that come twice.
    """
    lengths = np.fromiter(map(len, blobs), np.int64, len(blobs))
    data = np.frombuffer(b"".join(blobs) + bytes(HEADER.size), np.uint8)
    layout, readable = _layout(data, lengths)
    kept = np.flatnonzero(readable)
    layout = layout.take(kept)
    artists = _lists(data, layout.starts + HEADER.size, layout.artists)
    genres = _lists(data, layout.genre_starts, layout.genres)
    columns = Columns(
        np.asarray(person_ids, np.int64)[kept],
        artists,
        genres,
        _numbers(data, layout.audio_starts, layout.has_audio, len(AUDIO_DIMENSIONS)),
        _numbers(data, layout.tempo_starts, layout.has_tempo, 2),
        np.fromiter(map(country_code, countries), np.uint16, len(blobs))[kept],
        active_at[kept],
    )
    sound = _are_sound(columns, layout)
    if not sound.all():
        columns = columns.take(np.flatnonzero(sound))
    return columns, np.setdiff1d(np.arange(len(blobs)), kept[sound])


def _layout(data: Bytes8, lengths: Whole) -> tuple[_Layout, Bools]:
    ends = np.cumsum(lengths)
    starts = ends - lengths
    # Shorter than a header reads on into the next one: the length then does not fit.
    heads = data[starts[:, None] + np.arange(HEADER.size)]
    flags, artists, genres = heads[:, 3], heads[:, 4], heads[:, 5]
    layout = _Layout(
        artists.astype(np.int64),
        genres.astype(np.int64),
        (flags & HAS_AUDIO) > 0,
        (flags & HAS_TEMPO) > 0,
        starts,
    )
    expected = np.frombuffer(MAGIC + bytes([PACK_VERSION]), np.uint8)
    readable = (heads[:, :3] == expected).all(axis=1)
    readable &= (flags & ~np.uint8(HAS_AUDIO | HAS_TEMPO)) == 0
    readable &= (artists <= MOST_ARTISTS) & (genres <= MOST_GENRES)
    readable &= layout.ends == ends
    return layout, readable


def _lists(data: Bytes8, starts: Whole, lengths: Whole) -> Ragged:
    """Ids of four bytes each, then a weight of one byte each."""
    ids = data[runs(starts, 4 * lengths)].view("<u4").astype(np.uint32, copy=False)
    weights = data[runs(starts + 4 * lengths, lengths)]
    return Ragged(pointers_of(lengths), ids, weights)


def _numbers(data: Bytes8, starts: Whole, there: Bools, width: int) -> Floats:
    table = np.full((len(starts), width), np.nan, np.float32)
    at = starts[there][:, None] + np.arange(4 * width)
    table[there] = data[at].view("<f4")
    return table


def _are_sound(columns: Columns, layout: _Layout) -> Bools:
    """Weights 1..250; audio and tempo, where there, finite; tempo from low to high."""
    sound = np.ones(len(columns), np.bool_)
    for lists in (columns.artists, columns.genres):
        wrong = (lists.weights < 1) | (lists.weights > HEAVIEST)
        if wrong.any():
            at = np.searchsorted(lists.pointers, np.flatnonzero(wrong), side="right")
            sound[at - 1] = False
    sound &= np.isfinite(columns.audio).all(axis=1) | ~layout.has_audio
    low, high = columns.tempo.T
    is_window = np.isfinite(low) & np.isfinite(high) & (low <= high)
    sound &= is_window | ~layout.has_tempo
    return sound
