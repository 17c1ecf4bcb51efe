"""Keeping tastes and the index they are searched by up to date."""

import logging
from datetime import datetime, timedelta

from django.conf import settings
from django.core.cache import cache
from django.db import connection, transaction
from django.db.models import Max

from accounts.models import User
from matching import engine
from matching.loaders import load_taste
from matching.models import Taste

logger = logging.getLogger(__name__)

_BUILD_LOCK = "index-build"
_BUILD_SECONDS = 600
_NIGHTLY = timedelta(hours=24)
_MOST_CHANGED = 1000
_GROWTH = 0.05
# Any number no other advisory lock of the project uses.
_SEQ_LOCK = 7_016_001


class BuildRunning(Exception):
    """Another process builds the index right now."""


@transaction.atomic
def taste_refresh(*, person_id: int, now: datetime) -> None:
    """Compute a person's taste again; the next board anyone opens has it.

    An unchanged taste keeps its place in the sequence.
    """
    person = User.objects.filter(pk=person_id).first()
    if person is None:
        return
    loaded = load_taste(person_id)
    blob = engine.pack(loaded.taste)
    is_visible = person.is_discoverable and len(loaded.taste) > 0
    earlier = Taste.objects.filter(pk=person_id).first()
    if (
        earlier is not None
        and bytes(earlier.blob) == blob
        and earlier.is_visible == is_visible
        and earlier.has_spotify == loaded.has_spotify
    ):
        return
    taste = Taste(
        person_id=person_id,
        seq=_next_seq(),
        blob=blob,
        is_visible=is_visible,
        has_spotify=loaded.has_spotify,
        computed_at=now,
    )
    taste.save(force_insert=earlier is None, force_update=earlier is not None)


def _next_seq() -> int:
    """Return the next place in the sequence of changes, inside a transaction.

    Readers ask for what came after a seq they know, so seqs must become visible
    in order: on Postgres writers wait for each other here until they commit. On
    SQLite an immediate transaction does the same.
    """
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_SEQ_LOCK])
    return (Taste.objects.aggregate(top=Max("seq"))["top"] or 0) + 1


def index_rebuild(*, now: datetime) -> engine.Index:
    """Build the index from every taste and make it the current one.

    Raises :class:`BuildRunning` when another process is at it.
    """
    if not cache.add(_BUILD_LOCK, 1, _BUILD_SECONDS):
        raise BuildRunning
    try:
        index = _build(now)
        index.save(settings.INDEX_DIR)
    finally:
        cache.delete(_BUILD_LOCK)
    logger.info("Index built: %d people.", len(index))
    return index


def _build(now: datetime) -> engine.Index:
    watermark = 0
    people: list[tuple[int, engine.Taste]] = []
    fit_rows: list[int] = []
    # One statement, so that rows and watermark are of one moment.
    rows = Taste.objects.order_by("person_id").values_list(
        "person_id", "seq", "blob", "is_visible", "has_spotify"
    )
    for person_id, seq, blob, is_visible, has_spotify in rows.iterator(2000):
        watermark = max(watermark, seq)
        if not is_visible:
            continue
        people.append((person_id, engine.unpack(bytes(blob))))
        if settings.FIT_ON_SPOTIFY or not has_spotify:
            fit_rows.append(person_id)
    return engine.build_index(
        people, watermark=watermark, built_at=now, fit_rows=fit_rows
    )


def index_is_ready() -> bool:
    """Whether there is an index that can be read."""
    try:
        engine.Index.load(settings.INDEX_DIR)
    except (engine.IndexMissing, engine.IndexCorrupt):
        return False
    return True


def index_is_due(*, now: datetime) -> bool:
    """Whether the index is missing, a day old, or behind by a twentieth."""
    try:
        index = engine.Index.load(settings.INDEX_DIR)
    except (engine.IndexMissing, engine.IndexCorrupt):
        return True
    if now - index.built_at >= _NIGHTLY:
        return True
    changed = Taste.objects.changed_since(index.watermark).count()
    return changed >= max(1, min(_MOST_CHANGED, _GROWTH * len(index)))
