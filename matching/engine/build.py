"""Building the index of a community from everyone's taste."""

from collections.abc import Collection, Iterable
from datetime import datetime

import numpy as np

from matching.engine.arrays import Whole
from matching.engine.columns import Columns
from matching.engine.constants import DEFAULT_SEED, MOST_IN_SEGMENT
from matching.engine.fit import fit_statistics
from matching.engine.index import Hidden, Index
from matching.engine.likeness import features, segmented
from matching.engine.query import Scaled
from matching.engine.reach import Reach
from matching.engine.rows import Rows, measure
from matching.engine.segment import Segment
from matching.engine.statistics import ArtistVectors, Statistics
from matching.engine.store import Part
from matching.engine.taste import Taste
from matching.engine.threads import mapped


def build_index(
    people: Columns | Iterable[tuple[int, Taste]],
    *,
    watermark: int,
    built_at: datetime,
    fit_rows: Collection[int] | None = None,
    seed: int = DEFAULT_SEED,
    vectors: ArtistVectors | None = None,
    statistics: Statistics | None = None,
) -> Index:
    """Build the index of a community, people given in columns or as (id, taste).

    fit_rows are the ids of people whose rows artist vectors may be fitted on (None:
    everyone's). With vectors of an earlier generation nothing is fitted again; with
    its statistics every score between unchanged people stays what it was.

    Raises ValueError when a person comes twice.
    """
    columns = people if isinstance(people, Columns) else Columns.of(people)
    columns.require_once()
    if statistics is None:
        fit_on = None
        if fit_rows is not None:
            allowed = np.fromiter(fit_rows, np.int64, len(fit_rows))
            fit_on = np.isin(columns.person_ids, allowed)
        statistics = fit_statistics(
            columns, fit_on=fit_on, seed=seed, previous_vectors=vectors
        )
    return Index(Part(statistics), _segments(columns, statistics), watermark, built_at)


def _segments(
    columns: Columns, statistics: Statistics
) -> tuple[tuple[Part[Segment], Part[Hidden]], ...]:
    """Measure everyone, then invert people alike; a segment on each core at a time."""
    people = _measured(columns, statistics)
    table = features(people)

    def built(rows: Whole) -> tuple[Part[Segment], Part[Hidden]]:
        segment = Segment.chosen(people, rows, table[rows])
        return Part(segment), Part(Hidden(np.empty(0, np.int64)))

    return tuple(mapped(built, segmented(table)))


def _measured(columns: Columns, statistics: Statistics) -> Scaled:
    reach = Reach(statistics)

    def measured(start: int) -> Scaled:
        stop = min(start + MOST_IN_SEGMENT, len(columns))
        rows = measure(columns.part(start, stop), statistics)
        return Scaled(rows, reach.closeness(rows))

    parts = list(mapped(measured, range(0, len(columns), MOST_IN_SEGMENT)))
    closeness = [np.empty(0, np.float32), *(part.closeness for part in parts)]
    rows = Rows.measured(columns, [part.rows for part in parts])
    return Scaled(rows, np.concatenate(closeness))
