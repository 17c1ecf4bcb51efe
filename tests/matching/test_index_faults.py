"""Files of the index that cannot be read: the generation before serves on."""

import os
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from accounts.models import User
from accounts.services import matching_pause
from matching import engine, reader, services, tasks
from matching.engine import store
from matching.models import TasteChange
from matching.reader import current_view
from tests.factories import make_person, make_taste
from tests.matching.conftest import SignIn
from tests.matching.faults import (
    UNREADABLE,
    no_space,
    require_healed,
    require_right,
    spoil,
    truncated_part,
)
from tests.matching.marks import explanation_root, handles, words_of

# --- The newest generation cannot be read -------------------------------------


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
