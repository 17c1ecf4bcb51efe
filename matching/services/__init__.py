"""The verbs of matching."""

from matching.services.index import (
    BuildRunning,
    index_compact,
    index_forget,
    index_is_due,
    index_is_long,
    index_is_ready,
    index_rebuild,
)
from matching.services.tastes import (
    listeners_refresh,
    lock_sequence,
    refreshes_gathered,
    taste_changed,
    taste_departed,
    taste_refresh,
    tastes_refresh,
    tastes_stale,
)

__all__ = [
    "BuildRunning",
    "index_compact",
    "index_forget",
    "index_is_due",
    "index_is_long",
    "index_is_ready",
    "index_rebuild",
    "listeners_refresh",
    "lock_sequence",
    "refreshes_gathered",
    "taste_changed",
    "taste_departed",
    "taste_refresh",
    "tastes_refresh",
    "tastes_stale",
]
