"""One person's taste: ranked lists merged into small whole-number weights."""

import math
import struct
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import ClassVar, Self

import numpy as np

from matching.engine.arrays import Bytes8, Floats, Ids
from matching.engine.constants import (
    AUDIO_DIMENSIONS,
    HEAVIEST,
    MOST_ARTISTS,
    MOST_GENRES,
    RANGE_SHARES,
)

HEADER = struct.Struct("<2sBBBB")
MAGIC = b"MT"
PACK_VERSION = 1
HAS_AUDIO = 1
HAS_TEMPO = 2


class CorruptTaste(ValueError):
    """The bytes are not a taste this version can read."""


@dataclass(frozen=True, slots=True)
class RankedList:
    """Artists of one source in one time range, best first; rank = position + 1."""

    source: str
    time_range: str
    artist_ids: Sequence[int]


@dataclass(frozen=True, slots=True, eq=False)
class Taste:
    """What the score knows of one person.

    artist_ids       uint32[n], heaviest first, n ≤ 150: position + 1 is the rank
    artist_weights   uint8[n], 1..250
    genre_ids        uint32[m], heaviest first, m ≤ 30
    genre_weights    uint8[m], 1..250
    audio            float32[6] in the order of AUDIO_DIMENSIONS, or None
    tempo_window     the middle half of the person's tempos in BPM, or None

    Raises ValueError for lengths, weights, repeated ids or audio out of these bounds.
    """

    artist_ids: Ids
    artist_weights: Bytes8
    genre_ids: Ids
    genre_weights: Bytes8
    audio: Floats | None = None
    tempo_window: tuple[float, float] | None = None

    empty: ClassVar[Self]

    def __post_init__(self) -> None:
        _require_weighted(self.artist_ids, self.artist_weights, MOST_ARTISTS)
        _require_weighted(self.genre_ids, self.genre_weights, MOST_GENRES)
        if self.audio is not None and (
            self.audio.shape != (len(AUDIO_DIMENSIONS),)
            or not np.isfinite(self.audio).all()
        ):
            raise ValueError("Audio needs six finite numbers.")
        if self.tempo_window is not None and not _is_window(self.tempo_window):
            raise ValueError("A tempo window runs from a low to a high BPM.")

    def __len__(self) -> int:
        return len(self.artist_ids)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Taste) and pack(self) == pack(other)

    def __hash__(self) -> int:
        return hash(pack(self))


def _require_weighted(ids: Ids, weights: Bytes8, most: int) -> None:
    if ids.ndim != 1 or ids.shape != weights.shape or len(ids) > most:
        raise ValueError(f"Ids and weights must pair up, at most {most} of them.")
    if ids.dtype != np.uint32 or weights.dtype != np.uint8:
        raise ValueError("Ids are uint32 and weights uint8.")
    if len(np.unique(ids)) != len(ids):
        raise ValueError("An id may appear only once.")
    if len(weights) and not 1 <= weights.min() <= weights.max() <= HEAVIEST:
        raise ValueError(f"Weights run from 1 to {HEAVIEST}.")


def _is_window(window: tuple[float, float]) -> bool:
    low, high = window
    return math.isfinite(low) and math.isfinite(high) and low <= high


Taste.empty = Taste(
    np.empty(0, np.uint32),
    np.empty(0, np.uint8),
    np.empty(0, np.uint32),
    np.empty(0, np.uint8),
)


def merge_ranks(
    lists: Iterable[RankedList],
    *,
    genres_of: Mapping[int, Sequence[int]],
    audio: Sequence[float] | Floats | None = None,
    tempo_window: tuple[float, float] | None = None,
) -> Taste:
    """Merge ranked lists of any sources and time ranges into one taste.

    Rank r weighs 1 / log2(1 + r); within a range the best source counts; ranges count
    .6 / .3 / .1 (long, medium, short), renormalised over those that have any artist.
    Audio or a tempo window with a number that is not finite counts as absent.

    Raises ValueError for an unknown time range.
    """
    ranks = _best_ranks(lists)
    weights = _blend(ranks)
    longest = next((ranks[name] for name in RANGE_SHARES if name in ranks), {})
    artists = sorted(weights, key=lambda a: (-weights[a], longest.get(a, math.inf), a))[
        :MOST_ARTISTS
    ]
    genres = _spread({a: weights[a] for a in artists}, genres_of)
    heaviest_genres = sorted(genres, key=lambda g: (-genres[g], g))[:MOST_GENRES]
    return Taste(
        np.array(artists, np.uint32),
        _whole([weights[a] for a in artists]),
        np.array(heaviest_genres, np.uint32),
        _whole([genres[g] for g in heaviest_genres]),
        _finite_audio(audio),
        _finite_window(tempo_window),
    )


def _best_ranks(lists: Iterable[RankedList]) -> dict[str, dict[int, int]]:
    best: dict[str, dict[int, int]] = {}
    for ranked in lists:
        if ranked.time_range not in RANGE_SHARES:
            raise ValueError(f"Unknown time range {ranked.time_range!r}.")
        for rank, artist in enumerate(ranked.artist_ids, start=1):
            known = best.setdefault(ranked.time_range, {})
            known[artist] = min(rank, known.get(artist, rank))
    return best


def _blend(ranks: Mapping[str, Mapping[int, int]]) -> dict[int, float]:
    whole = sum(RANGE_SHARES[name] for name in ranks)
    blended: dict[int, float] = {}
    for name in RANGE_SHARES:
        for artist, rank in ranks.get(name, {}).items():
            weight = RANGE_SHARES[name] / whole / math.log2(1 + rank)
            blended[artist] = blended.get(artist, 0.0) + weight
    # Twelve decimals: two artists with the same ranks must tie, whatever was added
    # first.
    return {artist: round(weight, 12) for artist, weight in blended.items()}


def _spread(
    weights: Mapping[int, float], genres_of: Mapping[int, Sequence[int]]
) -> dict[int, float]:
    spread: dict[int, float] = {}
    for artist, weight in weights.items():
        genres = dict.fromkeys(genres_of.get(artist, ()))
        for genre in genres:
            spread[genre] = spread.get(genre, 0.0) + weight / len(genres)
    return {genre: round(weight, 12) for genre, weight in spread.items()}


def _whole(weights: Sequence[float]) -> Bytes8:
    """Scale weights, heaviest first, to whole numbers 1..250."""
    if not weights:
        return np.empty(0, np.uint8)
    scaled = np.rint(np.array(weights) * (HEAVIEST / weights[0]))
    return np.clip(scaled, 1, HEAVIEST).astype(np.uint8)


def _finite_audio(audio: Sequence[float] | Floats | None) -> Floats | None:
    if audio is None:
        return None
    values = np.array(audio, np.float64)
    if not (np.abs(values) < np.finfo(np.float32).max).all():
        return None
    return values.astype(np.float32)


def _finite_window(window: tuple[float, float] | None) -> tuple[float, float] | None:
    if window is None or not _is_window(window):
        return None
    low, high = np.array(window, np.float32).tolist()
    return low, high


def pack(taste: Taste) -> bytes:
    """Write a taste as bytes: a versioned header, then little-endian columns."""
    flags = HAS_AUDIO * (taste.audio is not None)
    flags |= HAS_TEMPO * (taste.tempo_window is not None)
    head = HEADER.pack(
        MAGIC, PACK_VERSION, flags, len(taste.artist_ids), len(taste.genre_ids)
    )
    parts = [
        taste.artist_ids.astype("<u4"),
        taste.artist_weights,
        taste.genre_ids.astype("<u4"),
        taste.genre_weights,
    ]
    if taste.audio is not None:
        parts.append(taste.audio.astype("<f4"))
    if taste.tempo_window is not None:
        parts.append(np.array(taste.tempo_window, "<f4"))
    return head + b"".join(part.tobytes() for part in parts)


def unpack(blob: bytes) -> Taste:
    """Read the bytes of `pack`; raise CorruptTaste when they are anything else."""
    try:
        magic, version, flags, artists, genres = HEADER.unpack_from(blob)
    except struct.error as error:
        raise CorruptTaste("Shorter than its header.") from error
    if magic != MAGIC or version != PACK_VERSION or flags & ~(HAS_AUDIO | HAS_TEMPO):
        raise CorruptTaste(f"Not a taste of version {PACK_VERSION}.")
    kinds = ("<u4", "u1", "<u4", "u1", "<f4", "<f4")
    audio = len(AUDIO_DIMENSIONS) if flags & HAS_AUDIO else 0
    lengths = (artists, artists, genres, genres, audio, 2 if flags & HAS_TEMPO else 0)
    sizes = [
        np.dtype(kind).itemsize * n for kind, n in zip(kinds, lengths, strict=True)
    ]
    ends = list(accumulate(sizes, initial=HEADER.size))
    if len(blob) != ends[-1]:
        raise CorruptTaste("Its length is not what its header says.")
    columns = [
        np.frombuffer(blob, kind, length, start)
        for kind, length, start in zip(kinds, lengths, ends, strict=False)
    ]
    return _taste_of(*columns)


def _taste_of(
    artist_ids: Ids,
    artist_weights: Bytes8,
    genre_ids: Ids,
    genre_weights: Bytes8,
    audio: Floats,
    tempo: Floats,
) -> Taste:
    try:
        return Taste(
            artist_ids.astype(np.uint32),
            artist_weights.copy(),
            genre_ids.astype(np.uint32),
            genre_weights.copy(),
            audio.astype(np.float32) if len(audio) else None,
            (float(tempo[0]), float(tempo[1])) if len(tempo) else None,
        )
    except ValueError as error:
        raise CorruptTaste(str(error)) from error
