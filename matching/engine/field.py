"""The artists' part of everyone in some segments, laid out in blocks."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import NamedTuple, Self

import numpy as np

from matching.engine.arrays import Bools, Floats, Whole
from matching.engine.blocks import Prospect
from matching.engine.constants import BLOCK
from matching.engine.group import NOBODY, Group, joined
from matching.engine.likeness import count_of

Picked = list[tuple[Group, Whole]]
# Above this share of the blocks of a group everyone is bounded sooner than some.
_MANY = 0.25
# So few blocks are looked at in one go.
_FEW = 256


class Known(NamedTuple):
    """Some places, ascending, and what is known of who is there.

    places     int64[n]
    closeness  float32[n]
    near       float32[n], S without c_u by artists and the first 8 directions
    """

    places: Whole
    closeness: Floats
    near: Floats

    def only(self, at: Whole) -> "Known":
        return Known(self.places.take(at), self.closeness.take(at), self.near.take(at))

    @classmethod
    def joined(cls, parts: Sequence["Known"]) -> "Known":
        places, closeness, near = zip(*parts, strict=True)
        return cls(np.concatenate(places), joined(closeness), joined(near))


# Some places, and what S without c_u can be at most there: float32[n].
Bounded = tuple[Known, Floats]


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

    def reaching(self, prospect: Prospect, floor: np.float32) -> Bounded:
        """Who still may reach the floor: of each block by the largest of it, then of
        each person by their first directions and how far they are from the middle.
        """
        least = floor - prospect.most
        blocks = np.flatnonzero(self.peaks >= least)
        if len(blocks) <= _FEW:
            return self._of_some(*self._hits(blocks, least), prospect, floor)
        parts: list[Bounded] = []
        ends = np.searchsorted(blocks, self.starts).tolist()
        for number, (begin, end) in enumerate(pairwise(ends)):
            start, stop = self.starts[number : number + 2]
            if end - begin > _MANY * (stop - start):
                parts.append(self._of_all(number, prospect, floor))
            elif end > begin:
                hits = self._hits_of(number, blocks[begin:end], least)
                parts.append(self._of_some(*hits, prospect, floor))
        known, most = zip(*parts, strict=True)
        return Known.joined(known), joined(most)

    def _hits(self, blocks: Whole, least: Floats) -> tuple[Whole, Whole]:
        """Where in these blocks near values are at least so much: places, ascending,
        and their blocks.
        """
        places, values = self._of_blocks(blocks)
        hits = np.flatnonzero(values >= least.take(blocks))
        found = places.take(hits)
        order = np.argsort(found)
        return found.take(order), blocks.take(hits.take(order) % max(1, len(blocks)))

    def _hits_of(
        self, number: int, blocks: Whole, least: Floats
    ) -> tuple[Whole, Whole]:
        """The same where all the blocks are of one group: nothing has to be sorted."""
        start, stop = self.starts[number : number + 2]
        near = self.near[start * BLOCK : stop * BLOCK].reshape(BLOCK, -1)
        hits = np.flatnonzero(near.take(blocks - start, axis=1) >= least.take(blocks))
        rows, columns = np.divmod(hits, len(blocks))
        of = blocks.take(columns)
        return rows * (stop - start) + of + start * (BLOCK - 1), of

    def _of_some(
        self, places: Whole, blocks: Whole, prospect: Prospect, floor: np.float32
    ) -> Bounded:
        """Who of these places, ascending, may reach the floor."""
        known = self.known(places)
        away = [group.blocks.away.take(rows) for group, rows in self.picked(places)]
        most = joined(away) * prospect.length
        most += prospect.others.take(blocks)
        most *= known.closeness
        most += known.near
        may = np.flatnonzero(most >= floor)
        return known.only(may), most.take(may)

    def _of_all(self, number: int, prospect: Prospect, floor: np.float32) -> Bounded:
        """Who of a whole group may reach the floor."""
        group, start, stop = self.groups[number], *self.starts[number : number + 2]
        near = self.near[start * BLOCK : start * BLOCK + len(group)]
        heads = group.heads()
        most = group.blocks.away * prospect.length
        most += heads
        # Rows run through all the blocks of the group, again and again.
        most += np.resize(prospect.others[start:stop], len(group))
        most *= group.closeness
        most += near
        rows = np.flatnonzero(most >= floor)
        closeness, found = group.closeness.take(rows), heads.take(rows)
        found *= closeness
        found += near.take(rows)
        return Known(rows + start * BLOCK, closeness, found), most.take(rows)

    def known(self, places: Whole) -> Known:
        """What is known of who is at these places, ascending."""
        picked = self.picked(places)
        closeness = joined([g.closeness.take(rows) for g, rows in picked])
        near = joined([g.heads(rows) for g, rows in picked])
        near *= closeness
        near += self.near.take(places)
        return Known(places, closeness, near)

    def _of_blocks(self, blocks: Whole) -> tuple[Whole, Floats]:
        """Places and near values of some blocks: a column for each."""
        starts = np.array(self.starts)
        groups = np.searchsorted(starts, blocks, side="right") - 1
        first = starts[groups]
        width = starts[groups + 1] - first
        # Rows of a block are as far apart as its group has blocks.
        places = np.multiply.outer(np.arange(BLOCK), width)
        places += blocks + (BLOCK - 1) * first
        return places, self.near.take(places)

    def picked(self, places: Whole) -> Picked:
        """The rows of each group that these places, ascending, are."""
        ends = np.searchsorted(places, np.array(self.starts) * BLOCK).tolist()
        return [
            (group, places[begin:end] - start * BLOCK)
            for group, start, (begin, end) in zip(
                self.groups, self.starts, pairwise(ends), strict=False
            )
            if end > begin
        ]


def largest(values: Floats, count: int) -> Whole:
    """Where the `count` largest numbers are, in no order."""
    if len(values) <= count:
        return np.arange(len(values))
    return np.argpartition(values, len(values) - count)[-count:]
