import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from matching.engine import (
    Index,
    IndexCorrupt,
    IndexMissing,
    Taste,
    build_index,
    explain,
    generations,
)


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.glob("*.part")}


def test_saving_and_loading_loses_nothing(kit: Any, tmp_path: Path) -> None:
    crowd = kit.crowd(30)
    index = kit.index(crowd, vectors=kit.vectors())
    assert (index.generation, len(index)) == (0, 30)
    assert index.save(tmp_path) == 1
    loaded = Index.load(tmp_path)
    assert (loaded.generation, loaded.watermark) == (1, 3)
    assert loaded.built_at == kit.now
    assert len(loaded) == 30
    assert kit.boards(loaded.view()) == kit.boards(index.view())
    assert all(loaded.view().taste(person) == taste for person, taste in crowd.items())
    changes = {100: kit.taste([1, 2, 30]), 105: None, 900: kit.taste([3, 4])}
    assert kit.boards(loaded.view(changes)) == kit.boards(index.view(changes))


def test_loaded_arrays_are_mapped_but_not_memmaps(kit: Any, tmp_path: Path) -> None:
    kit.index(kit.crowd(5)).save(tmp_path)
    ((segment, hidden),) = Index.load(tmp_path).segments
    for array in (segment.content.person_ids, hidden.content.rows):
        assert type(array) is np.ndarray
        assert not array.flags.writeable


def test_an_empty_index_can_be_saved(kit: Any, tmp_path: Path) -> None:
    kit.index({}).save(tmp_path)
    view = Index.load(tmp_path).view({1: kit.taste([1]), 2: kit.taste([1])})
    assert explain(view, 1, 2).points > 0


def test_only_the_newest_two_generations_stay(kit: Any, tmp_path: Path) -> None:
    for size in (3, 4, 5):
        kit.index(kit.crowd(size)).save(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "MANIFEST-000002.json",
        "MANIFEST-000003.json",
        "MANIFEST.json",
        *(
            f"{part}-{generation:06d}.part"
            for part in ("hidden-0", "segment-0", "statistics")
            for generation in (2, 3)
        ),
    ]
    loaded = Index.load(tmp_path)
    assert (loaded.generation, len(loaded)) == (3, 5)
    assert len(Index.load(tmp_path, 2)) == 4
    assert generations(tmp_path) == [3, 2]


def test_a_loaded_index_outlives_its_files(kit: Any, tmp_path: Path) -> None:
    kit.index(kit.crowd(9)).save(tmp_path)
    before = Index.load(tmp_path)
    expected = kit.boards(before.view())
    for size in (3, 4, 5):
        kit.index(kit.crowd(size)).save(tmp_path)
    assert kit.boards(before.view()) == expected


def test_a_half_written_generation_is_not_seen(kit: Any, tmp_path: Path) -> None:
    kit.index(kit.crowd(4)).save(tmp_path)
    left = tmp_path / "segment-0-000002.part"
    left.write_bytes(b"half")
    assert Index.load(tmp_path).generation == 1
    assert kit.index(kit.crowd(5)).save(tmp_path) > 1
    assert len(Index.load(tmp_path)) == 5
    assert not left.exists() or left.stat().st_size > 4


def test_no_index_is_missing(tmp_path: Path) -> None:
    with pytest.raises(IndexMissing):
        Index.load(tmp_path)
    with pytest.raises(IndexMissing):
        Index.load(tmp_path / "nowhere")


@pytest.mark.parametrize("cut", [0, 40, -1])
def test_a_truncated_file_is_named(kit: Any, tmp_path: Path, cut: int) -> None:
    kit.index(kit.crowd(12)).save(tmp_path)
    for path in tmp_path.glob("*.part"):
        whole = path.read_bytes()
        path.write_bytes(whole[:cut])
        with pytest.raises(IndexCorrupt, match=path.name):
            Index.load(tmp_path)
        path.write_bytes(whole)
    assert len(Index.load(tmp_path)) == 12


def test_a_file_that_is_gone_or_longer_is_named(kit: Any, tmp_path: Path) -> None:
    kit.index(kit.crowd(12)).save(tmp_path)
    path = next(tmp_path.glob("segment-*"))
    path.write_bytes(path.read_bytes() + b"x")
    with pytest.raises(IndexCorrupt, match=path.name):
        Index.load(tmp_path)
    path.unlink()
    with pytest.raises(IndexCorrupt, match=path.name):
        Index.load(tmp_path)


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", "{", '{"version": 1}', '{"version": 999}']
)
def test_a_spoilt_manifest_is_corrupt(kit: Any, tmp_path: Path, text: str) -> None:
    kit.index(kit.crowd(3)).save(tmp_path)
    (tmp_path / "MANIFEST.json").write_text(text)
    with pytest.raises(IndexCorrupt, match="MANIFEST"):
        Index.load(tmp_path)


@pytest.mark.parametrize(
    "part", ["watermark", "built_at", "segments", "parts", "generation"]
)
def test_a_manifest_without_a_part_is_corrupt(
    kit: Any, tmp_path: Path, part: str
) -> None:
    kit.index(kit.crowd(3)).save(tmp_path)
    path = tmp_path / "MANIFEST.json"
    manifest = json.loads(path.read_text())
    del manifest[part]
    path.write_text(json.dumps(manifest))
    with pytest.raises(IndexCorrupt):
        Index.load(tmp_path)


@pytest.mark.parametrize("part", ["file", "size", "values", "arrays"])
def test_a_manifest_that_tells_half_of_a_part_is_corrupt(
    kit: Any, tmp_path: Path, part: str
) -> None:
    kit.index(kit.crowd(3)).save(tmp_path)
    path = tmp_path / "MANIFEST.json"
    manifest = json.loads(path.read_text())
    del manifest["parts"]["segment-0"][part]
    path.write_text(json.dumps(manifest))
    with pytest.raises(IndexCorrupt, match="segment-0"):
        Index.load(tmp_path)


def test_the_watermark_of_a_kept_generation_can_be_read(
    kit: Any, tmp_path: Path
) -> None:
    index = kit.index(kit.crowd(3))
    index.save(tmp_path)
    index.view({100: None}).compacted(watermark=8).save(tmp_path)
    assert [Index.watermark_of(tmp_path, at) for at in (1, 2)] == [3, 8]
    with pytest.raises(IndexMissing):
        Index.watermark_of(tmp_path, 3)


@pytest.mark.parametrize("most", [64, 65_536])
def test_equal_people_give_equal_bytes_in_any_order(
    kit: Any, tmp_path: Path, most: int
) -> None:
    """With vectors fitted; every part of every segment, and the manifest."""
    crowd = kit.crowd(260)
    shuffled = dict(reversed(crowd.items()))
    with kit.segments_of(most):
        for name, people in (("one", crowd), ("two", shuffled)):
            index = kit.index(people)
            assert len(index.statistics.content.vectors)
            index.save(tmp_path / name)
    assert files(tmp_path / "one") == files(tmp_path / "two")
    assert len(files(tmp_path / "one")) == 1 + 2 * math.ceil(260 / most)
    manifests = [(tmp_path / name / "MANIFEST.json") for name in ("one", "two")]
    assert manifests[0].read_text() == manifests[1].read_text()


def test_segments_do_not_change_a_score(kit: Any) -> None:
    crowd = kit.crowd(50)
    whole = kit.index(crowd, vectors=kit.vectors())
    with kit.segments_of(8):
        parts = kit.index(crowd, vectors=kit.vectors())
    assert [len(segment.content) for segment, _ in parts.segments] == [8] * 6 + [2]
    assert kit.boards(parts.view()) == kit.boards(whole.view())


def test_a_person_given_twice_is_refused(kit: Any) -> None:
    twice = [(1, kit.taste([1])), (1, kit.taste([2]))]
    assert len(build_index(twice[:1], watermark=0, built_at=kit.now)) == 1
    with pytest.raises(ValueError, match="once"):
        build_index(twice, watermark=0, built_at=kit.now)


def test_changes_equal_a_rebuild_with_the_same_statistics(kit: Any) -> None:
    crowd = kit.crowd(40)
    index = kit.index(crowd, vectors=kit.vectors())
    changes: dict[int, Taste | None] = {
        100: kit.taste([1, 2, 30], audio=kit.audio(8)),
        104: None,
        900: kit.taste([3, 4, 88]),
        901: Taste.empty,
    }
    after = {p: t for p, t in (crowd | changes).items() if t is not None}
    rebuilt = kit.index(after, statistics=index.statistics.content)
    assert kit.boards(index.view(changes)) == kit.boards(rebuilt.view())


def test_changes_in_steps_equal_changes_at_once(kit: Any) -> None:
    index = kit.index(kit.crowd(20), vectors=kit.vectors())
    steps: list[dict[int, Taste | None]] = [
        {100: kit.taste([1, 2]), 901: kit.taste([5])},
        {100: kit.taste([8, 9, 10]), 103: None, 50: kit.taste([9])},
        {901: None, 103: kit.taste([10, 1])},
    ]
    view = index.view()
    everything: dict[int, Taste | None] = {}
    for changes in steps:
        view = view.updated(changes)
        everything |= changes
    assert kit.boards(view) == kit.boards(index.view(everything))
    assert view.taste(901) is None
    assert view.taste(103) == kit.taste([10, 1])
    assert view.person_ids.tolist() == [50, *range(100, 120)]


def test_a_view_is_not_changed_by_the_next_one(kit: Any) -> None:
    view = kit.index(kit.crowd(8)).view()
    before = kit.boards(view)
    view.updated({100: None, 101: kit.taste([1])})
    assert kit.boards(view) == before


def test_nobody_elses_numbers_move(kit: Any) -> None:
    view = kit.index(kit.crowd(30), vectors=kit.vectors()).view()
    before, after = (
        kit.boards(view),
        kit.boards(view.updated({110: kit.taste([1, 2, 77])})),
    )
    untouched = {pair for pair in before if 110 not in pair}
    assert all(before[pair] == after[pair] for pair in untouched)
    assert any(before[pair] != after[pair] for pair in before.keys() - untouched)


def test_listeners_follow_changes(kit: Any) -> None:
    people = {1: kit.taste([2]), 2: kit.taste([7, 2]), 3: kit.taste([12])}
    view = kit.index(people).view()
    asked = np.array([12, 2, 99], np.uint32)
    assert view.listeners(asked).tolist() == [1, 2, 0]
    changed = view.updated({1: kit.taste([7]), 9: kit.taste([2, 99]), 3: None})
    assert changed.listeners(asked).tolist() == [0, 2, 1]
    assert changed.compacted(watermark=4).view().listeners(asked).tolist() == [0, 2, 1]
