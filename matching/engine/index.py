"""The index of a community, and the view of it with everything that changed since."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import numpy as np

from matching.engine.arrays import Bools, Ids, Seconds, Whole
from matching.engine.blocks import Outlook
from matching.engine.columns import NO_FACETS, Columns, Facets
from matching.engine.constants import MOST_IN_SEGMENT
from matching.engine.query import Scaled, Terms
from matching.engine.ragged import find
from matching.engine.reach import Reach
from matching.engine.rows import Rows, measure
from matching.engine.segment import Segment
from matching.engine.statistics import Statistics
from matching.engine.store import (
    IndexCorrupt,
    Part,
    read_manifest,
    read_part,
    write_generation,
)
from matching.engine.taste import Taste


class UnknownPerson(LookupError):
    """Nobody with this id is in the view: never was, or is hidden now."""


@dataclass(frozen=True, slots=True)
class Hidden:
    """Rows of a segment that are no longer there: int64, ascending."""

    rows: Whole


_NONE = Hidden(np.empty(0, np.int64))


@dataclass(frozen=True, eq=False)
class Index:
    """Everyone's taste at one moment, measured under statistics frozen with it.

    segments    parts of the community, each with the rows no longer there
    watermark   the caller's position up to which changes are inside
    built_at    aware time of the statistics, as given by the caller
    generation  number of the files it was read from; 0 before it is saved
    edition     number of the statistics, the same wherever they are used; 0 for none
    """

    statistics: Part[Statistics]
    segments: tuple[tuple[Part[Segment], Part[Hidden]], ...]
    watermark: int
    built_at: datetime
    generation: int = 0
    edition: int = 0

    def __len__(self) -> int:
        return sum(len(s.content) - len(h.content.rows) for s, h in self.segments)

    @cached_property
    def reach(self) -> Reach:
        """What measures the reach of a changed person."""
        return Reach(self.statistics.content)

    @cached_property
    def outlook(self) -> Outlook:
        """What bounds the people of all segments, block by block."""
        return Outlook.of([segment.content.blocks for segment, _ in self.segments])

    def save(self, folder: Path, *, serves: bool = True) -> int:
        """Write what is not yet in the folder as its newest generation.

        One that does not serve waits for :func:`store.let_serve` beside the current.
        Returns the number of the generation. Raises OSError when the folder cannot be
        written; the generation before then stays the newest.
        """
        parts: dict[str, Part[Any]] = {"statistics": self.statistics}
        for number, (segment, hidden) in enumerate(self.segments):
            parts[f"segment-{number}"] = segment
            parts[f"hidden-{number}"] = hidden
        about = {
            "watermark": self.watermark,
            "built_at": self.built_at.isoformat(),
            "segments": len(self.segments),
            "edition": self.edition,
        }
        return write_generation(folder, parts, about, serves=serves)

    @classmethod
    def load(cls, folder: Path, generation: int | None = None) -> Self:
        """Map a generation of the folder, the newest unless another is named.

        Raises IndexMissing when there is none, IndexCorrupt naming what is wrong.
        """
        manifest = read_manifest(folder, generation)
        try:
            count = int(manifest["segments"])
            watermark = int(manifest["watermark"])
            built_at = datetime.fromisoformat(manifest["built_at"])
            number = int(manifest["generation"])
            edition = int(manifest.get("edition", 0))
        except (KeyError, TypeError, ValueError) as error:
            raise IndexCorrupt(f"The manifest is unreadable: {error}") from error
        statistics = read_part(folder, manifest, "statistics", Statistics)
        segments = tuple(
            (
                read_part(folder, manifest, f"segment-{at}", Segment),
                read_part(folder, manifest, f"hidden-{at}", Hidden),
            )
            for at in range(count)
        )
        return cls(statistics, segments, watermark, built_at, number, edition)

    @staticmethod
    def watermark_of(folder: Path, generation: int) -> int:
        """Read the watermark of a kept generation; raises as loading does."""
        manifest = read_manifest(folder, generation)
        try:
            return int(manifest["watermark"])
        except (KeyError, TypeError, ValueError) as error:
            raise IndexCorrupt("The manifest names no watermark.") from error

    def view(
        self,
        changes: Mapping[int, Taste | None] | None = None,
        facets: Mapping[int, Facets] = NO_FACETS,
    ) -> "View":
        """See the index with these people changed; None hides a person."""
        nobody = measure(Columns.of(()), self.statistics.content)
        hidden = tuple(hidden.content.rows for _, hidden in self.segments)
        active_at = tuple(
            segment.content.people.rows.columns.active_at
            for segment, _ in self.segments
        )
        changed = Scaled(nobody, np.empty(0, np.float32))
        view = View(self, hidden, changed, active_at)
        return view.updated(changes, facets) if changes else view


@dataclass(frozen=True, slots=True)
class People:
    """Some of the people of a view: rows, the segment they are, and what is newer."""

    scaled: Scaled
    segment: Segment | None
    hidden: Whole
    active_at: Seconds

    def find(self, person_ids: Whole) -> tuple[Whole, Bools]:
        """The row of each of these people, hidden or not, and which are there."""
        if self.segment is not None:
            return self.segment.finder.find(person_ids)
        return find(self.scaled.rows.person_ids, person_ids)

    def hidden_with(self, person_ids: Whole) -> Whole:
        """The hidden rows and those of these people: int64, ascending."""
        return _with(self.hidden, self.find(person_ids))


@dataclass(frozen=True, eq=False)
class View:
    """An index and what changed since, scored as one community.

    A changed person's new taste stands in for the old one everywhere; the statistics
    stay those of the index, so nobody else's numbers move.

    hidden     for each segment the rows that are not visible: int64, ascending
    changed    people whose taste is newer than the segments
    active_at  for each segment when its people were last active, in seconds since 1970
    """

    index: Index
    hidden: tuple[Whole, ...]
    changed: Scaled
    active_at: tuple[Seconds, ...]

    @property
    def statistics(self) -> Statistics:
        return self.index.statistics.content

    @property
    def segments(self) -> list[Segment]:
        return [segment.content for segment, _ in self.index.segments]

    @cached_property
    def people(self) -> list["People"]:
        """Everyone: the segments, then those who changed."""
        parts = zip(self.segments, self.hidden, self.active_at, strict=True)
        changed = self.changed.rows.columns.active_at
        return [
            *(People(s.people, s, hidden, active) for s, hidden, active in parts),
            People(self.changed, None, _NONE.rows, changed),
        ]

    @property
    def person_ids(self) -> Whole:
        """Everyone visible, ascending: int64[n]."""
        parts = [np.delete(of.scaled.rows.person_ids, of.hidden) for of in self.people]
        return np.sort(np.concatenate(parts))

    def __len__(self) -> int:
        return sum(len(of.scaled) - len(of.hidden) for of in self.people)

    def updated(
        self,
        changes: Mapping[int, Taste | None],
        facets: Mapping[int, Facets] = NO_FACETS,
    ) -> "View":
        """See these people changed too; costs by the number of changed people."""
        ids = np.array(sorted(changes), np.int64)
        shown = [
            (person, taste) for person, taste in changes.items() if taste is not None
        ]
        rows = measure(Columns.of(shown, facets), self.statistics)
        new = Scaled(rows, self.index.reach.closeness(rows))
        hidden = tuple(
            _with(hidden, segment.finder.find(ids))
            for segment, hidden in zip(self.segments, self.hidden, strict=True)
        )
        return replace(self, hidden=hidden, changed=_replaced(self.changed, ids, new))

    def seen(self, person_ids: Whole, active_at: Seconds) -> "View":
        """See that these people, ids ascending, were active since: seconds of each."""
        columns = self.changed.rows.columns
        columns = replace(
            columns,
            active_at=_later(
                columns.active_at, find(columns.person_ids, person_ids), active_at
            ),
        )
        rows = replace(self.changed.rows, columns=columns)
        return replace(
            self,
            changed=replace(self.changed, rows=rows),
            active_at=tuple(
                _later(known, segment.finder.find(person_ids), active_at)
                for known, segment in zip(self.active_at, self.segments, strict=True)
            ),
        )

    def locate(self, person_id: int) -> tuple[Scaled, int]:
        """Find the row of a person; raise UnknownPerson when not visible."""
        wanted = np.array([person_id], np.int64)
        for of in reversed(self.people):
            at, known = of.find(wanted)
            if known[0] and not find(of.hidden, at)[1][0]:
                return of.scaled, int(at[0])
        raise UnknownPerson(person_id)

    def taste(self, person_id: int) -> Taste | None:
        """Give back a person's taste, None when not visible."""
        try:
            people, row = self.locate(person_id)
        except UnknownPerson:
            return None
        return people.rows.columns.taste(row)

    def listeners(self, artist_ids: Ids) -> Whole:
        """How many visible people have each artist now: int64, as long as the ids.

        For people to read; scores use the frozen counts of the statistics.
        """
        terms = Terms.of(artist_ids, np.ones(len(artist_ids)))
        counts = terms.counts(self.changed.rows.columns.artists)
        for segment, hidden in zip(self.segments, self.hidden, strict=True):
            counts += segment.listeners(terms.ids, hidden)
        at, _ = find(terms.ids, artist_ids)
        return counts[at]

    def compacted(self, *, watermark: int) -> Index:
        """Fold what changed into segments; every score stays what it is, to the bit.

        The newest segments are small and many; two of a size are joined, so that
        there are never many.
        """
        kept: list[tuple[Part[Segment], Part[Hidden]]] = [
            (segment, _part(old, hidden))
            for (segment, old), hidden in zip(
                self.index.segments, self.hidden, strict=True
            )
        ]
        fresh = self.changed
        while kept and _are_of_a_size(kept[-1], fresh):
            segment, hidden = kept.pop()
            rows = np.delete(np.arange(len(segment.content)), hidden.content.rows)
            fresh = _united(segment.content.people.take(rows), fresh)
        for start in range(0, len(fresh), MOST_IN_SEGMENT):
            part = fresh.part(start, min(start + MOST_IN_SEGMENT, len(fresh)))
            kept.append((Part(Segment.of(part)), Part(_NONE)))
        return replace(
            self.index, segments=tuple(kept), watermark=watermark, generation=0
        )


def _with(hidden: Whole, found: tuple[Whole, Bools]) -> Whole:
    """Hide these rows too, those that are there."""
    at, known = found
    return np.union1d(hidden, at[known]) if known.any() else hidden


def _later(known: Seconds, found: tuple[Whole, Bools], times: Seconds) -> Seconds:
    at, there = found
    if not there.any():
        return known
    later = known.copy()
    later[at[there]] = np.maximum(later[at[there]], times[there])
    return later


def _part(old: Part[Hidden], rows: Whole) -> Part[Hidden]:
    return old if len(rows) == len(old.content.rows) else Part(Hidden(rows))


def _are_of_a_size(newest: tuple[Part[Segment], Part[Hidden]], fresh: Scaled) -> bool:
    segment, hidden = newest
    left = len(segment.content) - len(hidden.content.rows)
    return left <= 2 * len(fresh) and left + len(fresh) <= MOST_IN_SEGMENT


def _united(some: Scaled, others: Scaled) -> Scaled:
    """Put two groups of different people in one, ascending by person id."""
    order = np.argsort(np.concatenate([some.rows.person_ids, others.rows.person_ids]))
    closeness = np.concatenate([some.closeness, others.closeness])[order]
    return Scaled(Rows.join([some.rows, others.rows]), closeness)


def _replaced(people: Scaled, ids: Whole, new: Scaled) -> Scaled:
    at, known = find(people.rows.person_ids, ids)
    kept = np.delete(np.arange(len(people)), at[known])
    return _united(people.take(kept), new)
