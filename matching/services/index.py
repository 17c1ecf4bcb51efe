"""Building the index that boards are read from, and keeping it short of changes."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from pathlib import Path

from django.conf import settings
from django.core.files import locks

from matching import engine
from matching.changes import all_since, newest_seq
from matching.loaders import stored_tastes
from matching.models import Taste, TasteChange

logger = logging.getLogger(__name__)

_NIGHTLY = timedelta(hours=24)
_MOST_CHANGED = 1000
_GROWTH = 0.05
_LOCK = "build.lock"


class BuildRunning(Exception):
    """Another process builds the index right now."""


def index_rebuild(*, now: datetime, waits: bool = False) -> engine.Index:
    """Build the index from every taste and make it the current one.

    When another process is at it, waits for that or raises :class:`BuildRunning`.
    Raises ``OSError`` when the folder cannot be written: the index before stays.
    """
    with _build_lock(waits=waits):
        index = _build(now)
        _save(index)
    logger.info("Index built: %d people.", len(index))
    return index


def index_compact(*, waits: bool = False) -> engine.Index:
    """Fold what changed into the current index; no score changes.

    Raises as rebuilding does, and ``engine.IndexMissing`` or ``engine.IndexCorrupt``
    when there is no index to fold into.
    """
    with _build_lock(waits=waits):
        index = engine.Index.load(Path(settings.INDEX_DIR))
        changes, seq = all_since(index.watermark)
        view = index.view(changes.tastes, changes.facets)
        compacted = view.compacted(watermark=seq)
        _save(compacted)
    logger.info("Index compacted: %d changes.", len(changes.tastes))
    return compacted


def index_forget() -> None:
    """Take the index away: it is of another database than there is now.

    Its parts stay until the next build, so that no number is given twice.
    """
    folder = Path(settings.INDEX_DIR)
    with _build_lock(waits=True):
        # The current one first: nobody falls back on one that is about to go.
        for path in sorted(folder.glob("MANIFEST*.json"), key=lambda p: len(p.name)):
            path.unlink(missing_ok=True)


def _save(index: engine.Index) -> None:
    """Make an index the current one, and forget changes nobody has to read again."""
    folder = Path(settings.INDEX_DIR)
    index.save(folder)
    # A worker may fall back on the oldest kept: it has to learn what came since. The
    # last change it knows stays too, to tell that the index is not ahead of it.
    TasteChange.objects.filter(seq__lt=_oldest_watermark(folder)).delete()


def _oldest_watermark(folder: Path) -> int:
    """The lowest of the generations kept; nobody reads those that cannot be read."""
    found = []
    for generation in engine.generations(folder):
        with suppress(engine.IndexMissing, engine.IndexCorrupt):
            found.append(engine.Index.watermark_of(folder, generation))
    return min(found, default=0)


@contextmanager
def _build_lock(*, waits: bool) -> Iterator[None]:
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


def _build(now: datetime) -> engine.Index:
    # Read before the tastes: what changes meanwhile is merely applied once more.
    watermark = newest_seq()
    columns, is_spotify = stored_tastes()
    fit_rows = None
    if not settings.FIT_ON_SPOTIFY and is_spotify.any():
        fit_rows = columns.person_ids[~is_spotify]
    return engine.build_index(
        columns, watermark=watermark, built_at=now, fit_rows=fit_rows
    )


def _current_index() -> engine.Index | None:
    try:
        return engine.Index.load(Path(settings.INDEX_DIR))
    except (engine.IndexMissing, engine.IndexCorrupt):
        return None


def index_is_ready() -> bool:
    """Whether there is an index that can be read."""
    return _current_index() is not None


def changed_since(watermark: int) -> int:
    """Count the tastes that changed since, and the people who departed."""
    return (
        Taste.objects.changed_since(watermark).count()
        + TasteChange.objects.departed_since(watermark).count()
    )


def index_is_due(*, now: datetime) -> bool:
    """Whether the index has to be built anew, see :func:`why_due`."""
    return bool(why_due(now=now))


def why_due(*, now: datetime) -> str:
    """Say why the index has to be built anew; "" when it need not be.

    In a small community a twentieth of its people changed is reason enough: building
    costs little, and what is rare changes with a few people.
    """
    index = _current_index()
    if index is None:
        return "there is none that can be read"
    if now < index.built_at:
        return "it was built in the future"
    if now - index.built_at >= _NIGHTLY:
        return "it is a day old"
    if index.watermark > newest_seq():
        return "it is of another database, or of a later state of this one"
    counted = index.statistics.content.people
    if abs(len(index) - counted) > _GROWTH * max(1, counted):
        return "the community grew or shrank by a twentieth"
    changed = changed_since(index.watermark)
    is_small = len(index) <= _MOST_CHANGED / _GROWTH
    if is_small and changed >= max(1, _GROWTH * len(index)):
        return "a twentieth of its people changed"
    return ""


def index_is_long() -> bool:
    """Whether so much changed since the index that boards take longer for it."""
    index = _current_index()
    return index is not None and changed_since(index.watermark) >= _MOST_CHANGED
