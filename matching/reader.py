"""The index as a web process sees it: mapped once, and never behind the database."""

import os
import threading
from pathlib import Path

from django.conf import settings

from matching import engine
from matching.models import Taste


class _Reader:
    """Keeps one view and brings it up to date at each call.

    A new generation is noticed by its manifest; a change of a taste by one query
    for everything after the last seq seen.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._seen: tuple[Path, int, int] | None = None
        self._view: engine.View | None = None
        self._seq = 0

    def view(self) -> engine.View:
        with self._lock:
            self._notice_generation()
            return self._catch_up()

    def _notice_generation(self) -> None:
        folder = Path(settings.INDEX_DIR)
        try:
            stat = os.stat(folder / "MANIFEST.json")
        except FileNotFoundError as error:
            self._seen = None
            raise engine.IndexMissing from error
        seen = (folder, stat.st_mtime_ns, stat.st_ino)
        if seen == self._seen:
            return
        index = engine.Index.load(folder)
        self._view, self._seq, self._seen = index.view(), index.watermark, seen

    def _catch_up(self) -> engine.View:
        assert self._view is not None  # noqa: S101
        rows = Taste.objects.changed_since(self._seq).values_list(
            "person_id", "seq", "blob", "is_visible"
        )
        changes: dict[int, engine.Taste | None] = {}
        for person_id, seq, blob, is_visible in rows:
            taste = engine.unpack(bytes(blob)) if is_visible else None
            changes[person_id] = taste
            self._seq = max(self._seq, seq)
        if changes:
            self._view = self._view.updated(changes)
        return self._view


_reader = _Reader()


def current_view() -> engine.View:
    """Return everyone as they are now; one query when nothing is new.

    Raises ``engine.IndexMissing`` or ``engine.IndexCorrupt`` before the first build.
    """
    return _reader.view()
