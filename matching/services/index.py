"""The index that boards are read from: kept on each machine, the same on all."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

from django.conf import settings
from django.db import connection

from matching import editions, engine
from matching.changes import newest_seq
from matching.engine.store import NEXT
from matching.models import Edition, Taste, TasteChange
from matching.services import keeping
from matching.services.building import (
    build_lock,
    build_under,
    compact,
    count_anew,
    current_index,
)

logger = logging.getLogger(__name__)

_NIGHTLY = timedelta(hours=24)
# Clocks of machines differ a little.
_CLOCKS = timedelta(minutes=10)
_MOST_CHANGED = 1000
_GROWTH = 0.05
# Any number no other advisory lock of the project uses.
_COUNT_LOCK = 7_016_060


def index_rebuild(*, now: datetime, waits: bool = False) -> engine.Index:
    """Count the community anew and build the index of everyone under that.

    Where no other machine keeps an index it is the current one at once; otherwise when
    all of them have built theirs, see :mod:`matching.services.keeping`. When another
    process is at it, waits for that or raises :class:`BuildRunning`. Raises ``OSError``
    when the folder cannot be written: the index before stays.
    """
    with build_lock(waits=waits):
        index = count_anew(now)
        keeping.look()
    return index


def index_compact(*, waits: bool = False) -> engine.Index:
    """Fold what changed into the current index; no score changes.

    Raises as rebuilding does, and ``engine.IndexMissing`` or ``engine.IndexCorrupt``
    when there is no index to fold into.
    """
    with build_lock(waits=waits):
        return compact()


def index_forget() -> None:
    """Take the index away: it is of another database than there is now.

    Its parts stay until the next build, so that no number is given twice. The
    community is counted anew, so that other machines build theirs, too.
    """
    folder = Path(settings.INDEX_DIR)
    with build_lock(waits=True):
        Edition.objects.all().delete()
        (folder / NEXT).unlink(missing_ok=True)
        # The current one first: nobody falls back on one that is about to go.
        for path in sorted(folder.glob("MANIFEST*.json"), key=lambda p: len(p.name)):
            path.unlink(missing_ok=True)


def index_keep(*, now: datetime) -> bool:
    """Do the next thing this machine's index needs; whether there may be more to do.

    Counting the community is done by one machine for all. Raises as rebuilding does.
    """
    with build_lock(waits=False):
        is_done = _count_or_build(now)
        keeping.look()
        if is_done or not index_is_long():
            return is_done
        compact()
        keeping.look()
        return True


def _count_or_build(now: datetime) -> bool:
    newest, serving = editions.newest(), editions.serving()
    if current_index() is None and serving is not None:
        # Before anything else: without an index there are no boards.
        _build(serving, now)
        return True
    if newest is None or _has_to_count(newest, now):
        with _alone() as is_alone:
            # Another machine may have just done it.
            newest = editions.newest()
            if is_alone and (newest is None or _has_to_count(newest, now)):
                count_anew(now)
                return True
    for edition in (serving, newest):
        if edition is not None and not keeping.has_built(edition):
            _build(edition, now)
            return True
    return False


def _build(edition: Edition, now: datetime) -> None:
    try:
        build_under(edition)
    except engine.IndexCorrupt:
        logger.exception("%s cannot be used; the community is counted.", edition)
        edition.delete()
        count_anew(now)


def _has_to_count(newest: Edition, now: datetime) -> bool:
    """Never while machines still build their index under the newest edition."""
    if newest.serves_at is None:
        return False
    index = current_index()
    return bool(why_count_due(newest, index, now=now))


@contextmanager
def _alone() -> Iterator[bool]:
    """Whether no other machine counts; one that is killed lets the next one in."""
    if connection.vendor != "postgresql":
        # One machine, and one builder in its folder.
        yield True
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [_COUNT_LOCK])
        [is_alone] = cursor.fetchone()
        try:
            yield is_alone
        finally:
            if is_alone:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [_COUNT_LOCK])


def index_is_ready() -> bool:
    """Whether there is an index that can be read."""
    return current_index() is not None


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
    index = current_index()
    if index is None:
        return "there is none that can be read"
    newest = editions.newest()
    if newest is None:
        return "the community was never counted"
    if not keeping.has_built(newest):
        return "the community was counted anew"
    return why_count_due(newest, index, now=now)


def why_count_due(
    edition: Edition, index: engine.Index | None, *, now: datetime
) -> str:
    """Say why the community has to be counted anew; "" when it need not be."""
    if now < edition.built_at - _CLOCKS:
        return "it was built in the future"
    if now - edition.built_at >= _NIGHTLY:
        return "it is a day old"
    if edition.watermark > newest_seq():
        return "it is of another database, or of a later state of this one"
    knows = editions.is_under(index, edition)
    people = len(index) if index is not None and knows else edition.people
    if abs(people - edition.people) > _GROWTH * max(1, edition.people):
        return "the community grew or shrank by a twentieth"
    if people > _MOST_CHANGED / _GROWTH:
        return ""
    if changed_since(edition.watermark) >= max(1, _GROWTH * people):
        return "a twentieth of its people changed"
    return ""


def index_is_long() -> bool:
    """Whether so much changed since the index that boards take longer for it."""
    index = current_index()
    return index is not None and changed_since(index.watermark) >= _MOST_CHANGED
