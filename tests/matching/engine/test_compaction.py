"""Folding changes into segments, and what a view learns without any change of taste."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matching.engine import Comparison, Facets, Index, Taste, View, Wanted, explain

ARTISTS = st.lists(st.integers(0, 45), unique=True, max_size=8)
CHANGES = st.dictionaries(st.integers(100, 125), st.none() | ARTISTS, max_size=12)


def tastes_of(
    kit: Any, changes: dict[int, list[int] | None]
) -> dict[int, Taste | None]:
    return {
        person: None
        if artists is None
        else kit.taste(artists, audio=kit.audio(person) if person % 2 else None)
        for person, artists in changes.items()
    }


@settings(max_examples=25, deadline=None)
@given(steps=st.lists(CHANGES, max_size=4), most=st.sampled_from([4, 9, 65_536]))
def test_compaction_changes_no_score(
    kit: Any, steps: list[dict[int, list[int] | None]], most: int
) -> None:
    """To the bit, on boards and receipts, whatever is folded how often."""
    with kit.segments_of(most):
        kept = folded = kit.index(kit.crowd(18), vectors=kit.vectors()).view()
        for changes in steps:
            tastes = tastes_of(kit, changes)
            kept = kept.updated(tastes)
            folded = folded.updated(tastes).compacted(watermark=5).view()
            assert all(len(segment) <= most for segment in folded.segments)
    assert folded.person_ids.tolist() == kept.person_ids.tolist()
    assert len(folded.index) == len(folded) == len(kept)
    assert kit.boards(folded) == kit.boards(kept)
    people = kept.person_ids.tolist()
    for u, v in zip(people, people[1:], strict=False):
        assert explain(folded, u, v) == explain(kept, u, v)
        assert folded.taste(u) == kept.taste(u)


def test_compacted_indexes_come_back_from_files(kit: Any, tmp_path: Path) -> None:
    with kit.segments_of(16):
        index = kit.index(kit.crowd(40), vectors=kit.vectors())
        index.save(tmp_path)
        changes = {100: kit.taste([1, 2, 30]), 105: None, 900: kit.taste([3, 4])}
        view = Index.load(tmp_path).view(changes)
        view.compacted(watermark=9).save(tmp_path)
    loaded = Index.load(tmp_path)
    assert (loaded.watermark, loaded.built_at, len(loaded)) == (9, kit.now, 40)
    assert kit.boards(loaded.view()) == kit.boards(view)
    names = sorted(path.name for path in tmp_path.glob("segment-*"))
    assert names == [
        "segment-0-000001.part",
        "segment-1-000001.part",
        "segment-2-000001.part",
        "segment-3-000002.part",
    ]


def test_nothing_changed_writes_no_new_part(kit: Any, tmp_path: Path) -> None:
    kit.index(kit.crowd(9)).save(tmp_path)
    before = {path.name for path in tmp_path.glob("*.part")}
    Index.load(tmp_path).view().compacted(watermark=4).save(tmp_path)
    assert {path.name for path in tmp_path.glob("*.part")} == before
    assert Index.load(tmp_path).generation == 2


@pytest.mark.parametrize("most", [16, 65_536])
def test_segments_stay_few(kit: Any, most: int) -> None:
    """A newer segment has less than half of the one before, but where both are full."""
    with kit.segments_of(most):
        view = kit.index(kit.crowd(64, full=False)).view()
        seen = []
        for step in range(120):
            changes = {1_000 + step: kit.taste([step % 40]), 100 + step % 64: None}
            view = view.updated(changes).compacted(watermark=step).view()
            sizes = [len(segment) for segment in view.segments]
            assert all(
                older > 2 * newer or older + newer > most
                for older, newer in zip(sizes, sizes[1:], strict=False)
            )
            seen.append(len(sizes))
            assert len(sizes) <= math.log2(sum(sizes)) + 2 * sum(sizes) / most
    assert len(view) == 120
    if most > 64:
        assert 2 <= max(seen) <= 7


def test_more_changes_than_a_segment_holds_are_folded(kit: Any) -> None:
    with kit.segments_of(8):
        view = kit.index({}).view(kit.crowd(30))
        index = view.compacted(watermark=4)
    assert [len(segment.content) for segment, _ in index.segments] == [8, 8, 8, 6]
    assert kit.boards(index.view()) == kit.boards(view)


def test_everyone_can_leave_and_come_back(kit: Any) -> None:
    crowd = kit.crowd(12)
    view = kit.index(crowd).view()
    nobody = view.updated(dict.fromkeys(crowd)).compacted(watermark=4)
    assert (len(nobody), nobody.segments) == (0, ())
    again = nobody.view(crowd)
    assert kit.boards(again) == kit.boards(view)
    assert kit.boards(again.compacted(watermark=5).view()) == kit.boards(view)


def active(view: View, viewer: int, since: int) -> set[int]:
    wanted = Wanted(active_since=since)
    return set(Comparison(view, viewer).closest(99, wanted).person_ids.tolist())


def test_being_seen_is_no_change_of_taste(kit: Any) -> None:
    people = {person: kit.taste([1, 2, 3]) for person in range(1, 8)}
    facets = {person: Facets("DE", 10) for person in people}
    with kit.segments_of(3):
        index = kit.index(people, facets)
    before = index.view({7: kit.taste([1, 2])}, {7: Facets("DE", 10)})
    ids = np.array([2, 4, 5, 7, 99], np.int64)
    after = before.seen(ids, np.array([30, 20, 5, 40, 50], np.uint32))
    assert active(before, 1, 11) == set()
    assert active(after, 1, 11) == {2, 4, 7}
    assert active(after, 1, 25) == {2, 7}
    assert active(after, 1, 10) == {2, 3, 4, 5, 6, 7}
    assert kit.boards(after) == kit.boards(before)
    assert active(before, 1, 11) == set()


def test_those_who_change_after_they_were_seen_bring_their_own_time(kit: Any) -> None:
    people = {person: kit.taste([1, 2, 3]) for person in range(1, 5)}
    view = kit.index(people).view()
    seen = view.seen(np.array([2], np.int64), np.array([30], np.uint32))
    changed = seen.updated({2: kit.taste([2, 1])}, {2: Facets("FR", 40)})
    assert active(changed, 1, 35) == {2}
    assert active(changed.compacted(watermark=4).view(), 1, 35) == {2}
