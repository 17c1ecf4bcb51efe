"""The engine: tastes in, ranked people and receipts out. Arrays only, no database.

index = build_index(people, watermark=0, built_at=now)
view = index.view({person_id: taste})
board = scan(view, person_id)
receipt = explain(view, person_id, int(board.person_ids[board.order()[0]]))
"""

from matching.engine.board import Scan, scan
from matching.engine.constants import AUDIO_DIMENSIONS, DEFAULT_SEED
from matching.engine.facts import AudioFact, Facts, Summary, facts, summaries
from matching.engine.index import Index, UnknownPerson, View, build_index
from matching.engine.receipt import (
    Contribution,
    Parts,
    Receipt,
    explain,
    fold,
    printed_score,
)
from matching.engine.related import RelatedArtists
from matching.engine.segment import score_of
from matching.engine.statistics import ArtistVectors, Statistics
from matching.engine.store import IndexCorrupt, IndexMissing
from matching.engine.taste import (
    CorruptTaste,
    RankedList,
    Taste,
    merge_ranks,
    pack,
    unpack,
)

__all__ = [
    "AUDIO_DIMENSIONS",
    "DEFAULT_SEED",
    "ArtistVectors",
    "AudioFact",
    "Contribution",
    "CorruptTaste",
    "Facts",
    "Index",
    "IndexCorrupt",
    "IndexMissing",
    "Parts",
    "RankedList",
    "Receipt",
    "RelatedArtists",
    "Scan",
    "Statistics",
    "Summary",
    "Taste",
    "UnknownPerson",
    "View",
    "build_index",
    "explain",
    "facts",
    "fold",
    "merge_ranks",
    "pack",
    "printed_score",
    "scan",
    "score_of",
    "summaries",
    "unpack",
]
