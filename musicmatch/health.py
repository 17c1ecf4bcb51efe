"""What the site needs to work, each thing asked in its own words, and never for long.

One function for each thing returns a :class:`Finding` and waits for as long as it
takes; :func:`look` asks all of them at once and goes on without those that do not
answer in time. A finding holds no secret and no error of a library: it is shown to
everybody at ``/readyz``.
"""

import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from concurrent.futures import TimeoutError as TooLate
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from time import monotonic
from typing import Any

import redis
from django import db
from django.conf import settings
from django.core.cache import cache
from kombu.exceptions import OperationalError

from matching import engine
from musicmatch.celery import app

# A load balancer asks every few seconds, and gives up soon.
MOST_SECONDS = 3.0
HEARTBEAT_EVERY = timedelta(seconds=15)
# Six are missed. A worker whose every hand holds a long import is late as well.
_HEARTBEAT_LATE = timedelta(seconds=90)
_HEARTBEAT_KEPT_SECONDS = 7 * 24 * 3600
_HEARTBEAT = "worker-heartbeat"
# It is built every 24 hours: this is half a day late.
_INDEX_OLD = timedelta(hours=36)
_CACHE_ERRORS = (OSError, redis.RedisError)


@dataclass(frozen=True, slots=True)
class Finding:
    """How one thing was found.

    ok         whether it is there
    words      a sentence where there is something to say, "" where all is well; a
               thing may be there and still leave something to say
    is_needed  whether no page can be answered without it
    facts      what helps to judge it: ``age_seconds``, ``generation``, ``people``
    """

    name: str
    ok: bool
    words: str = ""
    is_needed: bool = True
    facts: Mapping[str, int] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """The finding as ``/readyz`` shows it."""
        said = {"words": self.words} if self.words else {}
        return {"ok": self.ok, **self.facts, **said}


# --- One thing at a time --------------------------------------------------


def database() -> Finding:
    """Whether the database lets somebody in and answers."""
    try:
        with db.connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except (db.Error, OSError):
        return Finding("database", False, "The database does not answer.")
    return Finding("database", True)


def cache_store() -> Finding:
    """Whether the cache keeps what it is given."""
    try:
        cache.set("readyz", 1, 10)
        is_kept = cache.get("readyz") == 1
    except _CACHE_ERRORS:
        is_kept = False
    return Finding("cache", is_kept, "" if is_kept else "The cache does not answer.")


def broker() -> Finding:
    """Whether work can be handed to the queue."""
    try:
        with app.connection_for_write() as connection:
            connection.ensure_connection(max_retries=1, interval_start=0)
    except (OSError, OperationalError):
        return Finding("broker", False, "The queue of tasks does not answer.")
    return Finding("broker", True)


def worker(now: datetime) -> Finding:
    """Whether beat, queue and a worker still do together what the time asks for.

    Pages are answered without: a web process that was taken away for it would help
    nobody, so it is named and not needed.
    """
    try:
        noted = cache.get(_HEARTBEAT)
    except _CACHE_ERRORS:
        return _worker(False, "Nobody can tell while the cache is away.")
    if not isinstance(noted, float):
        return _worker(False, "No worker has been heard of yet.")
    age = now.timestamp() - noted
    facts = {"age_seconds": round(age)}
    if age > _HEARTBEAT_LATE.total_seconds():
        said = f"No worker was heard of for {span(age)}: it or beat is away, or busy."
        return _worker(False, said, facts)
    if age < -HEARTBEAT_EVERY.total_seconds():
        said = "The last task was done in the future: the clocks differ."
        return _worker(True, said, facts)
    return _worker(True, "", facts)


def index(now: datetime) -> Finding:
    """Whether there is an index that boards can be read from, and of when."""
    try:
        found = engine.Index.load(Path(settings.INDEX_DIR))
    except engine.IndexMissing:
        return Finding("index", False, "There is none yet: a worker has to build it.")
    except engine.IndexCorrupt:
        said = "Its newest generation cannot be read: a worker has to build it anew."
        return Finding("index", False, said)
    age = (now - found.built_at).total_seconds()
    facts = {
        "generation": found.generation,
        "age_seconds": round(age),
        "people": len(found),
    }
    words = ""
    if age > _INDEX_OLD.total_seconds():
        words = f"It is {span(age)} old: no worker builds it anew."
    elif age < -HEARTBEAT_EVERY.total_seconds():
        words = "It was built in the future: the clocks differ."
    return Finding("index", True, words, facts=facts)


def note_heartbeat(now: datetime) -> None:
    """Note that a task was done now.

    In the cache, which every web machine reads anyway: a row would be written to the
    database four times a minute for ever. A cache that was emptied knows again within
    seconds.
    """
    cache.set(_HEARTBEAT, now.timestamp(), _HEARTBEAT_KEPT_SECONDS)


def _worker(ok: bool, words: str, facts: Mapping[str, int] | None = None) -> Finding:
    return Finding("worker", ok, words, is_needed=False, facts=facts or {})


def span(seconds: float) -> str:
    """Name a length of time in its largest unit that fits at least twice."""
    for size, unit in ((86_400, "days"), (3600, "hours"), (60, "minutes")):
        if seconds >= 2 * size:
            return f"{seconds // size:.0f} {unit}"
    return f"{seconds:.0f} seconds"


# --- All of them ----------------------------------------------------------


def look(now: datetime, *, seconds: float = MOST_SECONDS) -> list[Finding]:
    """Ask for everything at once; what has not answered in time is not there.

    Each question is asked in a thread of its own, with a connection of its own: a
    server that takes a connection and then says nothing would hold up whoever asks.
    Whoever asks while a question is still open waits for the same answer, so that no
    more than one thread ever hangs for each thing.
    """
    until = monotonic() + seconds
    asked = {name: _open(name, ask) for name, ask in _questions(now).items()}
    return [_answer(name, future, until) for name, future in asked.items()]


def is_ready(findings: list[Finding]) -> bool:
    """Whether pages can be answered."""
    return all(one.ok for one in findings if one.is_needed)


def _questions(now: datetime) -> dict[str, Callable[[], Finding]]:
    return {
        "database": database,
        "cache": cache_store,
        "broker": broker,
        "worker": lambda: worker(now),
        "index": lambda: index(now),
    }


_lock = threading.Lock()
_running: dict[str, Future[Finding]] = {}


def _open(name: str, ask: Callable[[], Finding]) -> Future[Finding]:
    """Ask, unless the same question is still open."""
    with _lock:
        future = _running.get(name)
        if future is None or future.done():
            future = _running[name] = Future()
            about = f"health-{name}"
            threading.Thread(
                target=_run, args=(future, ask), name=about, daemon=True
            ).start()
        return future


def _run(future: Future[Finding], ask: Callable[[], Finding]) -> None:
    try:
        future.set_result(ask())
    except BaseException as error:  # noqa: BLE001
        # Raised where it is waited for.
        future.set_exception(error)
    finally:
        db.connections.close_all()


def _answer(name: str, future: Future[Finding], until: float) -> Finding:
    try:
        return future.result(max(0.0, until - monotonic()))
    except TooLate:
        said = "It does not answer in time."
        return Finding(name, False, said, is_needed=name != "worker")
