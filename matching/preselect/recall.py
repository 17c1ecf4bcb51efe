"""What the preselection costs: how many of the really closest people it finds."""

import logging
from datetime import datetime, timedelta

import numpy as np

from matching import engine
from matching.models import PreselectRecall
from matching.preselect import tables
from matching.preselect.asking import EVERYONE, candidates
from matching.preselect.services import is_on
from matching.reader import current_view

logger = logging.getLogger(__name__)

CLOSEST = 50
LEAST_RECALL = 0.95
# Each is compared with everyone as well: seconds in all for a million people.
_SAMPLED = 100
_EVERY = timedelta(hours=24)
_SEED = 7


def recall_is_due(*, now: datetime) -> bool:
    """Whether boards are preselected, and nobody measured how well for a day."""
    if not is_on() or tables.filled() is None:
        return False
    newest = PreselectRecall.objects.newest()
    return newest is None or now - newest.measured_at >= _EVERY


def recall_measure(*, now: datetime) -> PreselectRecall | None:
    """Compare a sample drawn with a fixed seed with everyone, and keep what it says.

    None where nobody is compared. Under .95 it stands in the log as a warning. Raises
    ``engine.IndexMissing`` or ``engine.IndexCorrupt`` before the first build.
    """
    view = current_view()
    people = view.person_ids
    size = min(_SAMPLED, len(people))
    drawn = np.random.default_rng(_SEED).choice(people, size, replace=False)
    found = [_found(view, person_id) for person_id in drawn.tolist()]
    known = [pair for pair in found if pair is not None]
    if not known:
        return None
    recalls, counts = zip(*known, strict=True)
    row = PreselectRecall.objects.create(
        measured_at=now,
        people=len(people),
        sampled=len(known),
        recall=float(np.mean(recalls)),
        candidates=round(float(np.mean(counts))),
    )
    level = logging.WARNING if row.recall < LEAST_RECALL else logging.INFO
    logger.log(level, "Preselection: %s.", row.summary)
    return row


def _found(view: engine.View, person_id: int) -> tuple[float, int] | None:
    """Share of a person's closest who are candidates, and how many candidates.

    None for somebody who meets nobody's taste, or when everyone is a candidate.
    """
    closest = engine.Comparison(view, person_id).closest(CLOSEST).person_ids
    ids = candidates(person_id, view=view)
    if ids is EVERYONE or not len(closest):
        return None
    return float(np.isin(closest, np.array(ids, np.int64)).mean()), len(ids)
