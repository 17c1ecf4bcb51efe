"""Whatever happens to the index folder: never a wrong board, and a way back."""

import json
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from errno import ENOSPC
from pathlib import Path
from typing import Any

import pytest
from django.core.files import locks

from accounts.models import User
from accounts.services import matching_pause
from matching import engine, reader, services, tasks
from matching.engine import store
from matching.models import Taste, TasteChange
from matching.reader import current_view
from matching.verification import BruteForce, Verification, wrong_board
from matching.verification.files import wrong_files
from tests.factories import make_person, make_taste
from tests.matching.conftest import SignIn
from tests.matching.marks import explanation_root, handles, words_of


@pytest.fixture
def folder(settings: Any) -> Path:
    return Path(settings.INDEX_DIR)


@pytest.fixture
def two_generations(community: list[User], now: datetime) -> list[User]:
    """A second generation that also knows what changed since the first."""
    make_taste(community[0], ["Grouper", "Sade", "Low", "Can"])
    services.index_rebuild(now=now)
    return community


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


# --- The newest generation cannot be read -------------------------------------


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


@pytest.mark.parametrize("fault", UNREADABLE)
@pytest.mark.parametrize("is_fresh", [True, False])
def test_the_generation_before_serves_until_the_next_build(
    two_generations: list[User],
    now: datetime,
    folder: Path,
    fault: Any,
    is_fresh: bool,
    caplog: Any,
) -> None:
    ada, ben, cyd, dee = two_generations
    if not is_fresh:
        current_view()
    fault(folder)
    if not is_fresh:
        # A worker holds what it has mapped, and is told of a new manifest.
        os.utime(folder / "MANIFEST.json", ns=(1, 1))
    matching_pause(person=ben, now=now)
    dee.delete()
    make_taste(cyd, ["Coil", "Grouper"])
    newcomer = make_person("eve_new")
    make_taste(newcomer, ["Sade", "Coil"])
    require_right({ada.pk, cyd.pk, newcomer.pk})
    assert "The index cannot be read: " in caplog.text
    assert f"Generation {1 if is_fresh else 2} of the index serves" in caplog.text
    caplog.clear()
    require_right({ada.pk, cyd.pk, newcomer.pk})
    assert caplog.text == ""
    require_healed()
    assert current_view().index.generation > 2


@pytest.mark.parametrize("fault", UNREADABLE)
def test_an_idle_worker_revives_nobody(
    two_generations: list[User], now: datetime, folder: Path, fault: Any
) -> None:
    """Builds swept who departed before the worker asked, then the files went bad."""
    ada, ben, cyd, dee = two_generations
    current_view()
    ben.delete()
    matching_pause(person=dee, now=now)
    fault(folder)
    os.utime(folder / "MANIFEST.json", ns=(1, 1))
    newest = TasteChange.objects.newest()
    TasteChange.objects.filter(seq__lt=newest).delete()
    require_right({ada.pk, cyd.pk})


@pytest.mark.parametrize("fault", UNREADABLE)
def test_a_build_that_fails_leaves_the_good_generation(
    two_generations: list[User],
    now: datetime,
    folder: Path,
    fault: Any,
    monkeypatch: Any,
) -> None:
    """The newest is bad, and the disk is full: the older one is still there."""
    fault(folder)
    monkeypatch.setattr(store.os, "fsync", no_space)
    with pytest.raises(OSError, match="No space"):
        services.index_rebuild(now=now)
    assert len(require_right({p.pk for p in two_generations})) == 4
    monkeypatch.undo()
    require_healed()


def no_space(*_: object) -> None:
    raise OSError(ENOSPC, os.strerror(ENOSPC))


def test_when_nothing_can_be_read_the_page_says_so(
    community: list[User], sign_in: SignIn, folder: Path, caplog: Any
) -> None:
    client = sign_in(community[0])
    assert len(handles(client)) == 3
    for path in folder.glob("*.part"):
        spoil(path, "short")
    reader.forget()
    assert "Your list is being made" in words_of(client.get("/matches/"))
    assert "The index cannot be read: statistics-000001.part is not" in caplog.text
    require_healed()
    assert len(handles(client)) == 3


# --- The folder ---------------------------------------------------------------


def test_a_worker_outlives_its_folder(
    community: list[User], now: datetime, folder: Path, caplog: Any
) -> None:
    ada, ben, cyd, dee = community
    current_view()
    for path in folder.iterdir():
        path.unlink()
    folder.rmdir()
    ben.delete()
    make_taste(cyd, ["Low", "Can"])
    assert require_right({ada.pk, cyd.pk, dee.pk}).index.generation == 1
    assert "No MANIFEST.json" in caplog.text
    reader.forget()
    with pytest.raises(engine.IndexMissing):
        current_view()
    require_healed()
    require_right({ada.pk, cyd.pk, dee.pk})


def test_a_folder_that_cannot_be_written_keeps_its_generation(
    community: list[User], now: datetime, monkeypatch: Any, caplog: Any
) -> None:
    """Not by its mode: whoever may do everything may write there too."""
    ada, ben, cyd, dee = community
    opened = Path.open

    def read_only(path: Path, mode: str = "r", *rest: Any, **options: Any) -> Any:
        if "w" in mode:
            raise PermissionError(13, "Read-only file system", str(path))
        return opened(path, mode, *rest, **options)

    monkeypatch.setattr(Path, "open", read_only)
    ben.delete()
    make_taste(dee, ["Sade", "Coil"])
    tasks.rebuild_index_when_due_task.delay()
    assert "The index cannot be written; the one before serves on." in caplog.text
    assert require_right({ada.pk, cyd.pk, dee.pk}).index.generation == 1
    monkeypatch.undo()
    require_healed()


# --- A build that stops half-way ----------------------------------------------


@pytest.mark.parametrize("written", range(5))
def test_a_disk_that_fills_up_at_any_file(
    two_generations: list[User],
    now: datetime,
    folder: Path,
    monkeypatch: Any,
    written: int,
) -> None:
    ada, ben, cyd, dee = two_generations
    ben.delete()
    before = sorted(path.name for path in folder.iterdir())
    left = iter(range(written))
    sync = os.fsync

    def full(number: int) -> None:
        if next(left, None) is None:
            no_space()
        sync(number)

    builds = [lambda: services.index_rebuild(now=now)]
    # A compaction writes who is hidden, and two manifests.
    builds += [services.index_compact] * (written < 3)
    for build in builds:
        left = iter(range(written))
        monkeypatch.setattr(store.os, "fsync", full)
        with pytest.raises(OSError, match="No space"):
            build()
        monkeypatch.undo()
        assert sorted(path.name for path in folder.iterdir()) == before
        reader.forget()
        assert require_right({ada.pk, cyd.pk, dee.pk}).index.generation == 2
    require_healed()
    assert list(wrong_files(folder)) == []


@contextmanager
def files_up_to(size: int) -> Iterator[None]:
    """No file of this process grows beyond so many bytes."""
    resource = pytest.importorskip("resource")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, before)


@pytest.mark.parametrize("size", [0, 64, 1_000])
def test_a_file_that_is_cut_off_while_it_is_written(
    community: list[User], now: datetime, folder: Path, size: int
) -> None:
    before = sorted(path.name for path in folder.iterdir())
    with files_up_to(size), pytest.raises(OSError):  # noqa: PT011 - many words for it
        services.index_rebuild(now=now)
    assert sorted(path.name for path in folder.iterdir()) == before
    assert require_right({p.pk for p in community}).index.generation == 1
    require_healed()


def test_what_a_killed_writer_left_is_not_read_and_goes(
    community: list[User], now: datetime, folder: Path
) -> None:
    people = {person.pk for person in community}
    (folder / "segment-0-000002.part").write_bytes(b"half")
    (folder / "MANIFEST.tmp").write_text('{"version"')
    (folder / "MANIFEST-000002.json").write_text("{")
    assert require_right(people).index.generation == 1
    assert len(list(wrong_files(folder))) == 2
    index = services.index_rebuild(now=now)
    assert len(index) == 4
    assert engine.Index.load(folder).generation == 3
    assert list(wrong_files(folder)) == []
    assert require_right(people).index.generation == 3


def test_a_first_build_killed_at_its_last_step_can_be_read(
    community: list[User], folder: Path, now: datetime
) -> None:
    (folder / "MANIFEST.json").unlink()
    matching_pause(person=community[1], now=now)
    require_right({person.pk for person in community} - {community[1].pk})
    require_healed()


def test_a_name_is_never_given_twice(
    community: list[User], now: datetime, folder: Path
) -> None:
    """Writing into a file that is mapped would end whoever reads it."""
    held = current_view()
    expected = [engine.scan(held, p.pk).similarity.tolist() for p in community]
    (folder / "MANIFEST-000001.json").unlink()
    services.index_rebuild(now=now)
    assert engine.Index.load(folder).generation == 2
    assert [engine.scan(held, p.pk).similarity.tolist() for p in community] == expected


def test_the_first_build_of_another_version_goes_through(
    two_generations: list[User], now: datetime, folder: Path
) -> None:
    another_version(folder)
    assert len(services.index_rebuild(now=now)) == 4
    assert engine.Index.load(folder).generation == 3


# --- Builders and readers at once ---------------------------------------------


def test_neither_way_of_building_enters_beside_another(
    community: list[User], now: datetime, folder: Path, caplog: Any
) -> None:
    caplog.set_level("INFO")
    make_taste(community[0], ["Low"])
    with (folder / "build.lock").open("w") as other:
        locks.lock(other, locks.LOCK_EX)
        with pytest.raises(services.BuildRunning):
            services.index_rebuild(now=now)
        with pytest.raises(services.BuildRunning):
            services.index_compact()
        tasks.rebuild_index_when_due_task.delay()
    assert "Another process builds the index." in caplog.text
    assert engine.Index.load(folder).generation == 1
    services.index_compact()
    assert engine.Index.load(folder).generation == 2


def test_a_view_keeps_what_it_mapped_while_files_are_swept(
    community: list[User], now: datetime, folder: Path
) -> None:
    held = current_view()
    expected = [engine.scan(held, p.pk).similarity.tolist() for p in community]
    for artist in ("Low", "Neu!", "Coil"):
        make_taste(community[0], [artist, "Sade"])
        services.index_compact()
    assert not (folder / "MANIFEST-000001.json").exists()
    assert [engine.scan(held, p.pk).similarity.tolist() for p in community] == expected
    require_right({person.pk for person in community})


def test_someone_who_left_two_builds_ago_stays_away(
    two_generations: list[User], now: datetime, folder: Path
) -> None:
    """The older generation still has them, and the change is still there to be read."""
    ben = two_generations[1]
    gone = ben.pk
    ben.delete()
    services.index_compact()
    for name in ("MANIFEST.json", "MANIFEST-000003.json"):
        spoil(folder / name, "{")
    assert current_view().index.generation == 2
    assert gone not in current_view().person_ids


# --- Clocks, and counts -------------------------------------------------------


def test_a_clock_that_goes_back_makes_an_index_due(
    community: list[User], now: datetime
) -> None:
    tomorrow = now + timedelta(days=1)
    services.index_rebuild(now=tomorrow)
    assert services.index_is_due(now=now)
    require_right({person.pk for person in community})
    services.index_rebuild(now=now)
    assert not services.index_is_due(now=now)


def test_an_empty_community_is_not_due_again_and_again(db: None, now: datetime) -> None:
    assert len(services.index_rebuild(now=now)) == 0
    assert not services.index_is_due(now=now)
    make_taste(make_person("eve_new"), ["Sade"])
    assert services.index_is_due(now=now)


def test_a_departure_two_builds_ago_makes_no_index_due(
    community: list[User], now: datetime
) -> None:
    community[1].delete()
    for _ in range(3):
        services.index_rebuild(now=now)
    assert not services.index_is_due(now=now)
    require_right({community[at].pk for at in (0, 2, 3)})


def test_a_receipt_is_that_of_the_generation_that_serves(
    two_generations: list[User], sign_in: SignIn, folder: Path
) -> None:
    ada, ben, *_ = two_generations
    truncated_part(folder, "statistics")
    page = sign_in(ada).get(f"/matches/{ben.handle}/")
    assert page.status_code == 200
    root = explanation_root(page)
    view = current_view()
    assert view.index.generation == 1
    assert root["data-score"] == str(engine.explain(view, ada.pk, ben.pk).points)
