"""How far people reach: the same numbers whoever is asked, one by one or at once."""

import statistics
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matching.engine import Columns, Index, Taste, View
from matching.engine.constants import TYPICAL_REACH
from matching.engine.hashing import drawn, mixed
from matching.engine.rows import measure
from tests.matching.engine.oracle import tie


def closeness(index: Index, people: dict[int, Taste]) -> bytes:
    rows = measure(Columns.of(people.items()), index.statistics.content)
    return index.reach.closeness(rows).tobytes()


def built(index: Index) -> bytes:
    """Everyone's closeness as it was built, by id."""
    people = [segment.content.people for segment, _ in index.segments]
    closeness = np.concatenate([part.closeness for part in people])
    ids = np.concatenate([part.rows.person_ids for part in people])
    return closeness[np.argsort(ids)].tobytes()


@pytest.mark.parametrize("has_vectors", [True, False])
@pytest.mark.parametrize("most", [48, 65_536])
def test_one_by_one_or_all_at_once(kit: Any, most: int, has_vectors: bool) -> None:
    """To the bit; so a changed person fits in with those the build measured."""
    crowd = kit.crowd(150)
    with kit.segments_of(most):
        index = kit.index(crowd, vectors=kit.vectors() if has_vectors else None)
        expected = built(index)
        assert closeness(index, crowd) == expected
    one_by_one = [closeness(index, {p: taste}) for p, taste in crowd.items()]
    assert b"".join(one_by_one) == expected
    some = dict(list(crowd.items())[:60])
    assert closeness(index, some) == expected[: 4 * len(some)]


def test_people_outside_the_sample_fit_in_too(
    kit: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("matching.engine.fit.SAMPLE_PEOPLE", 35)
    crowd = kit.crowd(120)
    index = kit.index(crowd, vectors=kit.vectors())
    sample = index.statistics.content.sample
    assert len(sample) == 35
    expected = built(index)
    assert b"".join(closeness(index, {p: crowd[p]}) for p in crowd) == expected
    require_like_the_oracle(kit, index.view({100: crowd[101], 900: crowd[102]}))


def require_like_the_oracle(kit: Any, view: View) -> None:
    oracle = kit.oracle(view)
    for of in view.people:
        for row, person in enumerate(of.scaled.rows.person_ids.tolist()):
            if row not in of.hidden:
                assert float(of.scaled.closeness[row]) == oracle.closeness[person]


@settings(max_examples=40, deadline=None)
@given(
    lists=st.lists(st.lists(st.integers(0, 45), unique=True, max_size=6), max_size=40),
    has_vectors=st.booleans(),
)
def test_reach_is_that_of_the_formula(
    kit: Any, lists: list[list[int]], has_vectors: bool
) -> None:
    people = {p: kit.taste(artists) for p, artists in enumerate(lists)}
    index = kit.index(people, vectors=kit.vectors() if has_vectors else None)
    require_like_the_oracle(kit, index.view())


def test_the_median_is_taken_over_the_sample(kit: Any) -> None:
    index = kit.index(kit.crowd(80), vectors=kit.vectors())
    oracle = kit.oracle(index.view())
    raw = [oracle.raw_reach(known, person) for person, known in oracle.sampled.items()]
    median = index.statistics.content.median_reach
    assert median == pytest.approx(statistics.median(raw), rel=1e-12)


def test_people_who_share_nothing_lean_on_the_constant(kit: Any) -> None:
    index = kit.index({person: kit.taste([person]) for person in range(60)})
    assert index.statistics.content.median_reach == TYPICAL_REACH


def test_reach_needs_neither_genres_nor_audio(kit: Any) -> None:
    """They are not asked, so a person with them reaches no further."""
    index = kit.index(kit.crowd(60), vectors=kit.vectors())
    plain = kit.taste([2, 4, 6])
    rich = Taste(
        plain.artist_ids,
        plain.artist_weights,
        np.array([1, 3], np.uint32),
        np.array([250, 250], np.uint8),
        np.array(kit.audio(3), np.float32),
    )
    assert plain != rich
    assert closeness(index, {1: plain}) == closeness(index, {1: rich})


IDS = st.sets(st.integers(0, 10**9), min_size=1, max_size=300)


@settings(deadline=None)
@given(before=IDS, joined=IDS, seed=st.integers(0, 2**40), most=st.integers(1, 60))
def test_those_drawn_stay_drawn(
    before: set[int], joined: set[int], seed: int, most: int
) -> None:
    """Each who comes pushes out one at most, and lets in nobody else."""

    def chosen(people: set[int]) -> set[int]:
        ids = np.array(sorted(people), np.int64)
        rows = drawn(seed, ids, np.arange(len(ids)), most)
        assert len(rows) == min(most, len(ids))
        assert (np.diff(rows) > 0).all()
        return set(ids[rows].tolist())

    after = before | joined
    assert len(chosen(before) - chosen(after)) <= len(joined - before)
    assert chosen(after) & before <= chosen(before)


def test_nearly_everyone_drawn_stays_drawn() -> None:
    rng = np.random.default_rng(1)
    before = np.sort(rng.choice(10**6, 20_000, replace=False)).astype(np.int64)
    left = before[rng.random(20_000) < 0.95]
    after = np.union1d(left, rng.choice(10**6, 1_000, replace=False))
    samples = [
        set(ids[drawn(7, ids, np.arange(len(ids)), 1_000)]) for ids in (before, after)
    ]
    assert len(samples[0] & samples[1]) > 900


def test_the_hash_is_that_of_splitmix() -> None:
    ids = np.array([0, 1, 2, 10**9, 2**40, 2**62], np.int64)
    for seed in (0, 1, 7, 2**40, 2**62):
        assert mixed(seed, ids).tolist() == [tie(seed, i) for i in ids.tolist()]
