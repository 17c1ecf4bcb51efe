"""The index as a web process sees it: mapped once, and never behind the database."""

import os
import threading
from collections.abc import Iterable
from pathlib import Path

from django.conf import settings
from django.db.models import BinaryField, BooleanField, Value

from matching import engine
from matching.loaders import opened
from matching.models import Taste, TasteChange

_Stamp = tuple[Path, int, int]
_Row = tuple[int, int, bytes | memoryview, bool]
_Changes = tuple[dict[int, engine.Taste | None], int]
_COLUMNS = ("person_id", "seq", "blob", "is_visible")
_NOTHING = (
    Value(b"", output_field=BinaryField()),
    Value(False, output_field=BooleanField()),
)


class _Reader:
    """Keeps one view and brings it up to date at each call.

    A new generation is noticed by its manifest; a change or a departure by one
    query for everything after the last seq seen.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.forget()

    def forget(self) -> None:
        self._stamp: _Stamp | None = None
        self._view: engine.View | None = None
        self._seq = 0

    def view(self) -> engine.View:
        with self._lock:
            view = self._caught_up()
            # A builder that finished meanwhile has also swept what it had read.
            while self._stamp != _stamp():
                view = self._caught_up()
            return view

    def _caught_up(self) -> engine.View:
        stamp = _stamp()
        if self._view is None or stamp != self._stamp:
            index = engine.Index.load(stamp[0])
            changes, seq = _all_since(index.watermark)
            self._view, self._seq, self._stamp = index.view(), index.watermark, stamp
        else:
            changes, seq = _noted_since(self._seq)
        if changes:
            self._view, self._seq = self._view.updated(changes), seq
        return self._view


def _stamp() -> _Stamp:
    """What tells one manifest from the next; raises ``engine.IndexMissing``."""
    folder = Path(settings.INDEX_DIR)
    try:
        found = os.stat(folder / "MANIFEST.json")
    except FileNotFoundError as error:
        raise engine.IndexMissing(f"No manifest in {folder}.") from error
    return folder, found.st_mtime_ns, found.st_ino


def _all_since(watermark: int) -> _Changes:
    """Return what an index just read has not seen, from the tastes themselves.

    Each changed person's taste, None for the hidden and departed, and a seq up to
    which nothing is missing: read first, since what comes between two queries may
    be in one of them only. Reading a change twice does no harm.
    """
    newest = max(watermark, TasteChange.objects.newest())
    tastes = Taste.objects.changed_since(watermark).values_list(*_COLUMNS)
    departed = TasteChange.objects.departed_since(watermark)
    rows = [*tastes, *departed.values_list("taste_id", "seq", *_NOTHING)]
    return _opened(rows, watermark)[0], newest


def _noted_since(watermark: int) -> _Changes:
    """Return what was noted since the last call: what the index swept, it has."""
    noted = TasteChange.objects.filter(seq__gt=watermark).values_list(
        "taste_id", "seq", "taste__blob", "taste__is_visible"
    )
    return _opened(noted.order_by("seq"), watermark)


def _opened(rows: Iterable[_Row], newest: int) -> _Changes:
    changes: dict[int, engine.Taste | None] = {}
    for person_id, seq, blob, is_visible in rows:
        changes[person_id] = opened(person_id, blob) if is_visible else None
        newest = max(newest, seq)
    return changes, newest


_reader = _Reader()


def current_view() -> engine.View:
    """Return everyone as they are now; one query when nothing is new.

    Raises ``engine.IndexMissing`` or ``engine.IndexCorrupt`` before the first build.
    """
    return _reader.view()


def forget() -> None:
    """Start over, as a new process would."""
    _reader.forget()
