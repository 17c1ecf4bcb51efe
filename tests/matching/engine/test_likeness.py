"""The order people lie in: like beside like, everyone once, cut where blocks are."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matching.engine import Columns, likeness
from matching.engine.finder import Finder
from matching.engine.likeness import blocks_of, count_of, features, ordered, segmented
from matching.engine.query import Scaled
from matching.engine.rows import measure
from matching.engine.threads import mapped


def scenes(size: int, seed: int) -> np.ndarray:
    """Features of people of four scenes, in no order: the scene, then noise."""
    random = np.random.default_rng(seed)
    table = random.normal(0.0, 0.01, (size, 6)).astype(np.float32)
    table[np.arange(size), random.permutation(size) % 4] += 1.0
    return table


@settings(max_examples=60, deadline=None)
@given(size=st.integers(0, 300), few=st.sampled_from([4, 16, 1024]))
def test_everyone_has_a_place(size: int, few: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(likeness, "_FEW", few)
        order = ordered(scenes(size, 1))
    assert sorted(order.tolist()) == list(range(size))
    blocks, places = blocks_of(np.arange(size), size)
    assert len(set(zip(blocks.tolist(), places.tolist(), strict=True))) == size
    assert len(np.unique(blocks)) == count_of(size) == -(-size // 4)
    assert places.max(initial=0) < 4


@pytest.mark.parametrize("few", [4, 64])
def test_a_block_holds_people_of_one_scene(
    few: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(likeness, "_FEW", few)
    table = scenes(256, 2)
    lying = table[ordered(table)].argmax(axis=1)
    blocks, _ = blocks_of(np.arange(256), 256)
    for block in range(64):
        assert len(set(lying[blocks == block].tolist())) == 1


@pytest.mark.parametrize("size", [0, 5, 16, 17, 100])
def test_segments_are_full_but_for_one(
    size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(likeness, "MOST_IN_SEGMENT", 16)
    parts = segmented(scenes(size, 3))
    sizes = sorted((len(part) for part in parts), reverse=True)
    assert sizes == [16] * (size // 16) + [size % 16] * bool(size % 16)
    assert all((np.diff(part) > 0).all() for part in parts)
    assert sorted(np.concatenate([[], *parts]).tolist()) == list(range(size))


def test_features_are_vectors_and_closeness(kit: Any) -> None:
    crowd = kit.crowd(30)
    index = kit.index(crowd, vectors=kit.vectors())
    rows = measure(Columns.of(crowd.items()), index.statistics.content)
    people = Scaled(rows, index.reach.closeness(rows))
    table = features(people)
    expected = rows.directions[:, :48] * (0.1**0.5 / 127)
    assert table[:, :48] == pytest.approx(expected, abs=1e-6)
    assert table[:, 48] == pytest.approx(0.5 * people.closeness)


def test_people_are_found_in_any_order() -> None:
    ids = np.array([7, 3, 90, 12], np.int64)
    finder = Finder.of(ids)
    at, known = finder.find(np.array([3, 4, 90, 100], np.int64))
    assert known.tolist() == [True, False, True, False]
    assert ids[at[known]].tolist() == [3, 90]
    nobody = Finder.of(np.empty(0, np.int64))
    assert nobody.find(ids)[1].tolist() == [False] * 4


@pytest.mark.parametrize("parts", [0, 1, 7])
def test_results_of_threads_come_in_order(parts: int) -> None:
    assert list(mapped(lambda n: n * n, range(parts))) == [n * n for n in range(parts)]
