"""What changed since an index was built, as the engine takes it."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime

import numpy as np
from django.db.models import (
    BinaryField,
    BooleanField,
    CharField,
    DateTimeField,
    Max,
    Value,
)

from matching import engine
from matching.engine.arrays import Whole
from matching.loaders import opened
from matching.models import Taste, TasteChange

_Row = tuple[int, int, bytes | memoryview, bool, str, datetime | None]
_COLUMNS = (
    "person_id",
    "seq",
    "blob",
    "is_visible",
    "country",
    "person__last_active_at",
)
_NOTHING = (
    Value(b"", output_field=BinaryField()),
    Value(False, output_field=BooleanField()),
    Value("", output_field=CharField()),
    Value(None, output_field=DateTimeField()),
)


class ChangesSwept(Exception):
    """Nobody can say any more who departed since: another machine swept that."""


@dataclass(frozen=True, slots=True)
class Changes:
    """Newer tastes by person, None for the hidden and departed; and their facets.

    ``are_swept`` says that some who departed may be missing: see :func:`departed_of`.
    """

    tastes: dict[int, engine.Taste | None] = field(default_factory=dict)
    facets: dict[int, engine.Facets] = field(default_factory=dict)
    are_swept: bool = False


def newest_seq() -> int:
    """The last place given in the sequence of changes; 0 before the first."""
    of_a_taste = Taste.objects.aggregate(seq=Max("seq"))["seq"] or 0
    return max(of_a_taste, TasteChange.objects.newest())


def newest_seq_for(watermark: int) -> int:
    """Return the last place given, for an index that knows changes up to a watermark.

    Raises ``engine.IndexCorrupt`` for a watermark that no change has reached yet: the
    index is of another database, or of a later state of this one.
    """
    newest = newest_seq()
    if watermark > newest:
        raise engine.IndexCorrupt(
            f"The index knows {watermark} changes, the database only {newest}."
        )
    return newest


def all_since(watermark: int) -> tuple[Changes, int]:
    """Return what an index just read has not seen, from the tastes themselves.

    Beside it a seq up to which nothing is missing: read first, since what comes
    between two queries may be in one of them only. Reading a change twice does no
    harm. Raises as :func:`newest_seq_for`.
    """
    newest = newest_seq_for(watermark)
    tastes = Taste.objects.changed_since(watermark).values_list(*_COLUMNS)
    departed = TasteChange.objects.departed_since(watermark)
    rows = [*tastes, *departed.values_list("taste_id", "seq", *_NOTHING)]
    changes, _ = _opened(rows, watermark)
    # Asked last: what was swept before this moment may be missing above.
    are_swept = TasteChange.objects.swept_since(watermark)
    return replace(changes, are_swept=are_swept), newest


def noted_since(watermark: int) -> tuple[Changes, int]:
    """Return what was noted since the last call: what the index swept, it has.

    Raises :class:`ChangesSwept` when an index elsewhere has swept more than that.
    """
    # The last change known is asked for, too: while it is there, nothing is missing.
    noted = TasteChange.objects.filter(seq__gte=watermark).values_list(
        "taste_id",
        "seq",
        "taste__blob",
        "taste__is_visible",
        "taste__country",
        "taste__person__last_active_at",
    )
    rows = list(noted.order_by("seq"))
    if rows and rows[0][1] > watermark > 0:
        raise ChangesSwept
    return _opened((row for row in rows if row[1] > watermark), watermark)


def departed_of(person_ids: Whole) -> list[int]:
    """Those of these people who have no visible taste, by asking for all who have."""
    visible = Taste.objects.filter(is_visible=True).values_list("pk", flat=True)
    there = np.fromiter(visible.iterator(), np.int64)
    departed: list[int] = np.setdiff1d(person_ids, there).tolist()
    return departed


def _opened(rows: Iterable[_Row], newest: int) -> tuple[Changes, int]:
    changes = Changes()
    for person_id, seq, blob, is_visible, country, active_at in rows:
        changes.tastes[person_id] = opened(person_id, blob) if is_visible else None
        seconds = int(active_at.timestamp()) if active_at else 0
        changes.facets[person_id] = engine.Facets(country or "", seconds)
        newest = max(newest, seq)
    return changes, newest
