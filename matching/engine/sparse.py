"""Sparse products, the one thing scipy does here: compiled loops over few entries."""

import threading

import numpy as np
from scipy import sparse
from scipy.sparse import _sparsetools

from matching.engine.arrays import Doubles, Floats, Ids, Members, Pointers, Whole
from matching.engine.postings import Postings
from matching.engine.ragged import Ragged

# Entries of lists held at a time: they stay in the cache, and take little memory.
_AT_ONCE = 131_072
# As many rows as a member, which is a uint16, can name.
_MEMBERS = 65_536


class _Scatter(threading.local):
    """Room of one thread for the lists of a query, kept for the next one."""

    def __init__(self) -> None:
        self.members = np.empty(0, np.int32)
        self.weights: dict[type, Floats | Doubles] = {}

    def room(self, entries: int, kind: type) -> tuple[Members, Floats | Doubles]:
        """Places for so many members and weights."""
        if len(self.members) < entries:
            self.members = np.empty(entries + entries // 8, np.int32)
        weights = self.weights.get(kind)
        if weights is None or len(weights) < entries:
            weights = self.weights[kind] = np.empty(len(self.members), kind)
        return self.members[:entries], weights[:entries]


_scatter = _Scatter()


def scattered(
    postings: Postings,
    starts: Pointers,
    lengths: Pointers,
    values: Floats | Doubles,
    people: int,
) -> Floats | Doubles:
    """Sum value · weight over these lists for each person of a segment.

    starts and lengths give up to 150 lists, values one number for each, float32 or
    float64; the sums come in the same precision, one for each of the people.
    """
    there = np.flatnonzero(lengths)
    if len(there) < len(lengths):
        starts, lengths, values = starts[there], lengths[there], values[there]
    # The compiled loop looks at no bounds: whatever a spoilt file names has a place.
    total = np.zeros(_MEMBERS, values.dtype)
    for some in _batches(lengths):
        cells = _placed(postings, starts[some], lengths[some], values.dtype.type)
        # What `csc_array @ values` calls, which makes new sums each time: to add on is
        # a fifth faster, and nothing has to be an object of scipy's.
        _sparsetools.csc_matvec(
            _MEMBERS, some.stop - some.start, *cells, values[some], total
        )
    return total[:people]


def _batches(lengths: Pointers) -> list[slice]:
    """Cut lists into runs of about as many entries as are held at a time."""
    ends = np.cumsum(lengths)
    if not len(ends) or ends[-1] <= _AT_ONCE:
        return [slice(0, len(ends))] if len(ends) else []
    cuts = np.flatnonzero(np.diff((ends - 1) // _AT_ONCE)) + 1
    return list(map(slice, [0, *cuts.tolist()], [*cuts.tolist(), len(ends)]))


def _placed(
    postings: Postings, starts: Pointers, lengths: Pointers, kind: type
) -> tuple[Pointers, Members, Floats | Doubles]:
    """These lists as the columns of a sparse matrix: pointers, members and weights."""
    spans = [
        slice(start, start + length)
        for start, length in zip(starts.tolist(), lengths.tolist(), strict=True)
    ]
    pointers = np.zeros(len(spans) + 1, np.int32)
    np.cumsum(lengths, out=pointers[1:])
    members, weights = _scatter.room(int(pointers[-1]), kind)
    lists = [postings.members[s] for s in spans], [postings.weights[s] for s in spans]
    np.concatenate(lists[0], out=members, casting="unsafe")
    np.concatenate(lists[1], out=weights, casting="unsafe")
    return pointers, members, weights


def product(
    ragged: Ragged, columns: Pointers, values: Doubles | Floats, table: Floats | Doubles
) -> Floats | Doubles:
    """Multiply a sparse matrix, given by rows, with a dense table.

    columns and values belong to the entries of ragged; row i of the result is the sum
    over its entries of value · table[column]. Rows are added up one by one in the order
    of their entries: the same row gives the same bits in any company.
    """
    shape = (len(ragged), len(table))
    matrix = sparse.csr_array((values, columns, ragged.pointers), shape=shape)
    return np.asarray(matrix @ table)


def summed_by_id(entries: tuple[Whole, Ids], ids: Ids, table: Floats) -> Floats:
    """Add up rows of a table for each id: float32[ids, width].

    entries are the row and the id of each entry; every id is in ids, ascending.
    """
    rows, wanted = entries
    columns = np.searchsorted(ids, wanted)
    ones = np.ones(len(rows), np.float32)
    cells = sparse.coo_array((ones, (columns, rows)), shape=(len(ids), len(table)))
    result: Floats = cells.tocsr() @ table
    return result
