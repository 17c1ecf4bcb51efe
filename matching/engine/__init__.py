"""The engine: tastes in, ranked people and receipts out. Arrays only, no database.

index = build_index(people, watermark=0, built_at=now)
view = index.view({person_id: taste})
board = Comparison(view, person_id).closest(20)
receipt = explain(view, person_id, int(board.person_ids[0]))
"""

from matching.engine.blobs import read_blobs
from matching.engine.build import build_index
from matching.engine.columns import Columns, Facets
from matching.engine.comparison import Closest, Comparison
from matching.engine.constants import AUDIO_DIMENSIONS, DEFAULT_SEED, SCORE_VERSION
from matching.engine.facts import AudioFact, Facts, Summary, facts, summaries
from matching.engine.index import Index, UnknownPerson, View
from matching.engine.receipt import (
    Contribution,
    Kind,
    Parts,
    Receipt,
    explain,
    fold,
    printed_score,
)
from matching.engine.related import RelatedArtists
from matching.engine.scan import Scan, scan
from matching.engine.score import least_similarity, score_of
from matching.engine.statistics import ArtistVectors, Statistics
from matching.engine.store import IndexCorrupt, IndexMissing, generations
from matching.engine.taste import (
    CorruptTaste,
    RankedList,
    Taste,
    merge_ranks,
    pack,
    unpack,
)
from matching.engine.wanted import EVERYONE, Wanted

__all__ = [
    "AUDIO_DIMENSIONS",
    "DEFAULT_SEED",
    "EVERYONE",
    "SCORE_VERSION",
    "ArtistVectors",
    "AudioFact",
    "Closest",
    "Columns",
    "Comparison",
    "Contribution",
    "CorruptTaste",
    "Facets",
    "Facts",
    "Index",
    "IndexCorrupt",
    "IndexMissing",
    "Kind",
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
    "Wanted",
    "build_index",
    "explain",
    "facts",
    "fold",
    "generations",
    "least_similarity",
    "merge_ranks",
    "pack",
    "printed_score",
    "read_blobs",
    "scan",
    "score_of",
    "summaries",
    "unpack",
]
