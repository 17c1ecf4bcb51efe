"""A part of the index: some people, and the inverse of their lists."""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from matching.engine.arrays import Counts, Doubles, Floats, Ids, Whole
from matching.engine.constants import MOST_IN_SEGMENT
from matching.engine.postings import Postings
from matching.engine.query import Query, Scaled, Terms
from matching.engine.sparse import scattered


@dataclass(frozen=True, slots=True)
class Segment:
    """Up to 65,536 measured people, ascending by id, with their postings."""

    people: Scaled
    artists: Postings
    genres: Postings

    @classmethod
    def of(cls, people: Scaled) -> Self:
        """Invert the lists; raises ValueError for more than 65,536 people."""
        if len(people) > MOST_IN_SEGMENT:
            raise ValueError(f"A segment holds up to {MOST_IN_SEGMENT} people.")
        columns = people.rows.columns
        return cls(people, Postings.of(columns.artists), Postings.of(columns.genres))

    def __len__(self) -> int:
        return len(self.people)

    @property
    def person_ids(self) -> Whole:
        return self.people.rows.person_ids

    def similarities(self, query: Query) -> Doubles:
        """Compute S(u, v) for everyone: float64[n], exact."""
        rows = self.people.rows
        scales = (
            rows.artist_scale.astype(np.float64),
            rows.genre_scale.astype(np.float64),
        )
        raw = query.combined(
            np.asarray(self._sums(self.artists, query.artists, np.float64)),
            query.dots(rows.heads, rows.tails),
            np.asarray(self._sums(self.genres, query.genres, np.float64)),
            scales,
        )
        return query.scaled(raw, self.people.closeness)

    def artist_part(self, query: Query) -> Floats:
        """Compute the artists' part of s(u, v), nearly: float32[n].

        Each term and each sum is rounded once: the relative error of n shared artists
        stays under (n + 4) · 2^-24, see `comparison`.
        """
        sums = self._sums(self.artists, query.artists, np.float32, query.artist_scale)
        sums *= self.people.rows.artist_scale
        return np.asarray(sums, np.float32)

    def shared(self, query: Query) -> Counts:
        """Count the artists shared with everyone: uint16[n]."""
        starts, lengths = self.artists.locate(query.artists.ids)
        members = [
            self.artists.members[start : start + length]
            for start, length in zip(starts.tolist(), lengths.tolist(), strict=True)
        ]
        every = np.concatenate([np.empty(0, np.uint16), *members])
        return np.bincount(every, minlength=len(self)).astype(np.uint16)

    def listeners(self, artist_ids: Ids, hidden: Whole) -> Whole:
        """Count the people with each artist, but for those in hidden rows: int64."""
        starts, lengths = self.artists.locate(artist_ids)
        counts = lengths.astype(np.int64)
        if not len(hidden):
            return counts
        gone = np.zeros(len(self), np.bool_)
        gone[hidden] = True
        for at, (start, size) in enumerate(
            zip(starts.tolist(), lengths.tolist(), strict=True)
        ):
            members = self.artists.members[start : start + size]
            counts[at] -= np.count_nonzero(gone[members])
        return counts

    def _sums(
        self,
        postings: Postings,
        terms: Terms,
        kind: type[Any],
        scale: float = 1.0,
    ) -> Floats | Doubles:
        starts, lengths = postings.locate(terms.ids)
        values: Doubles = np.asarray(terms.values * scale, kind)
        return scattered(postings, starts, lengths, values, len(self))
