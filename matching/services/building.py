"""Writing the index of this machine, for who holds the lock of its folder."""

import logging
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import numpy.typing as npt
from django.conf import settings
from django.core.files import locks
from django.db.models import Min

from accounts.replicas import read_anywhere
from matching import editions, engine
from matching.changes import all_since, departed_of, newest_seq
from matching.engine import Columns
from matching.loaders import stored_tastes
from matching.models import Edition, Keeper, TasteChange

logger = logging.getLogger(__name__)

_LOCK = "build.lock"
# A machine that was away for longer looks everyone up when it comes back.
_REMEMBERED = timedelta(days=1)


class BuildRunning(Exception):
    """Another process builds the index right now."""


def compact() -> engine.Index:
    """Fold what changed into the current index; no score changes.

    Raises ``engine.IndexMissing`` or ``engine.IndexCorrupt`` when there is none.
    """
    index = engine.Index.load(Path(settings.INDEX_DIR))
    changes, seq = all_since(index.watermark)
    view = index.view(changes.tastes, changes.facets)
    if changes.are_swept:
        view = view.updated(dict.fromkeys(departed_of(view.person_ids)))
    compacted = view.compacted(watermark=seq)
    save(compacted)
    logger.info("Index compacted: %d changes.", len(changes.tastes))
    return compacted


def count_anew(now: datetime) -> engine.Index:
    """Count the community, publish that as an edition, and write the index under it."""
    watermark, (columns, is_spotify) = _everyone()
    fit_rows = None
    if not settings.FIT_ON_SPOTIFY and is_spotify.any():
        fit_rows = columns.person_ids[~is_spotify]
    index = engine.build_index(
        columns, watermark=watermark, built_at=now, fit_rows=fit_rows
    )
    edition = editions.edition_publish(index, now=now)
    index = replace(index, edition=edition.number)
    save(index, serves=edition.serves_at is not None)
    logger.info("Edition %d counted: %d people.", edition.number, len(index))
    return index


def _everyone() -> tuple[int, tuple[Columns, npt.NDArray[np.bool_]]]:
    """Everyone's taste, and a place in the sequence of changes that it is not behind.

    A replica may say it: what changed since, readers ask of the primary.
    """
    # Read before the tastes: what changes meanwhile is merely applied once more.
    read: tuple[int, tuple[Columns, npt.NDArray[np.bool_]]] = read_anywhere(
        lambda: (newest_seq(), stored_tastes()),
        "matching.Taste",
        "matching.TasteChange",
    )
    return read


def build_under(edition: Edition) -> engine.Index:
    """Write the index of everyone under statistics that some machine has counted.

    Raises ``engine.IndexCorrupt`` when the edition cannot be read.
    """
    statistics = editions.statistics_of(edition)
    watermark, (columns, _) = _everyone()
    index = engine.build_index(
        columns,
        watermark=watermark,
        built_at=edition.built_at,
        statistics=statistics,
    )
    index = replace(index, edition=edition.number)
    save(index, serves=edition.serves_at is not None)
    logger.info("Index of edition %d built: %d people.", edition.number, len(index))
    return index


def save(index: engine.Index, *, serves: bool = True) -> None:
    """Write an index, and forget changes nobody has to read again."""
    folder = Path(settings.INDEX_DIR)
    index.save(folder, serves=serves)
    # A worker may fall back on the oldest kept: it has to learn what came since. The
    # last change it knows stays too, to tell that the index is not ahead of it.
    oldest = oldest_watermark(folder)
    if (of_others := _watermark_of_others()) is not None:
        oldest = min(oldest, of_others)
    TasteChange.objects.filter(seq__lt=oldest).delete()


def oldest_watermark(folder: Path) -> int:
    """The lowest of the generations kept; nobody reads those that cannot be read."""
    found = []
    for generation in engine.generations(folder):
        with suppress(engine.IndexMissing, engine.IndexCorrupt):
            found.append(engine.Index.watermark_of(folder, generation))
    return min(found, default=0)


def folder_name() -> uuid.UUID:
    """What tells this folder from those of other machines; made once."""
    file = Path(settings.INDEX_DIR) / "keeper.id"
    with suppress(OSError, ValueError):
        return uuid.UUID(file.read_text("ascii").strip())
    name = uuid.uuid4()
    file.write_text(f"{name}\n", "ascii")
    return name


def _watermark_of_others() -> int | None:
    """The lowest that some machine may still ask from."""
    others = Keeper.objects.seen_within(_REMEMBERED).exclude(folder=folder_name())
    lowest: int | None = others.aggregate(lowest=Min("watermark"))["lowest"]
    return lowest


@contextmanager
def build_lock(*, waits: bool) -> Iterator[None]:
    """Keep other builders out of the folder, until the end even of a killed one."""
    folder = Path(settings.INDEX_DIR)
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / _LOCK).open("w") as file:
        flags = locks.LOCK_EX if waits else locks.LOCK_EX | locks.LOCK_NB
        if not locks.lock(file, flags):
            raise BuildRunning
        yield


def build_is_running() -> bool:
    """Whether a builder keeps others out of the folder right now."""
    try:
        with (Path(settings.INDEX_DIR) / _LOCK).open("rb") as file:
            return not locks.lock(file, locks.LOCK_SH | locks.LOCK_NB)
    except FileNotFoundError:
        return False


def current_index() -> engine.Index | None:
    try:
        return engine.Index.load(Path(settings.INDEX_DIR))
    except (engine.IndexMissing, engine.IndexCorrupt):
        return None
