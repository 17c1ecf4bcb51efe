"""The index of a community, and the view of it with everything that changed since."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Self

import numpy as np

from matching.engine.arrays import Bools, Doubles, Ids, Whole
from matching.engine.columns import Columns
from matching.engine.constants import DEFAULT_SEED
from matching.engine.fit import fit_statistics
from matching.engine.ragged import find
from matching.engine.reach import closeness
from matching.engine.rows import Rows, measure
from matching.engine.segment import Segment
from matching.engine.statistics import ArtistVectors, Statistics
from matching.engine.store import IndexCorrupt, read_generation, write_generation
from matching.engine.taste import Taste


class UnknownPerson(LookupError):
    """Nobody with this id is in the view: never was, or is hidden now."""


@dataclass(frozen=True, slots=True)
class Layer:
    """Some of the people of a view.

    closeness is float64[n], 1/√r; visible is bool[n], False where a person is hidden
    or has a newer taste in another layer.
    """

    segment: Segment
    closeness: Doubles
    visible: Bools

    @property
    def person_ids(self) -> Whole:
        return self.segment.person_ids

    def without(self, ids: Whole) -> Bools:
        """Which people stay visible when these go."""
        at, known = find(self.person_ids, ids)
        visible = self.visible.copy()
        visible[at[known]] = False
        return visible


@dataclass(frozen=True, slots=True)
class Generation:
    """What one generation keeps in files."""

    statistics: Statistics
    segment: Segment
    closeness: Doubles


@dataclass(frozen=True, eq=False)
class Index:
    """Everyone's taste at one moment, measured under statistics frozen with it.

    watermark   the caller's position up to which changes are inside
    built_at    aware time, as given by the caller
    generation  number of the files it was read from; 0 before it is saved
    """

    content: Generation
    watermark: int
    built_at: datetime
    generation: int = 0

    def __len__(self) -> int:
        return len(self.content.segment)

    @property
    def statistics(self) -> Statistics:
        return self.content.statistics

    @cached_property
    def sample(self) -> Segment:
        """The people against whom the reach of a changed person is measured."""
        return Segment.of(measure(self.statistics.sample, self.statistics))

    def save(self, folder: Path) -> int:
        """Write the index as the folder's newest generation; return its number."""
        about = {"watermark": self.watermark, "built_at": self.built_at.isoformat()}
        return write_generation(folder, self.content, about)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Map the folder's newest generation.

        Raises IndexMissing when there is none, IndexCorrupt naming what is wrong.
        """
        content, manifest = read_generation(folder, Generation)
        try:
            return cls(
                content,
                int(manifest["watermark"]),
                datetime.fromisoformat(manifest["built_at"]),
                int(manifest["generation"]),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise IndexCorrupt(f"The manifest is unreadable: {error}") from error

    def view(self, changes: Mapping[int, Taste | None] | None = None) -> "View":
        """See the index with these people changed; None hides a person."""
        base = Layer(
            self.content.segment, self.content.closeness, np.ones(len(self), np.bool_)
        )
        rows = measure(Columns.of(()), self.statistics)
        view = View(self, base, _shown(rows, np.empty(0)))
        return view.updated(changes) if changes else view


@dataclass(frozen=True, eq=False)
class View:
    """An index and what changed since, scored as one community.

    A changed person's new taste stands in for the old one everywhere; the statistics
    stay those of the index, so nobody else's numbers move.
    """

    index: Index
    base: Layer
    changed: Layer

    @property
    def statistics(self) -> Statistics:
        return self.index.statistics

    @property
    def layers(self) -> tuple[Layer, Layer]:
        return self.base, self.changed

    @cached_property
    def person_ids(self) -> Whole:
        """Everyone visible, ascending: int64[n]."""
        parts = [layer.person_ids[layer.visible] for layer in self.layers]
        return np.sort(np.concatenate(parts))

    def __len__(self) -> int:
        return len(self.person_ids)

    def updated(self, changes: Mapping[int, Taste | None]) -> "View":
        """See these people changed too; costs by the number of changed people."""
        ids = np.array(sorted(changes), np.int64)
        kept = np.flatnonzero(self.changed.without(ids))
        old, old_reach = self.changed.segment.rows.take(kept), self.changed.closeness
        new, new_reach = _measured(self.index, changes)
        order = np.argsort(np.concatenate([old.person_ids, new.person_ids]))
        reach = np.concatenate([old_reach[kept], new_reach])[order]
        return View(
            self.index,
            replace(self.base, visible=self.base.without(ids)),
            _shown(old.merge(new), reach),
        )

    def locate(self, person_id: int) -> tuple[Layer, int]:
        """Find the layer and row of a person; raise UnknownPerson when not visible."""
        wanted = np.array([person_id], np.int64)
        for layer in self.layers:
            at, known = find(layer.person_ids, wanted)
            if known[0] and layer.visible[at[0]]:
                return layer, int(at[0])
        raise UnknownPerson(person_id)

    def taste(self, person_id: int) -> Taste | None:
        """Give back a person's taste, None when not visible."""
        try:
            layer, row = self.locate(person_id)
        except UnknownPerson:
            return None
        return layer.segment.rows.columns.taste(row)

    def listeners(self, artist_ids: Ids) -> Whole:
        """How many visible people have each artist now: int64, as long as the ids.

        For people to read; scores use the frozen counts of the statistics.
        """
        _, counts = self.base.segment.artist_postings.locate(artist_ids)
        _, gained = self.changed.segment.artist_postings.locate(artist_ids)
        gone, losses = self._lost
        at, known = find(gone, artist_ids)
        lost = losses[at] * known if len(gone) else 0
        return np.asarray(counts + gained - lost, np.int64)

    @cached_property
    def _lost(self) -> tuple[Ids, Whole]:
        """Artists of the base's hidden people, and how many of them had each."""
        hidden = np.flatnonzero(~self.base.visible)
        artists = self.base.segment.rows.take(hidden).columns.artists
        ids, counts = np.unique(artists.ids, return_counts=True)
        return ids, counts.astype(np.int64)

    def people_with_genre(self, genre_id: int) -> Whole:
        """Everyone visible whose taste has this genre: person ids, int64."""
        found = []
        for layer in self.layers:
            rows = layer.segment.genre_postings.members_of(genre_id)
            found.append(layer.person_ids[rows[layer.visible[rows]]])
        return np.sort(np.concatenate(found))


def _measured(
    index: Index, changes: Mapping[int, Taste | None]
) -> tuple[Rows, Doubles]:
    """Measure the changed people who are not hidden."""
    tastes = [(person, taste) for person, taste in changes.items() if taste is not None]
    rows = measure(Columns.of(tastes), index.statistics)
    if not tastes:
        return rows, np.empty(0)
    return rows, closeness(rows, index.sample, index.statistics)


def _shown(rows: Rows, reach: Doubles) -> Layer:
    return Layer(Segment.of(rows), reach, np.ones(len(rows), np.bool_))


def build_index(
    people: Iterable[tuple[int, Taste]],
    *,
    watermark: int,
    built_at: datetime,
    fit_rows: Collection[int] | None = None,
    seed: int = DEFAULT_SEED,
    vectors: ArtistVectors | None = None,
    statistics: Statistics | None = None,
) -> Index:
    """Build the index of a community, people given as (person id, taste).

    fit_rows are the ids of people whose rows artist vectors may be fitted on (None:
    everyone's). With vectors of an earlier generation nothing is fitted again; with
    its statistics every score between unchanged people stays what it was.

    Raises ValueError when a person comes twice.
    """
    columns = Columns.of(people)
    if statistics is None:
        fit_on = None
        if fit_rows is not None:
            allowed = np.fromiter(fit_rows, np.int64, len(fit_rows))
            fit_on = np.isin(columns.person_ids, allowed)
        statistics = fit_statistics(
            columns, fit_on=fit_on, seed=seed, previous_vectors=vectors
        )
    segment = Segment.of(measure(columns, statistics))
    sample = Segment.of(measure(statistics.sample, statistics))
    reach = closeness(segment.rows, sample, statistics)
    return Index(Generation(statistics, segment, reach), watermark, built_at)
