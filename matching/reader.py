"""The index as a web process sees it: mapped once, and never behind the database."""

import logging
import os
import threading
from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
from django.conf import settings

from accounts.models import User
from matching import engine
from matching.changes import ChangesSwept, all_since, departed_of, noted_since
from matching.loaders import opened
from matching.models import Taste

logger = logging.getLogger(__name__)

_Stamp = tuple[Path, int, int] | None
# A build notes when people were active while it reads; clocks differ a little.
_OVERLAP = timedelta(hours=1)


class _Reader:
    """Keeps one view and brings it up to date at each call.

    A new generation is noticed by its manifest; a change or a departure by one
    query for everything after the last seq seen. A generation that cannot be read is
    passed over: the one before serves on, until the next build.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.forget()

    def forget(self) -> None:
        self._stamp: _Stamp = None
        self._view: engine.View | None = None
        self._seq = 0
        self._active_until: datetime | None = None

    def view(self) -> engine.View:
        with self._lock:
            return self._current()

    def active_view(self) -> engine.View:
        """The view, and with it when everyone was last active."""
        with self._lock:
            view = self._current()
            self._view = view = self._with_activity(view)
            return view

    def _current(self) -> engine.View:
        view = self._caught_up()
        # A builder that finished meanwhile has also swept what it had read.
        while self._stamp != _stamp():
            view = self._caught_up()
        return view

    def _caught_up(self) -> engine.View:
        stamp = _stamp()
        if self._view is None or stamp != self._stamp:
            try:
                view, seq = self._newest()
            except (engine.IndexMissing, engine.IndexCorrupt):
                # A builder swept what was just being read, and has left a newer one.
                if stamp != _stamp():
                    return self._caught_up()
                raise
            if stamp != _stamp():
                return self._caught_up()
            self._view, self._seq, self._stamp = view, seq, stamp
            self._active_until = None
            return view
        try:
            changes, seq = noted_since(self._seq)
        except ChangesSwept:
            self._view, self._seq = _as_of_now(self._view, self._seq)
            return self._view
        if changes.tastes:
            self._view = self._view.updated(changes.tastes, changes.facets)
            self._seq = seq
        return self._view

    def _newest(self) -> tuple[engine.View, int]:
        """See the newest generation that can be read, and the seq it is seen up to."""
        folder = Path(settings.INDEX_DIR)
        try:
            return _seen(engine.Index.load(folder))
        except (engine.IndexMissing, engine.IndexCorrupt) as error:
            good = (self._view, self._seq) if self._view is not None else _older(folder)
            if good is not None or isinstance(error, engine.IndexCorrupt):
                logger.error("The index cannot be read: %s", error)
            if good is None:
                raise
        generation = good[0].index.generation
        logger.warning("Generation %d of the index serves meanwhile.", generation)
        return _as_of_now(*good)

    def _with_activity(self, view: engine.View) -> engine.View:
        since = self._active_until or view.index.built_at - _OVERLAP
        seen = User.objects.active_since(since).order_by("pk")
        rows = list(seen.values_list("pk", "last_active_at"))
        if not rows:
            return view
        ids, times = zip(*rows, strict=True)
        self._active_until = max(times)
        seconds = np.array([int(at.timestamp()) for at in times], np.uint32)
        return view.seen(np.array(ids, np.int64), seconds)


def _seen(index: engine.Index) -> tuple[engine.View, int]:
    """See an index with everything that changed since."""
    changes, seq = all_since(index.watermark)
    view = index.view(changes.tastes, changes.facets)
    if changes.are_swept:
        view = _without_departed(view)
    return view, seq


def _as_of_now(view: engine.View, seq: int) -> tuple[engine.View, int]:
    """See a view of an earlier generation with everything that changed since.

    Later builds may have swept who departed, so that is not asked: whoever has no
    visible taste any more is gone.
    """
    changes, newest = all_since(seq)
    if changes.tastes:
        view = view.updated(changes.tastes, changes.facets)
    return _without_departed(view), newest


def _without_departed(view: engine.View) -> engine.View:
    departed = departed_of(view.person_ids)
    return view.updated(dict.fromkeys(departed)) if departed else view


def _older(folder: Path) -> tuple[engine.View, int] | None:
    """See the newest of the generations kept that can be read."""
    for generation in engine.generations(folder):
        with suppress(engine.IndexMissing, engine.IndexCorrupt):
            return _seen(engine.Index.load(folder, generation))
    return None


def _stamp() -> _Stamp:
    """What tells one manifest from the next; None without one."""
    folder = Path(settings.INDEX_DIR)
    try:
        found = os.stat(folder / "MANIFEST.json")
    except OSError:
        return None
    return folder, found.st_mtime_ns, found.st_ino


_reader = _Reader()


def current_view() -> engine.View:
    """Return everyone as they are now; one query when nothing is new.

    Raises ``engine.IndexMissing`` or ``engine.IndexCorrupt`` before the first build.
    """
    return _reader.view()


def active_view() -> engine.View:
    """Return the same, up to date with who was active when; one query more."""
    return _reader.active_view()


def view_with(person_ids: Iterable[int]) -> engine.View:
    """Return the same view with these people in it, also those hidden from boards.

    For people the viewer may know of all the same: themselves, and whom they are
    connected with. One query more where somebody is not on the boards.
    """
    view = current_view()
    missing = [pk for pk in person_ids if view.taste(pk) is None]
    rows = Taste.objects.filter(pk__in=missing).values_list("pk", "blob")
    found = {pk: opened(pk, blob) for pk, blob in rows} if missing else {}
    tastes = {pk: taste for pk, taste in found.items() if taste}
    return view.updated(tastes) if tastes else view


def forget() -> None:
    """Start over, as a new process would."""
    _reader.forget()
