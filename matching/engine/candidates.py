"""A few people picked from several groups, and what it takes to score them exactly."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import accumulate, pairwise
from typing import Self

import numpy as np

from matching.engine.arrays import Bools, Doubles, Floats, Whole
from matching.engine.constants import DIRECTION_UNIT, GENRE_SHARE
from matching.engine.group import Group, joined
from matching.engine.query import Query
from matching.engine.ragged import Ragged

# Above this share of a group the products of all cost less than those of some.
_DENSE = 0.15


@dataclass
class Candidates:
    """People of some groups: rows of each, and flat arrays over all of them.

    closeness        float32[n]
    with_directions  float32[n], S without c_u and genres, but for rounding
    """

    query: Query
    picked: Sequence[tuple[Group, Whole]]
    closeness: Floats
    with_directions: Floats
    _genre_sums: Doubles | None = None

    @classmethod
    def of(
        cls,
        query: Query,
        picked: Sequence[tuple[Group, Whole]],
        closeness: Floats,
        near: Floats,
    ) -> Self:
        """Pick rows of some groups; near is S without c_u of each by artists and the
        first 8 directions.
        """
        dots = joined([_tail_dots(group, rows) for group, rows in picked])
        dots *= np.float32(DIRECTION_UNIT)
        dots *= closeness
        dots += near
        return cls(query, picked, closeness, dots)

    def __len__(self) -> int:
        return len(self.closeness)

    def only(self, mask: Bools) -> Self:
        """Those of the mask, bool[n]."""
        ends = [0, *accumulate(len(rows) for _, rows in self.picked)]
        picked = [
            (group, rows[mask[start:stop]])
            for (group, rows), (start, stop) in zip(
                self.picked, pairwise(ends), strict=True
            )
        ]
        return replace(
            self,
            picked=[(group, rows) for group, rows in picked if len(rows)],
            closeness=self.closeness[mask],
            with_directions=self.with_directions[mask],
            _genre_sums=self._genre_sums[mask]
            if self._genre_sums is not None
            else None,
        )

    @cached_property
    def with_genres(self) -> Floats:
        """S without c_u, but for rounding."""
        scale = GENRE_SHARE * self.query.genre_scale * self._genre_scale
        genres = self.genre_sums() * scale * self.closeness
        return self.with_directions + genres.astype(np.float32)

    def exact(self) -> tuple[Whole, Doubles]:
        """Ids, and S as a receipt has it: float64[n]."""
        columns = [(g.people.rows, rows) for g, rows in self.picked]
        lists = [(people.columns.artists, rows) for people, rows in columns]
        sums, _ = self.query.artists.sums(Ragged.gather(lists))
        ids = [people.person_ids.take(rows) for people, rows in columns]
        scales = _doubles([people.artist_scale.take(rows) for people, rows in columns])
        dots = [
            self.query.dots(
                people.heads.take(rows, axis=1), people.tails.take(rows, axis=0)
            )
            for people, rows in columns
        ]
        unscaled = self.query.combined(
            sums,
            joined(dots),
            self.genre_sums(),
            (scales, self._genre_scale),
        )
        similarity = self.query.scaled(unscaled, self.closeness)
        return np.concatenate([np.empty(0, np.int64), *ids]), similarity

    def genre_sums(self) -> Doubles:
        """Sums over shared genres without their scales: float64[n], exact."""
        if self._genre_sums is None:
            lists = [(g.people.rows.columns.genres, rows) for g, rows in self.picked]
            self._genre_sums = self.query.genres.totals(Ragged.gather(lists))
        return self._genre_sums

    @cached_property
    def _genre_scale(self) -> Doubles:
        return _doubles(
            [g.people.rows.genre_scale.take(rows) for g, rows in self.picked]
        )


def _tail_dots(group: Group, rows: Whole) -> Floats:
    tails = group.people.rows.tails
    if len(rows) > _DENSE * len(group):
        return group.query.tail_dots(tails)[rows]
    return group.query.tail_dots(tails.take(rows, axis=0))


def _doubles(parts: Sequence[Floats]) -> Doubles:
    return joined(parts).astype(np.float64)
