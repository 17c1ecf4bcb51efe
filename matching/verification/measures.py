"""What an index keeps beside people's tastes, computed again from them."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from matching import engine
from matching.engine.arrays import Doubles, Whole
from matching.engine.columns import Columns
from matching.engine.constants import (
    CLOSEST_SHARE,
    DIMENSIONS,
    FEWEST_CLOSEST,
    HEAD_DIMENSIONS,
    LOWEST_REACH,
    REACH_PRIOR_PEOPLE,
    STEPS,
)
from matching.engine.likeness import blocks_of, count_of
from matching.engine.postings import Postings
from matching.engine.ragged import Ragged
from matching.engine.rows import Rows, measure
from matching.engine.segment import Segment
from matching.engine.statistics import Listeners, Statistics
from matching.verification.formula import (
    Viewer,
    artist_worth,
    genre_worth,
    listeners_of,
)

_CLOSE = 1e-5
# Half a step of rounding, and what float32 sums leave open.
_HALF_STEP = 0.51


@dataclass(frozen=True, slots=True)
class _Kept:
    """Some rows as the index has them, and how close each one's closest are."""

    rows: Rows
    closeness: Doubles


def wrong_measures(view: engine.View, person_ids: Whole) -> Iterator[str]:
    """Say whose scales, directions or reach are not what their taste gives."""
    for group in view.people:
        kept = np.flatnonzero(np.isin(group.scaled.rows.person_ids, person_ids))
        kept = np.setdiff1d(kept, group.hidden)
        if not len(kept):
            continue
        rows = group.scaled.rows.take(kept)
        closeness = group.scaled.closeness[kept]
        again = measure(rows.columns, view.statistics)
        reach = view.index.reach.closeness(again)
        for row, person in enumerate(rows.person_ids.tolist()):
            if not _is_same_row(rows, again, row) or reach[row] != closeness[row]:
                yield f"person {person}: measured again, the row is another"
        kept_rows = _Kept(rows, closeness.astype(np.float64))
        yield from _unlike_formula(view, kept_rows)


def _is_same_row(rows: Rows, again: Rows, row: int) -> bool:
    one, other = rows.part(row, row + 1), again.part(row, row + 1)
    pairs: list[tuple[Any, Any]] = [
        (one.artist_scale, other.artist_scale),
        (one.genre_scale, other.genre_scale),
        (one.heads, other.heads),
        (one.tails, other.tails),
    ]
    return all(a.tobytes() == b.tobytes() for a, b in pairs)


def _unlike_formula(view: engine.View, kept: _Kept) -> Iterator[str]:
    statistics = view.statistics
    sample = view.index.reach.sample
    for row, person in enumerate(kept.rows.person_ids.tolist()):
        expected = 1 / np.sqrt(_reach(kept.rows, row, sample, statistics))
        found = {
            "reach": np.isclose(kept.closeness[row], expected, rtol=_CLOSE),
            "scales": _are_scales(kept.rows, row, statistics),
            "direction": _is_direction(kept.rows, row, statistics),
            "sound": _is_sound(kept.rows, row, statistics),
        }
        wrong = [name for name, is_right in found.items() if not is_right]
        if wrong:
            yield f"person {person}: {', '.join(wrong)} unlike the formula"


def _reach(rows: Rows, row: int, sample: Rows, statistics: Statistics) -> float:
    """r: the mean of the closest 5 % of the sample, shrunk towards the median."""
    median = statistics.median_reach
    others = np.flatnonzero(sample.person_ids != rows.person_ids[row])
    s = Viewer(rows, row, statistics).by_music(sample)[others]
    most = min(max(FEWEST_CLOSEST, round(CLOSEST_SHARE * len(s))), len(s))
    own = float(np.mean(np.sort(s)[::-1][:most])) if most else median
    weight = REACH_PRIOR_PEOPLE / (REACH_PRIOR_PEOPLE + statistics.people)
    return (1 - weight) * max(own, LOWEST_REACH * median) + weight * median


def _are_scales(rows: Rows, row: int, statistics: Statistics) -> bool:
    artists, genres = rows.columns.artists, rows.columns.genres
    weights = artists.weights[artists.span(row)].astype(np.float64)
    length = float(np.sqrt(np.square(weights).sum()))
    expected = statistics.norm / length if length else 0.0
    heard = genres.weights[genres.span(row)].astype(np.float64)
    worth = genre_worth(statistics, genres, row)
    genre_length = float(np.sqrt((np.square(heard) * worth).sum()))
    return bool(
        np.isclose(rows.artist_scale[row], expected, rtol=_CLOSE)
        and np.isclose(
            rows.genre_scale[row],
            1 / genre_length if genre_length else 0.0,
            rtol=_CLOSE,
        )
        and (artist_worth(statistics, artists, row) > 0).all()
    )


def _is_direction(rows: Rows, row: int, statistics: Statistics) -> bool:
    """Whether z is unit(unit(Σ w · ln(N / n_a) · e_a) − mean) in whole steps."""
    artists, kept = rows.columns.artists, rows.direction(row)[:DIMENSIONS]
    span, vectors = artists.span(row), statistics.vectors
    counts = np.maximum(listeners_of(statistics.artists, artists, row), 1)
    idf = np.log(max(statistics.people, 1) / counts)
    summed = np.zeros(DIMENSIONS)
    for number, weight in zip(
        artists.ids[span].tolist(), artists.weights[span] * idf, strict=True
    ):
        at = int(np.searchsorted(vectors.ids, number))
        if at < len(vectors) and vectors.ids[at] == number:
            summed += weight * vectors.steps[at].astype(np.float64)
    expected = np.zeros(DIMENSIONS)
    if summed.any():
        expected = _unit(_unit(summed) - statistics.taste_mean)
    return _are_steps(kept, expected)


def _is_sound(rows: Rows, row: int, statistics: Statistics) -> bool:
    audio = rows.columns.audio[row].astype(np.float64)
    spread = statistics.audio_spread
    tones = np.zeros(len(audio))
    if np.isfinite(audio).all():
        varied = spread > 0
        tones[varied] = (audio - statistics.audio_mean)[varied] / spread[varied]
    return _are_steps(rows.direction(row)[DIMENSIONS:], _unit(tones))


def _unit(vector: Doubles) -> Doubles:
    length = float(np.sqrt(np.square(vector).sum()))
    return vector / length if length else vector


def _are_steps(kept: Any, expected: Doubles) -> bool:
    return bool((np.abs(kept - STEPS * expected) <= _HALF_STEP).all())


# --- Inverted lists and counts ----------------------------------------------


def wrong_segments(view: engine.View) -> Iterator[str]:
    """Say which segment is out of order, or has lists that are not its people's."""
    for number, (segment, hidden) in enumerate(
        zip(view.segments, view.hidden, strict=True)
    ):
        if not _finds_everyone(segment):
            yield f"segment {number}: its people are not where they are looked for"
        if not _holds_for_blocks(segment):
            yield f"segment {number}: its bounds are not those of its people"
        if len(hidden) and not 0 <= hidden[0] <= hidden[-1] < len(segment):
            yield f"segment {number}: rows are hidden that it has not"
        for name, postings, lists in _both(segment):
            if not _is_inverse(postings, lists):
                yield f"segment {number}: its lists by {name} are not its people's"


def _finds_everyone(segment: Segment) -> bool:
    ids, rows = segment.finder.ids, segment.finder.rows
    return (
        bool((np.diff(ids) > 0).all())
        and int(rows.max(initial=0)) < max(1, len(segment))
        and np.array_equal(segment.person_ids[rows], ids)
    )


def _holds_for_blocks(segment: Segment) -> bool:
    """Whether what is kept to bound people is what measuring them again gives."""
    people, blocks = segment.people, segment.blocks
    of, _ = blocks_of(np.arange(len(segment)), len(segment))
    directions = people.rows.directions.astype(np.float64)
    sums = np.zeros((count_of(len(segment)), directions.shape[1]))
    np.add.at(sums, of, directions)
    middles = np.rint(sums / np.bincount(of, minlength=len(sums))[:, None])
    apart = directions - middles[of]
    heads, others = slice(0, HEAD_DIMENSIONS), slice(HEAD_DIMENSIONS, DIMENSIONS)
    parts = heads, others, slice(0, DIMENSIONS), slice(DIMENSIONS, None)
    squares = [np.square(apart[:, part]).sum(axis=1) for part in parts]
    away = np.ceil(np.sqrt(np.stack(squares, axis=1)))
    spreads = np.zeros((count_of(len(segment)), len(parts)))
    np.maximum.at(spreads, of, away)
    widest = np.zeros(len(spreads), np.float32)
    np.maximum.at(widest, of, people.closeness)
    return (
        np.array_equal(blocks.middles, middles)
        and np.array_equal(blocks.away, away[:, 1])
        and np.array_equal(blocks.spreads, spreads)
        and np.array_equal(blocks.widest, widest)
        and np.array_equal(segment.scales, people.rows.artist_scale * people.closeness)
    )


def _both(segment: Segment) -> list[tuple[str, Postings, Ragged]]:
    columns = segment.people.rows.columns
    return [
        ("artist", segment.artists, columns.artists),
        ("genre", segment.genres, columns.genres),
    ]


def _is_inverse(postings: Postings, lists: Ragged) -> bool:
    order = np.argsort(lists.ids, kind="stable")
    rows = np.repeat(np.arange(len(lists)), np.diff(lists.pointers))[order]
    ids = np.repeat(postings.ids, np.diff(postings.pointers))
    return (
        np.array_equal(ids, lists.ids[order])
        and np.array_equal(postings.members, rows)
        and np.array_equal(postings.weights, lists.weights[order])
    )


def wrong_counts(view: engine.View) -> Iterator[str]:
    """Say which frozen counts differ from those of the people in the view.

    Only for a view of the very people the counts were made of.
    """
    everyone = [
        group.scaled.rows.columns.take(
            np.setdiff1d(np.arange(len(group.scaled)), group.hidden)
        )
        for group in view.people
    ]
    statistics = view.statistics
    people = sum(int((np.diff(c.artists.pointers) > 0).sum()) for c in everyone)
    if people != statistics.people:
        yield f"N is {statistics.people}, counted again {people}"
    for name, counted, lists in (
        ("n_a", statistics.artists, [c.artists for c in everyone]),
        ("n_g", statistics.genres, [c.genres for c in everyone]),
    ):
        if not _are_counts(counted, lists):
            yield f"{name} are not what counting them again gives"
    yield from _wrong_sound(statistics, everyone)


def _are_counts(counted: Listeners, lists: list[Ragged]) -> bool:
    found = [np.unique(part.ids, return_counts=True) for part in lists]
    every = np.concatenate([ids for ids, _ in found])
    ids, at = np.unique(every, return_inverse=True)
    counts = np.bincount(at, np.concatenate([c for _, c in found]), len(ids))
    return np.array_equal(ids, counted.ids) and np.array_equal(counts, counted.counts)


def _wrong_sound(statistics: Statistics, everyone: list[Columns]) -> Iterator[str]:
    audio = np.concatenate([columns.audio for columns in everyone]).astype(np.float64)
    known = audio[np.isfinite(audio).all(axis=1)]
    if len(known) and not (
        np.allclose(known.mean(axis=0), statistics.audio_mean)
        and np.allclose(known.std(axis=0), statistics.audio_spread, atol=1e-6)
    ):
        yield "the mean or spread of the sound is not that of the people"
