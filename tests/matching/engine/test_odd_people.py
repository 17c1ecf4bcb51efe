"""People whose listening is nothing like others': boards and receipts stay right."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from matching.engine import (
    Columns,
    CorruptTaste,
    Taste,
    View,
    build_index,
    explain,
    pack,
    read_blobs,
    scan,
    unpack,
)
from matching.engine.taste import HEADER
from matching.verification import BruteForce, wrong_board, wrong_receipts
from matching.verification.measures import (
    wrong_counts,
    wrong_measures,
    wrong_segments,
)

NOBODYS = 1_000_000


def wide(kit: Any, artists: range) -> Taste:
    taste: Taste = kit.taste(list(artists))
    return taste


def odd_people(kit: Any) -> dict[int, Taste]:
    """Nobody and everything, alone and in numbers."""
    same = wide(kit, range(150))
    return {
        1: Taste.empty,
        2: Taste.empty,
        3: kit.taste([5]),
        4: kit.taste([5]),
        5: kit.taste([NOBODYS]),
        6: kit.taste([4_294_967_295]),
        7: wide(kit, range(NOBODYS, NOBODYS + 150)),
        8: wide(kit, range(NOBODYS + 75, NOBODYS + 225)),
        9: kit.taste([3, 4], audio=[120.0, 0.5, 0.5, 0.5, 0.5, -9.0]),
        **dict.fromkeys(range(1_000, 1_150), same),
    }


def require_right(view: View, some: list[int]) -> None:
    brute = BruteForce(view)
    found = [*wrong_segments(view), *wrong_measures(view, np.array(some))]
    for person in some:
        found += wrong_board(view, brute, person)
        found += wrong_receipts(view, person)
    assert found == []


SOME = [1, 3, 5, 6, 7, 8, 9, 1_000, 1_149]


def test_odd_people_among_others(kit: Any) -> None:
    people = odd_people(kit) | kit.crowd(60)
    view = kit.index(people, vectors=kit.vectors()).view()
    assert len(view) == len(people)
    require_right(view, [*SOME, 100, 130])
    assert list(wrong_counts(view)) == []


def test_odd_people_who_came_after_the_statistics(kit: Any) -> None:
    """Nobody had their artists when the community was counted."""
    view = kit.index(kit.crowd(60), vectors=kit.vectors()).view(odd_people(kit))
    require_right(view, [*SOME, 100, 130])
    compacted = view.compacted(watermark=9).view()
    require_right(compacted, [*SOME, 100, 130])
    for person in SOME:
        before, after = (scan(of, person) for of in (view, compacted))
        assert np.array_equal(
            before.similarity[before.order()], after.similarity[after.order()]
        )


def test_a_community_of_odd_people_only(kit: Any) -> None:
    view = kit.index(odd_people(kit)).view()
    require_right(view, SOME)
    board = scan(view, 1)
    assert len(board.order()) == 0
    assert explain(view, 1, 2).points == 0


@pytest.mark.parametrize("people", [0, 1, 2])
def test_everyone_without_artists(kit: Any, people: int) -> None:
    view = kit.index(dict.fromkeys(range(people), Taste.empty)).view()
    for person in range(people):
        assert len(scan(view, person).order()) == 0
    assert list(wrong_counts(view)) == []


def test_a_hundred_and_fifty_alike_are_as_close_as_can_be(kit: Any) -> None:
    view = kit.index(odd_people(kit)).view()
    board = scan(view, 1_000)
    order = board.order()
    twins = board.person_ids[order][:149]
    assert set(twins.tolist()) == set(range(1_001, 1_150))
    assert np.unique(board.similarity[order][:149]).size == 1


# --- What cannot be read ------------------------------------------------------

_AUDIO = [120.0, 0.5, 0.25, 0.75, 0.5, -9.0]


def spoilt(taste: Taste, numbers: Mapping[int, float]) -> bytes:
    """The bytes of a taste with other numbers for some of its audio and tempo."""
    blob = bytearray(pack(taste))
    start = HEADER.size + 5 * (len(taste) + len(taste.genre_ids))
    values = np.frombuffer(bytes(blob[start:]), "<f4").copy()
    for at, number in numbers.items():
        values[at] = number
    blob[start:] = values.tobytes()
    return bytes(blob)


@pytest.mark.parametrize("number", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("at", [[0], [5], [0, 1, 2, 3, 4, 5], [6], [7], [6, 7]])
def test_exactly_those_with_numbers_that_are_none_are_left_out(
    kit: Any, number: float, at: list[int]
) -> None:
    whole = kit.taste([1, 2, 4], audio=_AUDIO, tempo_window=(90.0, 110.0))
    bad = spoilt(whole, dict.fromkeys(at, number))
    with pytest.raises(CorruptTaste):
        unpack(bad)
    plain = kit.taste([2, 3])
    blobs = [pack(whole), bad, pack(plain), bad, pack(whole)]
    seconds = np.zeros(5, np.uint32)
    columns, unread = read_blobs([11, 12, 13, 14, 15], blobs, [""] * 5, seconds)
    assert unread.tolist() == [1, 3]
    assert columns.person_ids.tolist() == [11, 13, 15]
    assert [columns.taste(row) for row in range(3)] == [whole, plain, whole]
    index = build_index(columns, watermark=1, built_at=kit.now)
    known = {11: whole, 13: plain, 15: whole}
    expected = build_index(Columns.of(known.items()), watermark=1, built_at=kit.now)
    assert np.isfinite(index.statistics.content.audio_mean).all()
    for person in known:
        one, other = scan(index.view(), person), scan(expected.view(), person)
        assert np.array_equal(one.similarity, other.similarity)
    require_right(index.view(), list(known))
