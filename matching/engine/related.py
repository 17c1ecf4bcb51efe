"""Which artists of two people lie close to each other."""

from dataclasses import dataclass

import numpy as np

from matching.engine.arrays import Doubles
from matching.engine.pair import Side
from matching.engine.statistics import Statistics

MOST_PAIRS = 5


@dataclass(frozen=True, slots=True)
class RelatedArtists:
    """An artist of each person and what the two add to the people's closeness.

    strength is their part of the cosine of the two people's directions before the
    community's mean is taken off.
    """

    my_artist_id: int
    their_artist_id: int
    strength: float


def related_artists(
    statistics: Statistics, mine: Side, theirs: Side
) -> tuple[RelatedArtists, ...]:
    """Find the five strongest pairs of different artists, strongest first.

    Pairs of two artists that both people have are left out: those are shared artists
    already. Without artist vectors there is nothing.
    """
    strengths = _directions(statistics, mine) @ _directions(statistics, theirs).T
    strengths = np.round(strengths, 9)
    mine_shared = np.isin(mine.artist_ids, theirs.artist_ids)
    theirs_shared = np.isin(theirs.artist_ids, mine.artist_ids)
    strengths[np.outer(mine_shared, theirs_shared)] = 0.0
    found = [
        RelatedArtists(
            int(mine.artist_ids[a]), int(theirs.artist_ids[b]), float(strengths[a, b])
        )
        for a, b in np.argwhere(strengths >= _bar(strengths)).tolist()
    ]
    return tuple(sorted(found, key=_order)[:MOST_PAIRS])


def _bar(strengths: Doubles) -> float:
    """The fifth largest strength, but always above zero."""
    smallest = float(np.finfo(np.float64).tiny)
    if strengths.size <= MOST_PAIRS:
        return smallest
    return max(smallest, float(np.partition(strengths, -MOST_PAIRS, None)[-MOST_PAIRS]))


def _order(pair: RelatedArtists) -> tuple[float, int, int]:
    ids = sorted((pair.my_artist_id, pair.their_artist_id))
    return -pair.strength, ids[0], ids[1]


def _directions(statistics: Statistics, person: Side) -> Doubles:
    """What each artist adds to a person's direction: float64[artists, 48]."""
    worth = person.artist_weights * statistics.artist_idf(person.artist_ids)
    parts = statistics.vectors.of_artists(person.artist_ids) * worth[:, None]
    length = float(np.linalg.norm(parts.sum(axis=0)))
    return parts / length if length else parts
