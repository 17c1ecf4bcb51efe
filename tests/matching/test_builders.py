"""Builders that stop, meet, or are late: the index before stays, and nothing else."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.files import locks

from accounts.models import User
from accounts.services import matching_pause
from matching import engine, reader, services, tasks
from matching.engine import store
from matching.reader import current_view
from matching.verification.files import wrong_files
from tests.factories import make_person, make_taste
from tests.matching.faults import (
    another_version,
    no_space,
    require_healed,
    require_right,
    spoil,
)

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
