"""The whole index against the tastes in the database."""

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

import numpy as np

from matching import engine
from matching.engine.arrays import Bools, Whole
from matching.engine.columns import Columns
from matching.engine.ragged import Ragged
from matching.models import Taste, TasteChange

_CHUNK = 10_000
_NAMED = 5


class Census:
    """Counts who of a view is in the database, and says who differs.

    seq: everything up to here is in the view; what changed later is not compared.
    """

    def __init__(self, view: engine.View, seq: int) -> None:
        self.compared = 0
        self._view = view
        self._seq = seq
        self._met = [np.zeros(len(of.scaled), np.bool_) for of in view.people]

    def differences(self) -> Iterator[str]:
        """Compare everyone, both ways; each difference in words."""
        found = Taste.objects.filter(is_visible=True).order_by("person_id")
        stream = found.values_list("person_id", "seq", "blob", "country")
        rows = stream.iterator(_CHUNK)
        while chunk := list(islice(rows, _CHUNK)):
            yield from self._chunk([row for row in chunk if row[1] <= self._seq])
        yield from self._uninvited()

    def _chunk(self, rows: Sequence[tuple[int, int, Any, str]]) -> Iterator[str]:
        ids, _, blobs, countries = zip(*rows, strict=True) if rows else ((),) * 4
        kept = [bytes(blob) for blob in blobs]
        nobody = np.zeros(len(ids), np.uint32)
        expected, _ = engine.read_blobs(ids, kept, countries, nobody)
        mine, times = self._of_view(expected.person_ids)
        if (times == 0).any():
            yield f"not in the index: {_some(expected.person_ids[times == 0])}"
        if (times > 1).any():
            yield f"more than once in the index: {_some(mine.person_ids)}"
            return
        expected = expected.take(np.flatnonzero(times))
        self.compared += len(expected)
        if not _are_same(expected, mine):
            yield f"another taste in the index: {_some(_unlike(expected, mine))}"

    def _of_view(self, person_ids: Whole) -> tuple[Columns, Whole]:
        """Columns of these people as the view has them; and how often each is there."""
        parts, times = [], np.zeros(len(person_ids), np.int64)
        for of, met in zip(self._view.people, self._met, strict=True):
            at, known = of.find(person_ids)
            known &= ~np.isin(at, of.hidden)
            parts.append(of.scaled.rows.columns.take(at[known]))
            met[at[known]] = True
            times += known
        return Columns.join(parts), times

    def _uninvited(self) -> Iterator[str]:
        """People of the view whom the database did not list."""
        left = [
            np.delete(of.scaled.rows.person_ids, np.union1d(of.hidden, _rows(met)))
            for of, met in zip(self._view.people, self._met, strict=True)
        ]
        extra = np.sort(np.concatenate(left))
        if not len(extra):
            return
        later = {
            *Taste.objects.filter(seq__gt=self._seq).values_list("pk", flat=True),
            *TasteChange.objects.departed_since(self._seq).values_list(
                "taste_id", flat=True
            ),
        }
        gone = [person for person in extra.tolist() if person not in later]
        if gone:
            yield f"in the index and not in the database: {_some(np.array(gone))}"


def _rows(met: Bools) -> Whole:
    return np.flatnonzero(met)


def _some(person_ids: Whole) -> str:
    named = ", ".join(str(person) for person in person_ids[:_NAMED].tolist())
    more = len(person_ids) - _NAMED
    return f"persons {named}" + (f" and {more} more" if more > 0 else "")


def _are_same(some: Columns, others: Columns) -> bool:
    """Whether the same people have the same bytes."""
    lists = [(some.artists, others.artists), (some.genres, others.genres)]
    return (
        np.array_equal(some.person_ids, others.person_ids)
        and all(_are_same_lists(one, other) for one, other in lists)
        and some.audio.tobytes() == others.audio.tobytes()
        and some.tempo.tobytes() == others.tempo.tobytes()
        and np.array_equal(some.country, others.country)
    )


def _are_same_lists(one: Ragged, other: Ragged) -> bool:
    return (
        np.array_equal(one.pointers, other.pointers)
        and np.array_equal(one.ids, other.ids)
        and np.array_equal(one.weights, other.weights)
    )


def _unlike(some: Columns, others: Columns) -> Whole:
    rows = [
        row
        for row in range(len(some))
        if not _are_same(some.part(row, row + 1), others.part(row, row + 1))
    ]
    return some.person_ids[rows]
