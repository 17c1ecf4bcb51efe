"""The artists' part of everyone in some segments, laid out in blocks."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import Self

import numpy as np

from matching.engine.arrays import Bools, Floats, Whole
from matching.engine.blocks import Prospect
from matching.engine.constants import BLOCK
from matching.engine.group import NOBODY, Group
from matching.engine.likeness import count_of

Picked = list[tuple[Group, Whole]]
# Above this share of the blocks all are compared sooner than some are picked.
_MANY = 0.25
# So few blocks are looked at in one go.
_FEW = 256


@dataclass(frozen=True, slots=True)
class Field:
    """A place is 64 times the first block of a group, plus a row of the group.

    groups  people with postings, one after the other
    starts  their first blocks, and the end
    near    float32[64 · m]: the artists' part of S without c_u; -inf for nobody
    peaks   float32[m]: the largest of each block
    """

    groups: Sequence[Group]
    starts: list[int]
    near: Floats
    peaks: Floats

    @classmethod
    def of(cls, groups: Sequence[Group], masks: Sequence[Bools | None]) -> Self:
        starts = [0, *accumulate(count_of(len(group)) for group in groups)]
        near = np.empty(starts[-1] * BLOCK, np.float32)
        peaks = np.empty(starts[-1], np.float32)
        for group, mask, (start, stop) in zip(
            groups, masks, pairwise(starts), strict=True
        ):
            part = near[start * BLOCK : stop * BLOCK]
            group.place_near(part, mask)
            # Now, while they are in the cache.
            part.reshape(BLOCK, -1).max(axis=0, out=peaks[start:stop])
        return cls(groups, starts, near, peaks)

    def leading(self, more: Floats, count: int) -> Whole:
        """Places, ascending, of up to `count` people who lead by their near values and
        so much more for each block; of the blocks that lead by their first.
        """
        firsts = self.peaks + more
        blocks = largest(firsts, count)
        bar = firsts[blocks].min(initial=np.inf)
        places, values = self._of_blocks(blocks)
        values += more[blocks]
        leads = (values >= bar) & (values > NOBODY)
        places, values = places[leads], values[leads]
        return np.sort(places[largest(values, count)])

    def reaching(self, more: Floats, floor: np.float32) -> tuple[Whole, Whole]:
        """Places, ascending, where so much more for each block reaches the floor; and
        their blocks.
        """
        left = floor - more
        blocks = np.flatnonzero(self.peaks >= left)
        if len(blocks) <= _FEW:
            places, values = self._of_blocks(blocks)
            rows, columns = np.nonzero(values >= left[blocks])
            found = places[rows, columns]
            order = np.argsort(found)
            return found[order], blocks[columns[order]]
        nothing = np.empty(0, np.int64)
        parts = [self._hits(left, *part) for part in self._parts(blocks)]
        every, of = zip((nothing, nothing), *parts, strict=True)
        return np.concatenate(every), np.concatenate(of)

    @staticmethod
    def _hits(
        left: Floats, own: Floats, some: Whole, start: int
    ) -> tuple[Whole, Whole]:
        """The same of one group, see `_parts`."""
        width = own.shape[1]
        if len(some) > _MANY * width:
            at = np.flatnonzero(own >= left[start : start + width])
            columns = at - at // width * width
        else:
            picked = np.flatnonzero(own[:, some] >= left[start + some])
            rows = picked // len(some)
            columns = some[picked - rows * len(some)]
            at = rows * width + columns
        return at + start * BLOCK, columns + start

    def refined(
        self, places: Whole, blocks: Whole, prospect: Prospect, floor: np.float32
    ) -> Whole:
        """Those of these places, ascending, who reach the floor by how far they are
        from the middle of their block.
        """
        heads, others = prospect.lengths
        more = prospect.middle[blocks]
        begin = 0
        for group, rows, _ in self._rows(places):
            some = more[begin : begin + len(rows)]
            away, closeness = group.blocks.away, group.closeness
            if len(rows) > _MANY * len(group):
                further = away[0] * heads
                further += away[1] * others
                some += further[rows]
            else:
                some += away[0][rows] * heads
                some += away[1][rows] * others
            some *= closeness[rows]
            begin += len(rows)
        more += self.near[places]
        return places[more >= floor]

    def _of_blocks(self, blocks: Whole) -> tuple[Whole, Floats]:
        """Places and near values of some blocks: a column for each."""
        starts = np.array(self.starts)
        groups = np.searchsorted(starts, blocks, side="right") - 1
        first = starts[groups]
        width = starts[groups + 1] - first
        # Rows of a block are as far apart as its group has blocks.
        places = np.multiply.outer(np.arange(BLOCK), width)
        places += blocks + (BLOCK - 1) * first
        return places, self.near[places]

    def _parts(self, blocks: Whole) -> Iterator[tuple[Floats, Whole, int]]:
        """Of each group that has some of these blocks, ascending: its near values,
        a column for each block, the blocks counted from its first, and the first.
        """
        ends = np.searchsorted(blocks, self.starts).tolist()
        for (start, stop), (begin, end) in zip(
            pairwise(self.starts), pairwise(ends), strict=True
        ):
            if end > begin:
                own = self.near[start * BLOCK : stop * BLOCK].reshape(BLOCK, -1)
                yield own, blocks[begin:end] - start, start

    def values(self, places: Whole) -> Floats:
        return self.near[places]

    def picked(self, places: Whole) -> Picked:
        """The rows of each group that these places, ascending, are."""
        return [(group, rows) for group, rows, _ in self._rows(places)]

    def _rows(self, places: Whole) -> Iterator[tuple[Group, Whole, int]]:
        """The same, with the first block of each group."""
        ends = np.searchsorted(places, np.array(self.starts) * BLOCK).tolist()
        for group, start, (begin, end) in zip(
            self.groups, self.starts, pairwise(ends), strict=False
        ):
            if end > begin:
                yield group, places[begin:end] - start * BLOCK, start


def largest(values: Floats, count: int) -> Whole:
    """Where the `count` largest numbers are, in no order."""
    if len(values) <= count:
        return np.arange(len(values))
    return np.argpartition(values, len(values) - count)[-count:]
