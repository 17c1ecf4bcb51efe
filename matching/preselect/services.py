"""Keeping the tables of the preselection as the index is."""

import logging
from collections.abc import Iterator

import numpy as np
from django.conf import settings

from matching import editions, engine
from matching.engine.arrays import Whole
from matching.models import Taste, TasteChange
from matching.preselect import tables
from matching.preselect.rows import Kept, kept
from matching.preselect.tables import Fill
from matching.reader import current_view

logger = logging.getLogger(__name__)

# People written at once: some tens of megabytes.
_CHUNK = 10_000
# Changed people brought up to date at once; the rest come next time.
_MOST_CHANGED = 5_000


def is_on() -> bool:
    """Whether boards are to be looked for among the likeliest only."""
    return str(settings.MATCHING_PRESELECT) == "pgvector"


def what_is_missing() -> str:
    """Say in words what the database lacks for it; "" when nothing."""
    return tables.missing()


def preselect_setup() -> None:
    """Make the extension and the tables; what is there stays as it is.

    Raises :class:`NotPostgres`, and a database error without pgvector on the server.
    """
    tables.create()


def preselect_fill(view: engine.View) -> None:
    """Fill the tables from a view and put them in use; the old ones serve meanwhile.

    Raises :class:`FillRunning` when another process is at it.
    """
    with tables.locked():
        tables.replace(_everyone(view), Fill(view.index.built_at, view.index.watermark))
    logger.info("Preselection filled: %d people.", len(view))


def preselect_refresh() -> bool:
    """Bring the tables to the state of the index; False when they are already.

    A new index is filled in whole. Otherwise only those are written who changed since.
    Running it twice, or twice at once, does no harm. Raises :class:`FillRunning`, and
    ``engine.IndexMissing`` or ``engine.IndexCorrupt`` before the first build.
    """
    fill = tables.filled()
    newest = TasteChange.objects.newest()
    # Read after the newest change: the view knows at least that one.
    view = current_view()
    if fill is None or fill.built_at != view.index.built_at:
        if fill is not None and not editions.is_under(view.index, editions.serving()):
            # Of two machines the one that is behind would take back what is newer.
            return False
        preselect_fill(view)
        return True
    newest = max(newest, view.index.watermark)
    ids, seq = _changed_since(fill.watermark, newest)
    if not len(ids):
        return False
    with tables.locked():
        if tables.filled() != fill:
            # Another process was here first; the next run sees what is left.
            return False
        tables.update(ids.tolist(), _some(view, ids), Fill(fill.built_at, seq))
    logger.info("Preselection refreshed: %d people.", len(ids))
    return True


def _changed_since(watermark: int, newest: int) -> tuple[Whole, int]:
    """Ids of some who changed, ascending, and a seq up to which that is all."""
    changed = Taste.objects.changed_since(watermark).values_list("person_id", "seq")
    rows = list(changed[:_MOST_CHANGED])
    until = min(rows[-1][1], newest) if len(rows) == _MOST_CHANGED else newest
    departed = TasteChange.objects.departed_since(watermark).filter(seq__lte=until)
    ids = [person for person, _ in rows]
    ids += [pk for pk in departed.values_list("taste_id", flat=True) if pk]
    return np.unique(np.array(ids, np.int64)), until


def _everyone(view: engine.View) -> Iterator[Kept]:
    for people in view.people:
        rows = np.delete(np.arange(len(people.scaled)), people.hidden)
        for start in range(0, len(rows), _CHUNK):
            yield kept(view, people.scaled, rows[start : start + _CHUNK])


def _some(view: engine.View, ids: Whole) -> Iterator[Kept]:
    for people in view.people:
        at, known = people.find(ids)
        rows = np.setdiff1d(at[known], people.hidden)
        if len(rows):
            yield kept(view, people.scaled, rows)
