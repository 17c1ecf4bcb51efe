"""From S to the score people read, and back."""

import math
from decimal import Decimal

import numpy as np

from matching.engine.arrays import Doubles
from matching.engine.constants import HALF_SCORE_AT

TENTHS = 10


def score_of(similarity: Doubles | float) -> Doubles:
    """Turn S into the score 100 · (1 − 2^(−S / 1.5)); 0 where S is not positive."""
    positive = np.maximum(np.asarray(similarity, np.float64), 0.0)
    return 100.0 * (1.0 - np.exp2(-positive / HALF_SCORE_AT))


def printed_tenths(similarity: float) -> int:
    """Round the score of S to whole tenths of a point, as it is printed."""
    return round(float(score_of(similarity)) * TENTHS)


def least_similarity(points: Decimal) -> float:
    """Find the smallest S whose printed score is at least so many points.

    More than 100 points are printed for nobody: infinity.
    """
    wanted = math.ceil(points * TENTHS)
    low, high = 0.0, 1.0
    if printed_tenths(math.inf) < wanted:
        return math.inf
    while printed_tenths(high) < wanted:
        high *= 2
    while low < (middle := (low + high) / 2) < high:
        if printed_tenths(middle) < wanted:
            low = middle
        else:
            high = middle
    return high if wanted > 0 else 0.0
