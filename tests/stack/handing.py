"""What a test sets for itself, handed to processes that it cannot reach into.

In one process a test sets ``settings.X`` and empties caches between tests. Here it
writes a file; every page and every task looks first whether there is a newer one. A new
test has emptied the database under the running site, which nothing else ever does:
then everything a process remembers of rows is forgotten, too.
"""

import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.contenttypes.models import ContentType
from django.http import HttpRequest, HttpResponse
from django.test.signals import setting_changed

from matching import reader


class Giver:
    """The test's end: gathers settings as they are set, and writes them down."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._test = 0
        self._values: dict[str, Any] = {}

    def begin(self) -> None:
        """A new test, which has set nothing yet."""
        self._test += 1
        self._values = {}
        self._write()

    def hear(self, *, setting: str, value: Any, enter: bool, **_: Any) -> None:
        """Receive Django's signal of a setting that was changed."""
        if enter:
            self._values[setting] = value
        else:
            self._values.pop(setting, None)
        self._write()

    def _write(self) -> None:
        draft = self._path.with_suffix(".new")
        told = {"test": self._test, "settings": self._values}
        draft.write_text(json.dumps(told, default=_plain), encoding="utf-8")
        draft.replace(self._path)


class Taker:
    """The site's end: brings a process up to date with the file."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._stamp: tuple[int, int] | None = None
        self._test = 0
        self._former: dict[str, Any] = {}

    def take(self) -> None:
        with self._lock:
            path = Path(settings.HANDED_OVER)
            found = path.stat()
            stamp = (found.st_mtime_ns, found.st_ino)
            if stamp == self._stamp:
                return
            self._stamp = stamp
            self._follow(json.loads(path.read_text(encoding="utf-8")))

    def _follow(self, told: dict[str, Any]) -> None:
        """Set one after the other: other threads never see what is not set between."""
        wanted = told["settings"]
        for name in self._former.keys() - wanted.keys():
            _set(name, self._former.pop(name))
        for name, value in wanted.items():
            self._former.setdefault(name, getattr(settings, name))
            _set(name, value)
        if told["test"] != self._test:
            self._test = told["test"]
            ContentType.objects.clear_cache()
            reader.forget()


class HandingMiddleware:
    """Before each page."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        taker.take()
        return self.get_response(request)


def _set(name: str, value: Any) -> None:
    if value != getattr(settings, name):
        setattr(settings, name, value)
        setting_changed.send(sender=Taker, setting=name, value=value, enter=True)


def _plain(value: object) -> str:
    if isinstance(value, Path):
        return str(value)
    raise TypeError(f"{value!r} cannot be handed to another process.")


taker = Taker()
