"""The compiled loop that adds up lists."""

import numpy as np

from matching.engine.postings import Postings
from matching.engine.sparse import scattered


def postings(members: list[int], weights: list[int]) -> Postings:
    pointers = np.array([0, 2, len(members)], np.int32)
    ids = np.array([7, 9], np.uint32)
    return Postings(
        ids, pointers, np.array(members, np.uint16), np.array(weights, np.uint8)
    )


def test_lists_are_added_up_for_each_person() -> None:
    kept = postings([0, 2, 1, 2], [10, 20, 30, 40])
    starts, lengths = kept.locate(np.array([7, 8, 9], np.uint32))
    values = np.array([1.0, 5.0, 0.5], np.float32)
    assert scattered(kept, starts, lengths, values, 3).tolist() == [10, 15, 40]


def test_nobody_of_a_spoilt_list_is_written_beside_the_sums() -> None:
    """The loop looks at no bounds: what no person is must have a place all the same."""
    kept = postings([0, 65_535, 1, 40_000], [10, 250, 30, 250])
    starts, lengths = kept.locate(np.array([7, 9], np.uint32))
    sums = scattered(kept, starts, lengths, np.ones(2, np.float64), 3)
    assert sums.tolist() == [10, 30, 0]
    assert sums.base is not None
    assert sums.base.size == 65_536
