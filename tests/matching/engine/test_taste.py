import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from matching.engine import CorruptTaste, RankedList, Taste, merge_ranks, pack, unpack

RANGES = ("short_term", "medium_term", "long_term")
LISTS = st.lists(
    st.builds(
        RankedList,
        st.sampled_from(["one", "two"]),
        st.sampled_from(RANGES),
        st.lists(st.integers(0, 300), max_size=60),
    ),
    max_size=6,
)


def merged(*lists: RankedList, **options: Any) -> Taste:
    return merge_ranks(lists, **({"genres_of": {}} | options))


def test_one_list_keeps_its_order_and_weighs_by_rank() -> None:
    taste = merged(RankedList("one", "long_term", [7, 3, 9]))
    assert taste.artist_ids.tolist() == [7, 3, 9]
    expected = [250 / math.log2(1 + rank) for rank in (1, 2, 3)]
    assert taste.artist_weights.tolist() == [round(weight) for weight in expected]


def test_ranges_count_by_their_shares() -> None:
    taste = merged(
        RankedList("one", "short_term", [1]),
        RankedList("one", "medium_term", [2]),
        RankedList("one", "long_term", [3]),
    )
    assert taste.artist_ids.tolist() == [3, 2, 1]
    assert taste.artist_weights.tolist() == [250, 125, 42]


def test_ranges_that_are_missing_change_nothing() -> None:
    long_only = merged(RankedList("one", "long_term", [5, 6]))
    short_only = merged(RankedList("one", "short_term", [5, 6]))
    with_empty = merged(
        RankedList("one", "short_term", [5, 6]), RankedList("one", "long_term", [])
    )
    assert long_only == short_only == with_empty


def test_the_same_listening_from_two_sources_counts_once() -> None:
    once = merged(RankedList("one", "long_term", [5, 6, 7]))
    twice = merged(
        RankedList("one", "long_term", [5, 6, 7]),
        RankedList("two", "long_term", [5, 6, 7]),
    )
    assert once == twice


def test_equal_weights_go_by_the_longest_range_then_by_id() -> None:
    taste = merged(
        RankedList("one", "long_term", [9, 4]), RankedList("two", "long_term", [2, 4])
    )
    assert taste.artist_ids.tolist() == [2, 9, 4]


def test_an_artist_listed_twice_counts_at_the_better_place() -> None:
    taste = merged(RankedList("one", "long_term", [7, 3, 9, 7]))
    assert taste == merged(RankedList("one", "long_term", [7, 3, 9]))


def test_an_unknown_time_range_is_refused() -> None:
    with pytest.raises(ValueError, match="weekly"):
        merged(RankedList("one", "weekly", [1]))


def test_genres_share_the_weight_of_their_artists() -> None:
    taste = merged(
        RankedList("one", "long_term", [1, 2]), genres_of={1: [8, 9], 2: [9, 9]}
    )
    assert taste.genre_ids.tolist() == [9, 8]
    first, second = 0.5 + 1 / math.log2(3), 0.5
    assert taste.genre_weights.tolist() == [250, round(250 * second / first)]


def test_only_the_heaviest_artists_and_genres_stay() -> None:
    taste = merged(
        RankedList("one", "long_term", range(400)),
        genres_of={artist: [artist] for artist in range(400)},
    )
    assert taste.artist_ids.tolist() == list(range(150))
    assert taste.genre_ids.tolist() == list(range(30))


@pytest.mark.parametrize("bad", [math.nan, math.inf, 1e300])
def test_audio_that_is_not_finite_is_absent(bad: float) -> None:
    good = merged(audio=[120, 0.1, 0.2, 0.3, 0.4, -9], tempo_window=(90, 120))
    assert good.audio is not None
    assert good.audio.tolist()[0] == 120
    assert good.tempo_window == (90, 120)
    absent = merged(audio=[120, bad, 0.2, 0.3, 0.4, -9], tempo_window=(90, math.nan))
    assert absent.audio is None
    assert absent.tempo_window is None


@given(LISTS, st.booleans(), st.booleans())
def test_packing_loses_nothing(
    lists: list[RankedList], audio: bool, tempo: bool
) -> None:
    taste = merge_ranks(
        lists,
        genres_of={artist: [artist % 7, 9] for artist in range(300)},
        audio=[101.3, 0.1, 0.2, 0.3, 0.4, -9.5] if audio else None,
        tempo_window=(88.7, 120.1) if tempo else None,
    )
    again = unpack(pack(taste))
    assert again == taste
    assert again.artist_ids.tolist() == taste.artist_ids.tolist()
    assert again.tempo_window == taste.tempo_window
    assert (again.audio is None) == (not audio)


def test_tastes_differ_when_anything_does() -> None:
    taste = merged(RankedList("one", "long_term", [1, 2]))
    other = merged(RankedList("one", "long_term", [2, 1]))
    assert taste != other
    assert len({taste, other, unpack(pack(taste))}) == 2


@given(st.integers(0, 200), st.integers(0, 255))
def test_spoilt_bytes_never_raise_anything_else(at: int, value: int) -> None:
    blob = bytearray(pack(merged(RankedList("one", "long_term", range(30)))))
    blob[at % len(blob)] = value
    try:
        taste = unpack(bytes(blob))
    except CorruptTaste:
        return
    assert pack(taste) == bytes(blob)


@pytest.mark.parametrize("cut", [0, 3, 6, 20, -1])
def test_a_cut_off_taste_is_corrupt(cut: int) -> None:
    blob = pack(merged(RankedList("one", "long_term", range(30))))
    assert len(unpack(blob)) == 30
    with pytest.raises(CorruptTaste):
        unpack(blob[:cut])


def test_a_newer_version_is_corrupt() -> None:
    blob = bytearray(pack(Taste.empty))
    blob[2] = 99
    with pytest.raises(CorruptTaste, match="version"):
        unpack(bytes(blob))


@pytest.mark.parametrize(
    ("ids", "weights"), [([1, 1], [5, 5]), ([1, 2], [0, 5]), ([1], [5, 6])]
)
def test_impossible_weights_are_refused(ids: list[int], weights: list[int]) -> None:
    nothing = Taste.empty
    with pytest.raises(ValueError, match="must pair|once|Weights"):
        Taste(
            np.array(ids, np.uint32),
            np.array(weights, np.uint8),
            nothing.genre_ids,
            nothing.genre_weights,
        )
