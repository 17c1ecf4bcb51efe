"""Whom a board may list: the filters that are applied inside a scan."""

from dataclasses import dataclass, replace

import numpy as np

from matching.engine.arrays import Bools
from matching.engine.columns import country_code
from matching.engine.group import Group


@dataclass(frozen=True, slots=True)
class Wanted:
    """What people have to be like; every default lets everyone pass.

    country       two capital letters
    active_since  seconds since 1970: active then or later
    genre_id      has this genre
    min_shared    shares at least so many artists with the viewer
    only          is one of these people, ids in any order
    but           is none of these people, ids in any order
    min_similarity  S is at least this
    """

    country: str = ""
    active_since: int = 0
    genre_id: int | None = None
    min_shared: int = 0
    only: tuple[int, ...] | None = None
    min_similarity: float = 0.0
    but: tuple[int, ...] = ()

    @property
    def narrows(self) -> bool:
        """Whether anything but S keeps people out."""
        return replace(self, min_similarity=0.0) != EVERYONE

    def mask(self, group: Group) -> Bools:
        """Which people of a group pass, whatever their S: bool[n]."""
        columns = group.people.rows.columns
        passes = np.ones(len(group), np.bool_)
        if self.country:
            passes &= columns.country == country_code(self.country)
        if self.active_since:
            passes &= group.active_at >= self.active_since
        if self.genre_id is not None:
            passes &= _with_genre(self.genre_id, group)
        if self.min_shared:
            passes &= group.shared >= self.min_shared
        if self.only is not None:
            passes &= _among(self.only, group)
        if self.but:
            passes &= ~_among(self.but, group)
        return passes


EVERYONE = Wanted()


def _with_genre(genre_id: int, group: Group) -> Bools:
    passes = np.zeros(len(group), np.bool_)
    if group.segment is not None:
        passes[group.segment.genres.members_of(genre_id)] = True
        return passes
    genres = group.people.rows.columns.genres
    has = np.flatnonzero(genres.ids == genre_id)
    passes[np.searchsorted(genres.pointers, has, side="right") - 1] = True
    return passes


def _among(ids: tuple[int, ...], group: Group) -> Bools:
    passes = np.zeros(len(group), np.bool_)
    at, known = group.find(np.array(sorted(ids), np.int64))
    passes[at[known]] = True
    return passes
