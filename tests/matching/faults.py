"""Ways to spoil an index folder, and what has to hold all the same."""

import json
import os
from errno import ENOSPC
from pathlib import Path

from matching import engine, reader, tasks
from matching.engine import store
from matching.models import Taste
from matching.reader import current_view
from matching.verification import BruteForce, Verification, wrong_board


def spoil(path: Path, text: str = "{}") -> None:
    """Put something else in place of a file, as a new file: the old one is mapped."""
    path.unlink()
    path.write_text(text)


def part_of(folder: Path, name: str, generation: int) -> Path:
    manifest = store.read_manifest(folder, generation)
    return folder / str(manifest["parts"][name]["file"])


def require_right(people: set[int]) -> engine.View:
    """These people and nobody else, each with the right board."""
    view = current_view()
    assert set(view.person_ids.tolist()) == people
    brute = BruteForce(view)
    for person in people:
        assert list(wrong_board(view, brute, person)) == []
        taste = view.taste(person)
        assert taste is not None
        assert engine.pack(taste) == bytes(Taste.objects.get(person=person).blob)
    return view


def require_healed() -> None:
    """The task builds what is due, and the whole index is right again."""
    tasks.rebuild_index_when_due_task.delay()
    reader.forget()
    current_view()
    checks = Verification(sample=10, seed=1).checks()
    assert [words for check in checks for words in check.differences] == []


def no_space(*_: object) -> None:
    raise OSError(ENOSPC, os.strerror(ENOSPC))


# --- What the newest of two generations may suffer


def truncated_part(folder: Path, name: str = "segment-0") -> None:
    path = part_of(folder, name, 2)
    whole = path.read_bytes()
    path.unlink()
    path.write_bytes(whole[: len(whole) // 2])


def no_part(folder: Path) -> None:
    part_of(folder, "hidden-0", 2).unlink()


def truncated_manifest(folder: Path) -> None:
    for name in ("MANIFEST.json", "MANIFEST-000002.json"):
        spoil(folder / name, (folder / name).read_text()[:300])


def another_version(folder: Path) -> None:
    for name in ("MANIFEST.json", "MANIFEST-000002.json"):
        manifest = json.loads((folder / name).read_text())
        spoil(folder / name, json.dumps(manifest | {"version": 999}))


def nonsense_manifest(folder: Path) -> None:
    spoil(folder / "MANIFEST.json", '{"version": 2, "parts": [], "generation": null}')
    spoil(folder / "MANIFEST-000002.json", '{"version": 2, "parts": {"segment-0": 7}}')


def ahead_of_the_database(folder: Path) -> None:
    for name in ("MANIFEST.json", "MANIFEST-000002.json"):
        manifest = json.loads((folder / name).read_text())
        ahead = {"watermark": manifest["watermark"] + 100}
        spoil(folder / name, json.dumps(manifest | ahead))


UNREADABLE = [
    truncated_part,
    no_part,
    truncated_manifest,
    another_version,
    nonsense_manifest,
    ahead_of_the_database,
]
