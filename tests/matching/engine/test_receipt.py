import math
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matching.engine import (
    AUDIO_DIMENSIONS,
    Contribution,
    Taste,
    UnknownPerson,
    View,
    explain,
    facts,
    fold,
    printed_score,
    scan,
    summaries,
)

ZERO = Decimal("0.0")
PEOPLE = st.lists(
    st.lists(st.integers(0, 45), unique=True, max_size=12), min_size=2, max_size=6
)


def pairs_of(view: View) -> list[tuple[int, int]]:
    people = view.person_ids.tolist()
    return [(u, v) for u in people for v in people if u < v]


def identity(row: Contribution) -> tuple[object, ...]:
    return row.kind, row.artist_id, row.genre_id, row.dimension


@settings(max_examples=60, deadline=None)
@given(lists=PEOPLE)
def test_printed_points_add_up_from_both_sides(
    kit: Any, lists: list[list[int]]
) -> None:
    people = {
        person: kit.taste(artists, audio=kit.audio(person) if person % 3 else None)
        for person, artists in enumerate(lists)
    }
    view = kit.index(people, vectors=kit.vectors()).view()
    for u, v in pairs_of(view):
        mine, theirs = explain(view, u, v), explain(view, v, u)
        assert sum((row.points for row in mine.rows), ZERO) == mine.points
        assert mine.points == printed_score(mine.similarity)
        assert mine.similarity == theirs.similarity
        assert [(identity(r), r.points, r.term) for r in mine.rows] == [
            (identity(r), r.points, r.term) for r in theirs.rows
        ]
        assert [(r.my_rank, r.their_rank) for r in mine.rows] == [
            (r.their_rank, r.my_rank) for r in theirs.rows
        ]


def test_the_receipt_is_that_of_the_board(crowd_view: View) -> None:
    for viewer in crowd_view.person_ids[::7].tolist():
        board = scan(crowd_view, viewer)
        for person, similarity, score, shared in zip(
            board.person_ids.tolist(),
            board.similarity.tolist(),
            board.score.tolist(),
            board.shared.tolist(),
            strict=True,
        ):
            receipt = explain(crowd_view, viewer, person)
            assert receipt.similarity == similarity
            assert receipt.score == score
            assert abs(float(receipt.points) - score) <= 0.05 + 1e-9
            assert sum(row.kind == "artist" for row in receipt.rows) == shared


def test_printed_scores_come_in_the_order_of_the_board(crowd_view: View) -> None:
    for viewer in crowd_view.person_ids.tolist():
        board = scan(crowd_view, viewer)
        people = board.person_ids[board.order()].tolist()
        printed = [explain(crowd_view, viewer, person).points for person in people]
        assert printed == sorted(printed, reverse=True)


def test_terms_add_up_to_the_similarity(crowd_view: View) -> None:
    for u, v in pairs_of(crowd_view):
        receipt = explain(crowd_view, u, v)
        assert sum(row.term for row in receipt.rows) == pytest.approx(
            receipt.similarity, abs=1e-12
        )


def test_points_stay_within_a_tenth_of_their_exact_share(crowd_view: View) -> None:
    for u, v in pairs_of(crowd_view)[::5]:
        receipt = explain(crowd_view, u, v)
        if receipt.similarity <= 0:
            continue
        for row in receipt.rows:
            exact = row.term * receipt.score / receipt.similarity
            assert abs(float(row.points) - exact) < 0.1 + 1e-9
            assert row.points == round(row.points, 1)


def test_missing_tenths_go_to_the_largest_remainders(crowd_view: View) -> None:
    favoured_once = False
    for u, v in pairs_of(crowd_view):
        receipt = explain(crowd_view, u, v)
        if receipt.similarity <= 0:
            continue
        scale = 10 * receipt.score / receipt.similarity
        up: list[float] = []
        down: list[float] = []
        for row in receipt.rows:
            remainder = row.term * scale % 1
            is_up = int(row.points * 10) > math.floor(row.term * scale)
            (up if is_up else down).append(remainder)
        favoured_once |= bool(up) and bool(down)
        assert min(up, default=1.0) >= max(down, default=0.0) - 1e-9
    assert favoured_once


def test_each_row_says_what_it_is(kit: Any) -> None:
    people = {1: kit.taste([4, 7, 6], audio=kit.audio(1)), 3: kit.taste([2])}
    people |= {2: kit.taste([6, 9, 4, 11], audio=kit.audio(2))}
    receipt = explain(kit.index(people, vectors=kit.vectors()).view(), 1, 2)
    kinds = [row.kind for row in receipt.rows]
    assert kinds.count("artist") == 2
    assert kinds.count("related") == 1
    assert {r.dimension for r in receipt.rows if r.kind == "audio"} == set(
        AUDIO_DIMENSIONS
    )
    ranks = {r.artist_id: (r.my_rank, r.their_rank) for r in receipt.rows if r.my_rank}
    assert ranks == {4: (1, 3), 6: (3, 1)}
    listeners = {r.artist_id: r.n_listeners for r in receipt.rows if r.my_rank}
    assert listeners == {4: 2, 6: 2}
    assert [row.points for row in receipt.rows] == sorted(
        (row.points for row in receipt.rows), reverse=True
    )


def test_an_unknown_artist_two_people_share_counts(kit: Any) -> None:
    view = kit.index(kit.crowd(12)).view({1: kit.taste([999]), 2: kit.taste([999])})
    receipt = explain(view, 1, 2)
    (row,) = receipt.rows
    assert (row.artist_id, row.n_listeners) == (999, 2)
    assert row.points == receipt.points > 0


def test_related_names_the_closest_pairs_of_artists(kit: Any) -> None:
    vectors = kit.vectors()
    vectors.steps[5] = vectors.steps[3]
    people = kit.crowd(8) | {1: kit.taste([3, 20]), 2: kit.taste([5, 20])}
    view = kit.index(people, vectors=vectors).view()
    mine, theirs = explain(view, 1, 2), explain(view, 2, 1)
    (row,) = (r for r in mine.rows if r.kind == "related")
    (mirrored,) = (r for r in theirs.rows if r.kind == "related")
    first = row.pairs[0]
    assert (first.my_artist_id, first.their_artist_id) == (3, 5)
    assert (20, 20) not in {(p.my_artist_id, p.their_artist_id) for p in row.pairs}
    assert [(p.their_artist_id, p.my_artist_id, p.strength) for p in row.pairs] == [
        (p.my_artist_id, p.their_artist_id, p.strength) for p in mirrored.pairs
    ]
    assert len(row.pairs) <= 5


def test_missing_data_costs_only_its_own_part(kit: Any) -> None:
    people = kit.crowd(20, full=False)
    people |= {1: kit.taste([3, 4, 6], audio=kit.audio(1)), 2: kit.taste([4, 6, 8])}
    index = kit.index(people)
    without = explain(index.view(), 1, 2)
    audible = kit.taste([4, 6, 8], audio=kit.audio(2))
    with_audio = explain(index.view({2: audible}), 1, 2)
    assert not any(row.kind == "audio" for row in without.rows)
    assert not any(row.kind == "related" for row in without.rows)
    assert sum(row.kind == "audio" for row in with_audio.rows) == 6
    kept = {identity(row) for row in without.rows}
    assert kept == {identity(r) for r in with_audio.rows if r.kind != "audio"}


MISSING = {
    "audio": {"artists": [4, 6, 8]},
    "genre": {"artists": [3, 5, 7], "audio": True},
    "related": {"artists": [90, 92], "audio": True},
    "artist": {"artists": [], "audio": True},
}


@pytest.mark.parametrize("kind", MISSING)
@pytest.mark.parametrize("with_missing", [True, False])
def test_a_missing_part_is_named_and_not_scored(
    kit: Any, kind: str, with_missing: bool
) -> None:
    """Beside a pair that has every part; from both sides."""
    people = kit.crowd(30) | {
        1: kit.taste([3, 4, 6, 8], audio=kit.audio(1), tempo_window=(90, 120)),
        2: kit.taste([4, 3, 10], audio=kit.audio(2), tempo_window=(100, 130)),
    }
    drawn = MISSING[kind]
    audio = kit.audio(3) if "audio" in drawn else None
    lacking = kit.taste(drawn["artists"], audio=audio)
    view = kit.index(people, vectors=kit.vectors()).view({3: lacking})
    other = 3 if with_missing else 2
    for pair in ((1, other), (other, 1)):
        receipt, fact = explain(view, *pair), facts(view, *pair)
        (summary,) = summaries(view, pair[0], [pair[1]])
        there = any(row.kind == kind for row in receipt.rows)
        assert there != with_missing
        assert (getattr(receipt.parts, kind) == ZERO) or not with_missing
        assert summary.parts == receipt.parts
        if kind == "audio":
            assert (fact.audio_affinity is None) == with_missing
            assert (fact.audio == ()) == with_missing
            assert (fact.tempo_overlap is None) == with_missing
            assert summary.audio_affinity == fact.audio_affinity
        if kind == "genre":
            assert (fact.genre_overlap is None) == with_missing
            assert summary.genre_overlap == fact.genre_overlap
        if kind == "artist":
            assert (fact.shared_artist_ids == ()) == with_missing


def test_people_without_anything_in_common_have_no_points(kit: Any) -> None:
    view = kit.index({1: kit.taste([1]), 2: kit.taste([3]), 3: Taste.empty}).view()
    for person in (2, 3):
        receipt = explain(view, 1, person)
        assert (receipt.score, receipt.points, receipt.rows) == (0, ZERO, ())


def test_a_similarity_below_zero_gives_rows_without_points(kit: Any) -> None:
    vectors = kit.vectors()
    vectors.steps[3] = -vectors.steps[1]
    people = kit.crowd(9, full=False) | {1: kit.taste([1]), 2: kit.taste([3])}
    receipt = explain(kit.index(people, vectors=vectors).view(), 1, 2)
    assert receipt.similarity < 0
    assert [(row.kind, row.points) for row in receipt.rows] == [("related", ZERO)]
    assert receipt.points == ZERO


def test_a_hidden_person_cannot_be_explained(kit: Any) -> None:
    view = kit.index(kit.crowd(6)).view()
    assert explain(view, 100, 103).person_id == 103
    for pair in ((100, 103), (103, 100)):
        with pytest.raises(UnknownPerson):
            explain(view.updated({103: None}), *pair)


def test_folding_keeps_the_sum(kit: Any) -> None:
    people = {1: kit.taste(range(20)), 2: kit.taste(range(20)), 3: kit.taste([50])}
    receipt = explain(kit.index(people).view(), 1, 2)
    folded = fold(receipt.rows, keep=6)
    artists = [row for row in receipt.rows if row.kind == "artist"]
    assert [row for row in folded if row.kind == "artist"] == artists[:6]
    assert (folded[-1].kind, folded[-1].count) == ("more", 14)
    assert sum(row.points for row in folded) == receipt.points
    assert sum(row.term for row in folded) == pytest.approx(receipt.similarity)
    assert sum(r.kind == "genre" for r in folded) == sum(
        r.kind == "genre" for r in receipt.rows
    )


@pytest.mark.parametrize("keep", [19, 20, 30])
def test_nothing_is_folded_to_save_no_space(kit: Any, keep: int) -> None:
    people = {1: kit.taste(range(20)), 2: kit.taste(range(20)), 3: kit.taste([50])}
    rows = explain(kit.index(people).view(), 1, 2).rows
    assert fold(rows, keep=keep) == rows


def test_summaries_agree_with_the_receipts(crowd_view: View) -> None:
    viewer, *others = crowd_view.person_ids.tolist()
    for summary, person in zip(
        summaries(crowd_view, viewer, others), others, strict=True
    ):
        receipt = explain(crowd_view, viewer, person)
        fact = facts(crowd_view, viewer, person)
        assert summary.person_id == person
        assert (summary.score, summary.parts) == (receipt.points, receipt.parts)
        parts = summary.parts
        whole = parts.artist + parts.related + parts.genre + parts.audio
        assert whole == summary.score
        assert summary.similarity == receipt.similarity
        assert sorted(summary.shared_artist_ids) == list(fact.shared_artist_ids)
        terms = {row.artist_id: row.term for row in receipt.rows}
        strengths = [terms[artist] for artist in summary.shared_artist_ids]
        assert strengths == sorted(strengths, reverse=True)
        assert summary.genre_overlap == fact.genre_overlap
        assert summary.audio_affinity == fact.audio_affinity


def test_facts_are_the_same_from_both_sides(crowd_view: View) -> None:
    for u, v in pairs_of(crowd_view)[::9]:
        mine, theirs = facts(crowd_view, u, v), facts(crowd_view, v, u)
        assert mine.shared_artist_ids == theirs.shared_artist_ids
        assert mine.genre_overlap == pytest.approx(theirs.genre_overlap)
        assert mine.audio_affinity == theirs.audio_affinity
        assert mine.tempo_overlap == theirs.tempo_overlap
        assert [row.mine for row in mine.audio] == [row.theirs for row in theirs.audio]


def test_facts_by_hand(kit: Any) -> None:
    people = kit.crowd(20) | {
        1: kit.taste([2, 4], audio=kit.audio(1), tempo_window=(90, 120)),
        2: kit.taste([4, 2], audio=kit.audio(1), tempo_window=(110, 140)),
        3: kit.taste([1], audio=[250, 0, 0, 0, 0, -60], tempo_window=(150, 160)),
        4: kit.taste([1, 3]),
    }
    view = kit.index(people).view()
    near, far, silent = (facts(view, 1, person) for person in (2, 3, 4))
    assert near.shared_artist_ids == (2, 4)
    assert near.genre_overlap is not None
    assert 0 < near.genre_overlap < 1
    assert (near.audio_affinity, near.tempo_overlap) == (1.0, (110, 120))
    assert (far.genre_overlap, far.tempo_overlap) == (None, None)
    assert far.audio_affinity == 0.0
    assert (silent.audio_affinity, silent.audio) == (None, ())
    assert silent.tempo_overlap is None
    assert facts(view, 1, 1).genre_overlap == pytest.approx(1)


def test_audio_facts_are_in_standard_deviations(kit: Any) -> None:
    people = {p: kit.taste([p % 9], audio=kit.audio(p)) for p in range(12)}
    view = kit.index(people).view()
    audio = np.array([kit.audio(p) for p in range(12)])
    spread = audio.std(axis=0)
    table = facts(view, 1, 2).audio
    assert [row.dimension for row in table] == list(AUDIO_DIMENSIONS)
    for column, row in enumerate(table):
        gap = (audio[1, column] - audio[2, column]) / spread[column]
        assert row.mine == pytest.approx(audio[1, column], rel=1e-6)
        assert row.difference == pytest.approx(gap, abs=1e-5)
        assert row.difference == row.mine_normalised - row.theirs_normalised
