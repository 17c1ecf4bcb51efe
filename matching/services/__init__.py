"""The verbs of matching."""

from matching.services.building import BuildRunning, build_is_running
from matching.services.index import (
    index_compact,
    index_forget,
    index_is_due,
    index_is_long,
    index_is_ready,
    index_keep,
    index_rebuild,
)
from matching.services.keeping import announced as edition_announced
from matching.services.keeping import keepers_live
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
    "build_is_running",
    "edition_announced",
    "index_compact",
    "index_forget",
    "index_is_due",
    "index_is_long",
    "index_is_ready",
    "index_keep",
    "index_rebuild",
    "keepers_live",
    "listeners_refresh",
    "lock_sequence",
    "refreshes_gathered",
    "taste_changed",
    "taste_departed",
    "taste_refresh",
    "tastes_refresh",
    "tastes_stale",
]
