"""Building the index of a community from everyone's taste."""

import os
from collections.abc import Collection, Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

import numpy as np

from matching.engine.columns import Columns
from matching.engine.constants import DEFAULT_SEED, MOST_IN_SEGMENT, MOST_THREADS
from matching.engine.fit import fit_statistics
from matching.engine.index import Hidden, Index
from matching.engine.query import Scaled
from matching.engine.reach import Reach
from matching.engine.rows import measure
from matching.engine.segment import Segment
from matching.engine.statistics import ArtistVectors, Statistics
from matching.engine.store import Part
from matching.engine.taste import Taste


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
    """Measure and invert everyone, a segment on each core at a time."""
    reach = Reach(statistics)
    starts = range(0, len(columns), MOST_IN_SEGMENT)

    def built(start: int) -> tuple[Part[Segment], Part[Hidden]]:
        stop = min(start + MOST_IN_SEGMENT, len(columns))
        rows = measure(columns.part(start, stop), statistics)
        people = Scaled(rows, reach.closeness(rows))
        return Part(Segment.of(people)), Part(Hidden(np.empty(0, np.int64)))

    with ThreadPoolExecutor(min(MOST_THREADS, os.cpu_count() or 1)) as pool:
        return tuple(pool.map(built, starts))
