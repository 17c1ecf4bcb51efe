"""Verbs of importing."""

from ingest.services.advance import run_advance
from ingest.services.artists import (
    CannotMerge,
    CannotSplit,
    artist_merge,
    artist_split,
    pair_decide,
)
from ingest.services.connecting import (
    CannotConnect,
    Connected,
    SourceResting,
    source_connect,
)
from ingest.services.links import (
    SourceUnknown,
    source_disconnect,
    source_forget,
    source_link,
    source_refused,
    source_use,
    sources_forget,
)
from ingest.services.listening import Listening, artists_pick, listening_replace
from ingest.services.lookups import genres_known, genres_look_up, sounds_look_up
from ingest.services.muting import MOST_MUTED, TooManyMuted, artist_mute
from ingest.services.runs import (
    imports_queue_due,
    run_queue,
    runs_requeue_stalled,
)
from ingest.services.uploads import (
    UploadBusy,
    UploadTooLarge,
    export_receive,
    uploads_sweep,
)

__all__ = [
    "MOST_MUTED",
    "CannotConnect",
    "CannotMerge",
    "CannotSplit",
    "Connected",
    "Listening",
    "SourceResting",
    "SourceUnknown",
    "TooManyMuted",
    "UploadBusy",
    "UploadTooLarge",
    "artist_merge",
    "artist_mute",
    "artist_split",
    "artists_pick",
    "export_receive",
    "genres_known",
    "genres_look_up",
    "imports_queue_due",
    "listening_replace",
    "pair_decide",
    "run_advance",
    "run_queue",
    "runs_requeue_stalled",
    "source_connect",
    "source_disconnect",
    "source_forget",
    "source_link",
    "source_refused",
    "source_use",
    "sounds_look_up",
    "sources_forget",
    "uploads_sweep",
]
