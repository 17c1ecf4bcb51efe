"""Verbs of importing."""

from ingest.services.advance import run_advance
from ingest.services.links import SourceUnknown, source_disconnect, source_link
from ingest.services.listening import Listening, artists_pick, listening_replace
from ingest.services.runs import (
    imports_queue_due,
    run_queue,
    runs_requeue_stalled,
)

__all__ = [
    "Listening",
    "SourceUnknown",
    "artists_pick",
    "imports_queue_due",
    "listening_replace",
    "run_advance",
    "run_queue",
    "runs_requeue_stalled",
    "source_disconnect",
    "source_link",
]
