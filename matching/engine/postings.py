"""Who has what: the inverse of the lists of a segment."""

from dataclasses import dataclass
from typing import Self

import numpy as np
from scipy import sparse

from matching.engine.arrays import Bytes8, Codes, Ids, Pointers
from matching.engine.ragged import Ragged, find, pointers_of


@dataclass(frozen=True, slots=True)
class Postings:
    """Row numbers and weights for each id, both ids and row numbers ascending.

    ids       uint32[k], those of the segment
    pointers  int32[k + 1]: the list of ids[i] is pointers[i]:pointers[i + 1]
    members   uint16, rows of the segment
    weights   uint8, one for each member
    """

    ids: Ids
    pointers: Pointers
    members: Codes
    weights: Bytes8

    @classmethod
    def of(cls, ragged: Ragged) -> Self:
        """Invert the lists of up to 65,536 rows; a counting sort, compiled."""
        ids, columns = numbered(ragged.ids)
        shape = (len(ragged), len(ids))
        by_row = sparse.csr_array((ragged.weights, columns, ragged.pointers), shape)
        by_id = by_row.tocsc()
        counts = np.diff(by_id.indptr)
        there = counts > 0
        return cls(
            ids[there],
            pointers_of(counts[there]),
            by_id.indices.astype(np.uint16),
            by_id.data.astype(np.uint8, copy=False),
        )

    def locate(self, ids: Ids) -> tuple[Pointers, Pointers]:
        """Where the list of each id starts and how long it is (0 when unknown)."""
        at, known = find(self.ids, ids)
        if not len(self.ids):
            return at, at
        starts = self.pointers[at]
        return starts, (self.pointers[at + 1] - starts) * known

    def lists(self, ids: Ids) -> list[Codes | Bytes8]:
        """The lists of these ids where they lie: members and weights of each."""
        starts, lengths = self.locate(ids)
        return [
            array[start : start + length]
            for start, length in zip(starts.tolist(), lengths.tolist(), strict=True)
            for array in (self.members, self.weights)
        ]

    def members_of(self, key: int) -> Codes:
        starts, lengths = self.locate(np.array([key], np.uint32))
        return self.members[int(starts[0]) : int(starts[0] + lengths[0])]


def numbered(ids: Ids) -> tuple[Ids, Pointers]:
    """Name the column of each entry: ids by column ascending, and a column per entry.

    Columns may be empty where ids lie close together: then an id is its own column,
    and nothing has to be sorted.
    """
    top = int(ids.max(initial=0))
    if top <= 4 * len(ids) + 1_000_000:
        return np.arange(top + 1, dtype=np.uint32), ids.astype(np.int32)
    unique, columns = np.unique(ids, return_inverse=True)
    return unique, columns.astype(np.int32)
