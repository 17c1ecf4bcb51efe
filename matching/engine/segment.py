"""A part of the index: some people, and the inverse of their lists."""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from matching.engine.arrays import Counts, Doubles, Floats, Ids, Whole
from matching.engine.blocks import Blocks
from matching.engine.constants import MOST_IN_SEGMENT
from matching.engine.finder import Finder
from matching.engine.likeness import features, ordered
from matching.engine.postings import Postings
from matching.engine.query import Query, Scaled, Terms
from matching.engine.sparse import scattered


@dataclass(frozen=True, slots=True)
class Segment:
    """Up to 65,536 measured people, like beside like, with their postings.

    finder  their rows by id
    blocks  what is known of each 64 in a row
    scales  float32[n]: artist scale · closeness
    """

    people: Scaled
    finder: Finder
    artists: Postings
    genres: Postings
    blocks: Blocks
    scales: Floats

    @classmethod
    def of(cls, people: Scaled) -> Self:
        """Put people in order; raises ValueError for more than 65,536."""
        return cls.chosen(people, np.arange(len(people)), features(people))

    @classmethod
    def chosen(cls, everyone: Scaled, rows: Whole, table: Floats) -> Self:
        """Of these rows of everyone; table holds what their likeness is measured by."""
        if len(rows) > MOST_IN_SEGMENT:
            raise ValueError(f"A segment holds up to {MOST_IN_SEGMENT} people.")
        people = everyone.take(rows[ordered(table)])
        columns = people.rows.columns
        return cls(
            people,
            Finder.of(columns.person_ids),
            Postings.of(columns.artists),
            Postings.of(columns.genres),
            Blocks.of(people),
            people.rows.artist_scale * people.closeness,
        )

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

    def place_near(self, query: Query, out: Floats) -> None:
        """Compute the artists' part of S without c_u, nearly, into float32[n].

        Each term and each sum is rounded once: the relative error of n shared artists
        stays under (n + 6) · 2^-24, see `comparison`.
        """
        sums = self._sums(self.artists, query.artists, np.float32, query.artist_scale)
        np.multiply(sums, self.scales, out=out)

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
