"""Plain facts about two people beside the score, and a line each for a leaderboard."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

import numpy as np

from matching.engine.arrays import Doubles, Ids
from matching.engine.constants import AUDIO_DIMENSIONS
from matching.engine.index import View
from matching.engine.pair import Side, compare, have_audio, side
from matching.engine.receipt import Parts, printed_score
from matching.engine.rows import standardised
from matching.engine.statistics import Statistics


@dataclass(frozen=True, slots=True)
class AudioFact:
    """One audio dimension of two people; normalised is in standard deviations here."""

    dimension: str
    mine: float
    theirs: float
    mine_normalised: float
    theirs_normalised: float
    difference: float


@dataclass(frozen=True, slots=True)
class Facts:
    """What two people have in common, counted.

    shared_artist_ids  ascending
    genre_overlap      weighted Jaccard of the genre directions, 0..1; None where one
                       has no genres
    audio_affinity     1 − root mean square of the normalised differences, 0..1; None,
                       and audio empty, where one has no audio
    tempo_overlap      BPM window both listen in, None where there is none
    """

    shared_artist_ids: tuple[int, ...]
    genre_overlap: float | None
    audio_affinity: float | None
    audio: tuple[AudioFact, ...]
    tempo_overlap: tuple[float, float] | None


@dataclass(frozen=True, slots=True)
class Summary:
    """One row of a leaderboard; score and parts as on the receipt.

    shared_artist_ids come with the strongest contribution first.
    """

    person_id: int
    similarity: float
    score: Decimal
    shared_artist_ids: tuple[int, ...]
    parts: Parts
    genre_overlap: float | None
    audio_affinity: float | None


def facts(view: View, viewer_id: int, person_id: int) -> Facts:
    """Count what two people have in common.

    Raises UnknownPerson when one of them is not in the view.
    """
    mine, theirs = side(view, viewer_id), side(view, person_id)
    shared = np.intersect1d(mine.artist_ids, theirs.artist_ids, assume_unique=True)
    return Facts(
        tuple(shared.tolist()),
        _genre_overlap(view.statistics, mine, theirs),
        _audio_affinity(view.statistics, mine, theirs),
        _audio_table(view.statistics, mine, theirs),
        _tempo_overlap(mine, theirs),
    )


def summaries(view: View, viewer_id: int, ids: Sequence[int]) -> list[Summary]:
    """Sum up the viewer and each of these people, in their order.

    Raises UnknownPerson when one of them is not in the view.
    """
    mine = side(view, viewer_id)
    return [_summary(view, mine, person_id) for person_id in ids]


def _summary(view: View, mine: Side, person_id: int) -> Summary:
    theirs = side(view, person_id)
    pair = compare(mine, theirs)
    strongest = np.lexsort((pair.artist_ids, -pair.artist_terms))
    return Summary(
        person_id,
        pair.similarity,
        printed_score(pair.similarity),
        tuple(pair.artist_ids[strongest].tolist()),
        Parts.between(pair),
        _genre_overlap(view.statistics, mine, theirs),
        _audio_affinity(view.statistics, mine, theirs),
    )


def _genre_overlap(statistics: Statistics, mine: Side, theirs: Side) -> float | None:
    if not (mine.genre_scale and theirs.genre_scale):
        return None
    ids = np.union1d(mine.genre_ids, theirs.genre_ids)
    my_part, their_part = (
        _genre_direction(statistics, person, ids) for person in (mine, theirs)
    )
    smaller, larger = np.minimum(my_part, their_part), np.maximum(my_part, their_part)
    return float(smaller.sum() / larger.sum())


def _genre_direction(statistics: Statistics, person: Side, ids: Ids) -> Doubles:
    direction = np.zeros(len(ids))
    worth = np.sqrt(statistics.genre_worth(person.genre_ids))
    weights = person.genre_weights * worth * person.genre_scale
    direction[np.searchsorted(ids, person.genre_ids)] = weights
    return direction


def _normalised(statistics: Statistics, mine: Side, theirs: Side) -> Doubles:
    return standardised(np.stack([mine.audio, theirs.audio]), statistics)


def _audio_affinity(statistics: Statistics, mine: Side, theirs: Side) -> float | None:
    if not have_audio(mine, theirs):
        return None
    my_part, their_part = _normalised(statistics, mine, theirs)
    distance = float(np.sqrt(np.mean(np.square(my_part - their_part))))
    return max(0.0, 1.0 - distance)


def _audio_table(
    statistics: Statistics, mine: Side, theirs: Side
) -> tuple[AudioFact, ...]:
    if not have_audio(mine, theirs):
        return ()
    my_part, their_part = _normalised(statistics, mine, theirs)
    columns = (mine.audio, theirs.audio, my_part, their_part, my_part - their_part)
    rows = zip(*(column.tolist() for column in columns), strict=True)
    return tuple(
        AudioFact(name, *row) for name, row in zip(AUDIO_DIMENSIONS, rows, strict=True)
    )


def _tempo_overlap(mine: Side, theirs: Side) -> tuple[float, float] | None:
    low = float(max(mine.tempo[0], theirs.tempo[0]))
    high = float(min(mine.tempo[1], theirs.tempo[1]))
    known = np.isfinite(mine.tempo).all() and np.isfinite(theirs.tempo).all()
    return (low, high) if known and low <= high else None
