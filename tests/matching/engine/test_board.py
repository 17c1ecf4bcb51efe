from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matching.engine import (
    Taste,
    UnknownPerson,
    View,
    printed_score,
    scan,
)

ARTISTS = st.lists(st.integers(0, 45), unique=True, max_size=8)
PEOPLE = st.lists(ARTISTS, min_size=1, max_size=9)


def crowd_of(kit: Any, lists: list[list[int]]) -> dict[int, Taste]:
    return {
        person: kit.taste(artists, audio=kit.audio(person) if person % 2 else None)
        for person, artists in enumerate(lists)
    }


@settings(max_examples=60, deadline=None)
@given(before=PEOPLE, after=PEOPLE, hidden=st.sets(st.integers(0, 9)))
def test_the_board_equals_brute_force(
    kit: Any, before: list[list[int]], after: list[list[int]], hidden: set[int]
) -> None:
    """Base, changed, new and hidden people; with vectors, genres and audio."""
    index = kit.index(crowd_of(kit, before), vectors=kit.vectors())
    changes: dict[int, Taste | None] = dict.fromkeys(hidden)
    changes |= {2 * p: t for p, t in crowd_of(kit, after).items() if p not in hidden}
    view = index.view(changes)
    oracle = kit.oracle(view)
    for viewer in oracle.tastes:
        board = scan(view, viewer)
        assert set(board.person_ids.tolist()) == oracle.tastes.keys() - {viewer}
        people = board.person_ids.tolist()
        exact = [oracle.similarity(viewer, person) for person in people]
        assert board.similarity.tolist() == exact
        shared = [oracle.shared(viewer, person) for person in people]
        assert board.shared.tolist() == shared


def test_order_is_that_of_brute_force(crowd_view: View, kit: Any) -> None:
    oracle = kit.oracle(crowd_view)
    for viewer in oracle.tastes:
        board = scan(crowd_view, viewer)
        listed = board.order()
        found = board.person_ids[listed].tolist(), board.similarity[listed].tolist()
        expected = oracle.closest(viewer)
        assert list(zip(*found, strict=True)) == expected
        printed = [printed_score(similarity) for _, similarity in expected]
        assert printed == sorted(printed, reverse=True)


def test_both_sides_agree_to_the_last_bit(crowd_view: View) -> None:
    boards = {int(p): scan(crowd_view, int(p)) for p in crowd_view.person_ids}
    seen = {
        (viewer, person): similarity
        for viewer, board in boards.items()
        for person, similarity in zip(
            board.person_ids.tolist(), board.similarity.tolist(), strict=True
        )
    }
    assert len(seen) == len(boards) * (len(boards) - 1)
    assert all(seen[u, v] == seen[v, u] for u, v in seen)


def test_people_with_nothing_are_listed_nowhere(kit: Any) -> None:
    view = kit.index({1: Taste.empty, 2: Taste.empty, 3: kit.taste([4, 6])}).view()
    board = scan(view, 1)
    assert board.similarity.tolist() == [0, 0]
    assert board.score.tolist() == [0, 0]
    assert board.order().tolist() == []
    assert scan(view, 3).order().tolist() == []


def test_one_person_alone_has_an_empty_board(kit: Any) -> None:
    board = scan(kit.index({1: kit.taste([4, 6])}).view(), 1)
    assert len(board) == 0
    assert board.order().tolist() == []


def test_nobody_at_all_is_a_community_too(kit: Any) -> None:
    view = kit.index({}).view()
    assert len(view) == 0
    with pytest.raises(UnknownPerson):
        scan(view, 1)
    assert len(scan(view.updated({1: kit.taste([1])}), 1)) == 0


def test_two_people_share_a_rare_artist(kit: Any) -> None:
    board = scan(kit.index({1: kit.taste([4, 6]), 2: kit.taste([6, 8])}).view(), 1)
    assert board.shared.tolist() == [1]
    assert 0 < board.score[0] < 100


def test_a_rare_artist_says_more_than_a_known_one(kit: Any) -> None:
    people = {person: kit.taste([1, 50 + person]) for person in range(20)}
    people |= {30: kit.taste([1, 3]), 31: kit.taste([3, 99]), 32: kit.taste([1, 98])}
    board = scan(kit.index(people).view(), 30)
    first, second = board.person_ids[board.order()][:2]
    assert first == 31
    assert second != 31


def test_twins_get_the_same_from_everybody(kit: Any) -> None:
    people = kit.crowd(12) | {1: kit.taste([3, 2, 9]), 2: kit.taste([3, 2, 9])}
    board = scan(kit.index(people).view(), 100)
    one, two = (board.similarity[board.mask_of([twin])][0] for twin in (1, 2))
    assert one == two
    mine = scan(kit.index(people).view(), 1)
    assert mine.person_ids[mine.order()[0]] == 2


def test_ties_do_not_favour_the_same_person_everywhere(kit: Any) -> None:
    people = {person: kit.taste([1, 2]) for person in range(40)}
    view = kit.index(people).view()
    firsts = set()
    for viewer in people:
        board = scan(view, viewer)
        assert np.unique(board.similarity).size == 1
        firsts.add(int(board.person_ids[board.order()[0]]))
    assert len(firsts) > 15


def test_ties_are_the_same_on_every_visit(kit: Any) -> None:
    people = {person: kit.taste([1, 2]) for person in range(20)}
    view = kit.index(people).view()
    changed = view.updated({7: kit.taste([1, 2])})
    orders = []
    for seen in (view, view, changed):
        board = scan(seen, 3)
        orders.append(board.person_ids[board.order()].tolist())
    assert orders[0] == orders[1] == orders[2]


def test_a_mask_keeps_the_order_of_those_it_leaves(crowd_view: View) -> None:
    board = scan(crowd_view, 110)
    everyone = board.person_ids[board.order()].tolist()
    blocked = board.mask_of([everyone[0], everyone[2], 999_999])
    assert blocked.sum() == 2
    left = board.person_ids[board.order(~blocked)].tolist()
    assert left == [p for p in everyone if p not in {everyone[0], everyone[2]}]


def test_a_hidden_viewer_has_no_board(kit: Any) -> None:
    view = kit.index(kit.crowd(6)).view()
    assert len(scan(view, 103)) == 5
    with pytest.raises(UnknownPerson):
        scan(view.updated({103: None}), 103)
    with pytest.raises(UnknownPerson):
        scan(view, 12345)


def test_nobody_is_closer_than_two_people_are_to_themselves(
    crowd_view: View, kit: Any
) -> None:
    """S(u, v) ≤ √(S(u, u) · S(v, v)): an inner product, before scaling and after."""
    oracle = kit.oracle(crowd_view)
    for u in oracle.tastes:
        for v in oracle.tastes:
            selves = oracle.similarity(u, u) * oracle.similarity(v, v)
            assert oracle.similarity(u, v) <= selves**0.5 + 1e-9
