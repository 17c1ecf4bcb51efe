"""Numbers that look random and are the same for the same input, everywhere."""

import numpy as np
import numpy.typing as npt

from matching.engine.arrays import Whole

_MASK = 2**64 - 1


def mixed(seed: int, ids: Whole) -> npt.NDArray[np.uint64]:
    """Hash each (seed, id) to a number: the finaliser of SplitMix64 over both."""
    start = np.uint64(seed * 0x9E3779B97F4A7C15 & _MASK)
    value = ids.astype(np.uint64) * np.uint64(0xD1342543DE82EF95) ^ start
    value = (value ^ (value >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    value = (value ^ (value >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return value ^ (value >> np.uint64(31))


def drawn(seed: int, ids: Whole, rows: Whole, most: int) -> Whole:
    """Draw up to `most` of these rows, ascending.

    Whether someone is drawn hangs on their id, not on who else is there: as people come
    and go, nearly everyone drawn stays drawn.
    """
    order = np.argsort(mixed(seed, ids[rows]), kind="stable")[:most]
    return np.sort(rows[order])
