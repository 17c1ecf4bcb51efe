"""Keeping tastes and the index they are searched by up to date."""

import logging
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime, timedelta
from pathlib import Path

from django.conf import settings
from django.core.files import locks
from django.db import connection, transaction
from django.db.models import Max

from accounts.models import User
from matching import engine
from matching.loaders import LoadedTaste, load_tastes, opened
from matching.models import Taste, TasteChange

logger = logging.getLogger(__name__)

_NIGHTLY = timedelta(hours=24)
_MOST_CHANGED = 1000
_GROWTH = 0.05
# Their artists have to fit into one query.
_AT_ONCE = 100
# Any number no other advisory lock of the project uses.
_SEQ_LOCK = 7_016_001
_gathered: ContextVar[set[int] | None] = ContextVar("gathered", default=None)


class BuildRunning(Exception):
    """Another process builds the index right now."""


# --- Tastes ---------------------------------------------------------------


def taste_refresh(*, person_id: int, now: datetime) -> None:
    """Compute a person's taste again; the next board anyone opens has it.

    An unchanged taste keeps its place in the sequence.
    """
    tastes_refresh(person_ids=[person_id], now=now)


@transaction.atomic
def tastes_refresh(*, person_ids: Collection[int], now: datetime) -> None:
    """Compute the tastes of several people again, a hundred in one go.

    Everyone locks people first, in the order of their ids, and the sequence last.
    """
    ids = sorted(person_ids)
    changed = []
    for start in range(0, len(ids), _AT_ONCE):
        changed += _changed(ids[start : start + _AT_ONCE], now)
    if changed:
        _write(changed)


def _changed(person_ids: list[int], now: datetime) -> list[Taste]:
    """Compute tastes and return those that are not what they were."""
    # Locked before reading: of two changes at once the later sees both. Without
    # the key, because both hold rows that point at the person.
    people = User.objects.select_for_update(no_key=True).order_by("pk")
    present = people.in_bulk(person_ids)
    loaded = load_tastes(present)
    earlier = Taste.objects.in_bulk(present)
    changed = []
    for pk, person in present.items():
        taste = _taste(person, loaded[pk], now)
        if not _is_same(taste, earlier.get(pk)):
            changed.append(taste)
    return changed


def _taste(person: User, loaded: LoadedTaste, now: datetime) -> Taste:
    return Taste(
        person_id=person.pk,
        blob=engine.pack(loaded.taste),
        is_visible=person.is_discoverable and len(loaded.taste) > 0,
        has_spotify=loaded.has_spotify,
        computed_at=now,
    )


def _is_same(taste: Taste, earlier: Taste | None) -> bool:
    if earlier is None:
        # Nobody has seen anything of them, and there is nothing to see.
        return bytes(taste.blob) == engine.pack(engine.Taste.empty)
    return (
        bytes(earlier.blob) == taste.blob
        and earlier.is_visible == taste.is_visible
        and earlier.has_spotify == taste.has_spotify
    )


def _write(tastes: list[Taste]) -> None:
    lock_sequence()
    seqs = TasteChange.objects.note([taste.person_id for taste in tastes])
    for taste, seq in zip(tastes, seqs, strict=True):
        taste.seq = seq
    Taste.objects.bulk_create(
        tastes,
        batch_size=_AT_ONCE,
        update_conflicts=True,
        unique_fields=["person"],
        update_fields=["seq", "blob", "is_visible", "has_spotify", "computed_at"],
    )


def lock_sequence() -> None:
    """Take the sequence of changes for the rest of this transaction.

    Readers ask for what came after a seq they know, so seqs must become visible
    in order: on Postgres writers wait for each other here until they commit. On
    SQLite an immediate transaction does the same.
    """
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_SEQ_LOCK])


@transaction.atomic
def taste_departed(*, person_id: int) -> None:
    """Note that a taste was deleted: the next board anyone opens is without it."""
    lock_sequence()
    TasteChange.objects.note([person_id])


def taste_changed(*, person_id: int, now: datetime) -> None:
    """Refresh a taste now, or at the end of :func:`refreshes_gathered`."""
    waiting = _gathered.get()
    if waiting is None:
        taste_refresh(person_id=person_id, now=now)
    else:
        waiting.add(person_id)


@contextmanager
def refreshes_gathered(*, now: datetime) -> Iterator[None]:
    """Compute each taste that changes inside once, at the end. For bulk loads."""
    waiting: set[int] = set()
    token = _gathered.set(waiting)
    try:
        yield
    finally:
        _gathered.reset(token)
    tastes_refresh(person_ids=waiting, now=now)


# --- The index ------------------------------------------------------------


def index_rebuild(*, now: datetime, waits: bool = False) -> engine.Index:
    """Build the index from every taste and make it the current one.

    When another process is at it, waits for that or raises :class:`BuildRunning`.
    """
    folder = Path(settings.INDEX_DIR)
    with _build_lock(folder, waits=waits):
        index = _build(now)
        index.save(folder)
        TasteChange.objects.filter(seq__lte=index.watermark).delete()
    logger.info("Index built: %d people.", len(index))
    return index


@contextmanager
def _build_lock(folder: Path, *, waits: bool) -> Iterator[None]:
    """Keep other builders out of the folder, until the end even of a killed one."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "build.lock").open("w") as file:
        flags = locks.LOCK_EX if waits else locks.LOCK_EX | locks.LOCK_NB
        if not locks.lock(file, flags):
            raise BuildRunning
        yield


def _newest_seq() -> int:
    newest = (model.objects.aggregate(seq=Max("seq")) for model in (Taste, TasteChange))
    return max(row["seq"] or 0 for row in newest)


def _build(now: datetime) -> engine.Index:
    # Read before the tastes: what changes meanwhile is merely applied once more.
    watermark = _newest_seq()
    people: list[tuple[int, engine.Taste]] = []
    fit_rows: list[int] = []
    rows = Taste.objects.filter(is_visible=True).order_by("person_id")
    for person_id, blob, has_spotify in rows.values_list(
        "person_id", "blob", "has_spotify"
    ).iterator(2000):
        taste = opened(person_id, blob)
        if taste is None:
            continue
        people.append((person_id, taste))
        if settings.FIT_ON_SPOTIFY or not has_spotify:
            fit_rows.append(person_id)
    return engine.build_index(
        people, watermark=watermark, built_at=now, fit_rows=fit_rows
    )


def _current_index() -> engine.Index | None:
    try:
        return engine.Index.load(settings.INDEX_DIR)
    except (engine.IndexMissing, engine.IndexCorrupt):
        return None


def index_is_ready() -> bool:
    """Whether there is an index that can be read."""
    return _current_index() is not None


def index_is_due(*, now: datetime) -> bool:
    """Whether the index is missing, a day old, behind by a twentieth, or not ours."""
    index = _current_index()
    if index is None or now - index.built_at >= _NIGHTLY:
        return True
    # An index ahead of its database belongs to another one, or to a later state.
    if index.watermark > _newest_seq():
        return True
    changed = (
        Taste.objects.changed_since(index.watermark).count()
        + TasteChange.objects.departed_since(index.watermark).count()
    )
    return changed >= max(1, min(_MOST_CHANGED, _GROWTH * len(index)))
