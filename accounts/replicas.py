"""Read replicas: what may be some seconds old is read from one, all else is not.

Everything goes to the primary unless code says otherwise, and then only the tables it
names: whoever is blocked, hidden, suspended or signed out is so at the next request,
however far behind a replica is. A person who has just written something reads from the
primary until every replica in use has it.
"""

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from functools import wraps
from threading import Lock
from typing import Any, Concatenate, ParamSpec

from django.conf import settings
from django.core.cache import cache
from django.db import DatabaseError, InterfaceError, connections
from django.db.models import Model
from django.http import HttpResponse
from redis.exceptions import RedisError

from accounts.http import PersonRequest

logger = logging.getLogger(__name__)

PRIMARY = "default"
# A replica further behind is not asked.
MOST_BEHIND_SECONDS = 10
# Longer than that and the seconds between two looks together.
PINNED_SECONDS = 15
_LOOK_SECONDS = 2.0
_BEHIND = """
    SELECT CASE
        WHEN NOT pg_is_in_recovery() THEN 0
        WHEN pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn()
            AND EXISTS (SELECT FROM pg_stat_wal_receiver) THEN 0
        ELSE extract(epoch FROM clock_timestamp() - pg_last_xact_replay_timestamp())
    END
"""
_Reading = tuple[str, frozenset[str]]
_reading: ContextVar[_Reading | None] = ContextVar("reading", default=None)
_P = ParamSpec("_P")
_View = Callable[Concatenate[PersonRequest, _P], HttpResponse]


class Router:
    """Sends reads of the tables named by :func:`reading` to its replica."""

    def db_for_read(self, model: type[Model], **_: Any) -> str:
        reading_ = _reading.get()
        if reading_ is None or model._meta.label not in reading_[1]:
            return PRIMARY
        return reading_[0]

    def db_for_write(self, model: type[Model], **_: Any) -> str:
        return PRIMARY

    def allow_relation(self, *_: Any, **__: Any) -> bool:
        return True

    def allow_migrate(self, db: str, *_: Any, **__: Any) -> bool:
        return db == PRIMARY


class _Health:
    """Which replicas answer and are near enough, looked at every two seconds."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._seen: dict[str, tuple[float, bool]] = {}

    def is_good(self, alias: str) -> bool:
        with self._lock:
            seen_at, is_good = self._seen.get(alias, (-_LOOK_SECONDS, False))
            if time.monotonic() - seen_at < _LOOK_SECONDS:
                return is_good
            # The others go by what was seen before while this one looks.
            self._seen[alias] = (time.monotonic(), is_good)
        is_good = _is_near(alias)
        self._note(alias, is_good)
        return is_good

    def failed(self, alias: str) -> None:
        self._note(alias, False)

    def _note(self, alias: str, is_good: bool) -> None:
        with self._lock:
            _, before = self._seen.get(alias, (0.0, not is_good))
            self._seen[alias] = (time.monotonic(), is_good)
        if before != is_good:
            logger.warning("%s is %s.", alias, "in use" if is_good else "not asked")

    def forget(self) -> None:
        self._seen.clear()


def _is_near(alias: str) -> bool:
    connection = connections[alias]
    if connection.vendor != "postgresql":
        return True
    try:
        connection.close_if_unusable_or_obsolete()
        with connection.cursor() as cursor:
            cursor.execute(_BEHIND)
            [seconds] = cursor.fetchone()
    except (DatabaseError, InterfaceError):
        connection.close()
        return False
    # Without a time nothing was replayed yet.
    return seconds is not None and seconds <= MOST_BEHIND_SECONDS


_health = _Health()


def good_replica() -> str | None:
    """A replica that answers and is near, the first of those the host named."""
    return next(filter(_health.is_good, settings.DATABASE_REPLICAS), None)


@contextmanager
def reading(alias: str, *labels: str) -> Iterator[None]:
    """Read these tables from a replica inside."""
    token = _reading.set((alias, frozenset(labels)))
    try:
        yield
    finally:
        _reading.reset(token)


def read_anywhere(read: Callable[[], Any], *labels: str) -> Any:
    """Read these tables from a replica, or from the primary when that fails."""
    alias = good_replica()
    if alias is None:
        return read()
    try:
        with reading(alias, *labels):
            return read()
    except (DatabaseError, InterfaceError):
        logger.warning("%s did not answer; the primary is asked.", alias, exc_info=True)
        connections[alias].close()
        _health.failed(alias)
        return read()


def may_be_old(*labels: str) -> Callable[[_View[_P]], _View[_P]]:
    """Let a page read these tables from a replica.

    For pages that may show what was so some seconds ago, and only ever to be asked for.
    """

    def decorate(view: _View[_P]) -> _View[_P]:
        @wraps(view)
        def asked(
            request: PersonRequest, /, *args: _P.args, **kwargs: _P.kwargs
        ) -> HttpResponse:
            if request.method not in {"GET", "HEAD"} or _is_pinned(request):
                return view(request, *args, **kwargs)
            answer: HttpResponse = read_anywhere(
                lambda: view(request, *args, **kwargs), *labels
            )
            return answer

        return asked

    return decorate


# --- After one's own write ------------------------------------------------


def _key(person_id: int | None) -> str:
    return f"wrote:{person_id}"


def wrote(person_id: int) -> None:
    """Let a person read from the primary until replicas have what was written."""
    if settings.DATABASE_REPLICAS:
        with suppress(RedisError, OSError):
            cache.set(_key(person_id), True, PINNED_SECONDS)


def _is_pinned(request: PersonRequest) -> bool:
    if not settings.DATABASE_REPLICAS:
        return True
    try:
        # Somebody who is not signed in has no number, and wrote nothing of their own.
        return bool(cache.get(_key(request.user.pk)))
    except (RedisError, OSError):
        # Nobody can say whether they wrote.
        return True


class WroteMiddleware:
    """Note that a person has sent something."""

    def __init__(self, get_response: Callable[[PersonRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: PersonRequest) -> HttpResponse:
        response = self.get_response(request)
        is_write = request.method not in {"GET", "HEAD", "OPTIONS"}
        if is_write and settings.DATABASE_REPLICAS and request.user.is_authenticated:
            wrote(request.user.pk)
        return response
