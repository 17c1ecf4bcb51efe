"""Spotify export files a person uploads: reading, folding, keeping them small.

with open_upload([("my_spotify_data.zip", path)], now=now) as upload:
    history = History(now=now)
    upload.read_into(history)
history.months, history.recent_plays, upload.problems
"""

from ingest.sources.export.history import History
from ingest.sources.export.months import (
    Listened,
    Month,
    YearMonth,
    counted_parts,
    merged_month,
    parts_of,
    shared_plays,
)
from ingest.sources.export.packing import CorruptMonth, pack_month, unpack_month
from ingest.sources.export.plays import LeftOut, Play, in_words
from ingest.sources.export.problems import Problem, Trouble
from ingest.sources.export.tops import Heard, artists_of, top_lists, top_tracks
from ingest.sources.export.upload import LIMITS, Limits, Upload, open_upload

__all__ = [
    "LIMITS",
    "CorruptMonth",
    "Heard",
    "History",
    "LeftOut",
    "Limits",
    "Listened",
    "Month",
    "Play",
    "Problem",
    "Trouble",
    "Upload",
    "YearMonth",
    "artists_of",
    "counted_parts",
    "in_words",
    "merged_month",
    "open_upload",
    "pack_month",
    "parts_of",
    "shared_plays",
    "top_lists",
    "top_tracks",
    "unpack_month",
]
