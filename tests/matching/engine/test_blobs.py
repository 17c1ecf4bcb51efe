"""Many packed tastes read at once are what reading them one by one gives."""

import math
import struct
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matching.engine import CorruptTaste, Taste, pack, read_blobs, unpack
from matching.engine.columns import country_code

WEIGHTS = st.integers(1, 250)
AUDIO = st.lists(st.floats(-99, 250, width=32), min_size=6, max_size=6)
TEMPO = st.tuples(st.floats(0, 250, width=32), st.floats(0, 250, width=32))


def weighted(ids: st.SearchStrategy[int], most: int) -> Any:
    return st.dictionaries(ids, WEIGHTS, max_size=most)


@st.composite
def tastes(draw: Any) -> Taste:
    artists = draw(weighted(st.integers(0, 2**32 - 1), 12))
    genres = draw(weighted(st.integers(0, 300), 5))
    audio, tempo = draw(st.none() | AUDIO), draw(st.none() | TEMPO)
    return Taste(
        np.array(list(artists), np.uint32),
        np.array(list(artists.values()), np.uint8),
        np.array(list(genres), np.uint32),
        np.array(list(genres.values()), np.uint8),
        None if audio is None else np.array(audio, np.float32),
        None if tempo is None else (min(tempo), max(tempo)),
    )


FULL = Taste(
    np.array([5, 9, 7], np.uint32),
    np.array([250, 100, 1], np.uint8),
    np.array([3, 1], np.uint32),
    np.array([250, 2], np.uint8),
    np.array([120, 0.1, 0.2, 0.3, 0.4, -8], np.float32),
    (90.0, 110.0),
)
GENRES_AT = 6 + 3 * 5
AUDIO_AT = GENRES_AT + 2 * 5
TEMPO_AT = AUDIO_AT + 24


def replaced(at: int, piece: bytes) -> bytes:
    blob = pack(FULL)
    return blob[:at] + piece + blob[at + len(piece) :]


def number(value: float) -> bytes:
    return struct.pack("<f", value)


CORRUPT = {
    "empty": b"",
    "shorter than a header": pack(FULL)[:5],
    "only a header": pack(FULL)[:6],
    "cut off": pack(FULL)[:-1],
    "too long": pack(FULL) + b"\0",
    "bad magic": replaced(0, b"X"),
    "bad version": replaced(2, b"\x02"),
    "unknown flag": replaced(3, b"\x07"),
    "one artist more": replaced(4, b"\x04"),
    "too many artists": b"MT\x01\0\x97\0" + bytes(5 * 151),
    "too many genres": b"MT\x01\0\0\x1f" + bytes(5 * 31),
    "artist weight 0": replaced(6 + 12, b"\0"),
    "artist weight 251": replaced(6 + 14, b"\xfb"),
    "genre weight 0": replaced(GENRES_AT + 8, b"\0"),
    "genre weight 251": replaced(GENRES_AT + 9, b"\xfb"),
    "audio NaN": replaced(AUDIO_AT, number(math.nan)),
    "audio infinite": replaced(AUDIO_AT + 20, number(-math.inf)),
    "all audio NaN": replaced(AUDIO_AT, 6 * number(math.nan)),
    "tempo backwards": replaced(TEMPO_AT, number(110.5)),
    "tempo NaN": replaced(TEMPO_AT, number(math.nan)),
    "all tempo NaN": replaced(TEMPO_AT, 2 * number(math.nan)),
    "tempo infinite": replaced(TEMPO_AT + 4, number(math.inf)),
}


def read(blobs: list[bytes]) -> tuple[dict[int, Taste], list[int]]:
    """Tastes by position, and the positions that could not be read."""
    nobody = [""] * len(blobs)
    active_at = np.arange(len(blobs), dtype=np.uint32)
    columns, corrupt = read_blobs(range(len(blobs)), blobs, nobody, active_at)
    found = {p: columns.taste(row) for row, p in enumerate(columns.person_ids.tolist())}
    assert columns.active_at.tolist() == list(found)
    return found, corrupt.tolist()


def read_one_by_one(blobs: list[bytes]) -> tuple[dict[int, Taste], list[int]]:
    found, corrupt = {}, []
    for at, blob in enumerate(blobs):
        try:
            found[at] = unpack(blob)
        except CorruptTaste:
            corrupt.append(at)
    return found, corrupt


@settings(max_examples=100, deadline=None)
@given(
    st.lists(
        st.one_of(tastes().map(pack), st.sampled_from(list(CORRUPT.values()))),
        max_size=12,
    )
)
def test_reading_many_is_reading_each(blobs: list[bytes]) -> None:
    found, corrupt = read(blobs)
    expected, refused = read_one_by_one(blobs)
    assert corrupt == refused
    assert {at: pack(taste) for at, taste in found.items()} == {
        at: pack(taste) for at, taste in expected.items()
    }


@pytest.mark.parametrize("name", CORRUPT)
def test_exactly_the_corrupt_one_is_dropped(name: str) -> None:
    """Between two sound ones, and at either end."""
    blob, sound = CORRUPT[name], pack(FULL)
    with pytest.raises(CorruptTaste):
        unpack(blob)
    for at in range(3):
        blobs = [sound, sound]
        blobs.insert(at, blob)
        found, corrupt = read(blobs)
        assert corrupt == [at]
        assert set(found.values()) == {FULL}
        assert len(found) == 2


@settings(max_examples=150, deadline=None)
@given(taste=tastes(), at=st.integers(0, 10_000), value=st.integers(0, 255))
def test_a_spoilt_byte_is_seen_by_both_or_by_neither(
    taste: Taste, at: int, value: int
) -> None:
    blob = bytearray(pack(taste))
    blob[at % len(blob)] = value
    if has_an_id_twice(bytes(blob)):
        return
    blobs = [pack(FULL), bytes(blob), pack(FULL)]
    assert read(blobs) == read_one_by_one(blobs)


def has_an_id_twice(blob: bytes) -> bool:
    try:
        unpack(blob)
    except CorruptTaste as error:
        return "only once" in str(error)
    return False


def test_nobody_can_be_read() -> None:
    assert read([]) == ({}, [])
    assert read([b"", b"x"]) == ({}, [0, 1])


def test_facets_stay_with_their_people() -> None:
    sound = pack(FULL)
    columns, corrupt = read_blobs(
        [10, 20, 30],
        [sound, b"?", sound],
        ["DE", "FR", ""],
        np.array([1, 2, 3], np.uint32),
    )
    assert corrupt.tolist() == [1]
    assert columns.person_ids.tolist() == [10, 30]
    assert columns.country.tolist() == [country_code("DE"), 0]
    assert columns.active_at.tolist() == [1, 3]


def test_the_largest_taste_can_be_read() -> None:
    largest = Taste(
        np.arange(150, dtype=np.uint32),
        np.full(150, 250, np.uint8),
        np.arange(30, dtype=np.uint32),
        np.full(30, 1, np.uint8),
    )
    blobs = [pack(largest), pack(Taste.empty)]
    assert read(blobs) == ({0: largest, 1: Taste.empty}, [])
