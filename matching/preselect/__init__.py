"""Who is likely to be close, found by the database, for communities of many millions.

ids = candidates(person_id)
if ids is not EVERYONE:
    wanted = engine.Wanted(only=ids)

Off by default: up to a few million people the engine compares everyone sooner. The
database only says who is worth comparing; what is listed, in which order and with
which score, is the engine's word alone.
"""

from matching.preselect.asking import EVERYONE, Everyone, candidates
from matching.preselect.recall import recall_is_due, recall_measure
from matching.preselect.services import (
    is_on,
    preselect_fill,
    preselect_refresh,
    preselect_setup,
    what_is_missing,
)
from matching.preselect.tables import Fill, FillRunning, NotPostgres, filled
from matching.preselect.tables import forget as preselect_forget

__all__ = [
    "EVERYONE",
    "Everyone",
    "Fill",
    "FillRunning",
    "NotPostgres",
    "candidates",
    "filled",
    "is_on",
    "preselect_fill",
    "preselect_forget",
    "preselect_refresh",
    "preselect_setup",
    "recall_is_due",
    "recall_measure",
    "what_is_missing",
]
