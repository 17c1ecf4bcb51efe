"""Local scaling: how close a person's closest people usually are.

Dividing by it stops one person from matching with everybody, and makes S = 1 mean "as
close as one's closest 5 % usually are".
"""

import numpy as np

from matching.engine.arrays import Doubles
from matching.engine.constants import (
    CLOSEST_SHARE,
    FEWEST_CLOSEST,
    LOWEST_REACH,
    MEMORY_BUDGET,
    REACH_PRIOR_PEOPLE,
    SMALL_COMMUNITY,
    TYPICAL_REACH,
)
from matching.engine.ragged import find
from matching.engine.rows import Rows
from matching.engine.segment import Segment, similarities
from matching.engine.statistics import Statistics


def raw_reach(people: Rows, sample: Segment, statistics: Statistics) -> Doubles:
    """Mean of each person's closest 5 % (at least 3) of the sample, oneself left out.

    Returns float64[n]; NaN where nobody else is in the sample.
    """
    result = np.full(len(people), np.nan)
    # A cell costs three float64 tables and its share of the shared ids.
    most = max(1, MEMORY_BUDGET // (128 * max(1, len(sample))))
    for start in range(0, len(people), most):
        rows = np.arange(start, min(start + most, len(people)))
        result[rows] = _block_reach(people.take(rows), sample, statistics)
    return result


def _block_reach(people: Rows, sample: Segment, statistics: Statistics) -> Doubles:
    values, _ = similarities(people, sample, statistics)
    at, sampled = find(sample.person_ids, people.person_ids)
    values[np.flatnonzero(sampled), at[sampled]] = -np.inf
    others = len(sample) - sampled
    closest = np.rint(CLOSEST_SHARE * others).astype(np.int64)
    closest = np.minimum(np.maximum(closest, FEWEST_CLOSEST), others)
    most = int(closest.max(initial=0))
    if not most:
        return np.full(len(people), np.nan)
    head = -np.sort(np.partition(-values, most - 1, axis=1)[:, :most], axis=1)
    # A running sum: the same numbers in the same order, however many are added at once.
    sums = np.add.accumulate(head, axis=1)
    means = sums[np.arange(len(people)), closest - 1] / np.maximum(closest, 1)
    return np.where(closest > 0, means, np.nan)


def median_reach(sample: Segment, statistics: Statistics) -> float:
    """The community's median reach, taken over the sample.

    Below 30 people it is the constant fitted on a real community instead.
    """
    if statistics.people < SMALL_COMMUNITY:
        return TYPICAL_REACH
    median = float(np.median(raw_reach(sample.rows, sample, statistics)))
    return median if median > 0 else TYPICAL_REACH


def closeness(people: Rows, sample: Segment, statistics: Statistics) -> Doubles:
    """Compute 1/√r of each person: float64[n].

    r is at least a quarter of the median and shrunk towards it with weight
    50 / (50 + N).
    """
    median = statistics.median_reach
    raw = np.nan_to_num(raw_reach(people, sample, statistics), nan=median)
    floored = np.maximum(raw, LOWEST_REACH * median)
    weight = REACH_PRIOR_PEOPLE / (REACH_PRIOR_PEOPLE + statistics.people)
    reach = (1.0 - weight) * floored + weight * median
    return np.asarray(1.0 / np.sqrt(reach), np.float64)
