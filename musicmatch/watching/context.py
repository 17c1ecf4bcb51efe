"""Which request or task is being worked on, for every line that is logged meanwhile."""

import re
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

# What proxies make: UUIDs, and other ids of letters and figures.
_WELL_FORMED = re.compile(r"[0-9A-Za-z_-]{16,64}")


@dataclass(slots=True)
class Work:
    """One request, or one task.

    request_id  of the request, also in the tasks that it queued and in theirs
    published   ids of the tasks that were queued meanwhile
    private     texts that lines must not repeat: whose page was asked for
    """

    request_id: str = ""
    task_id: str = ""
    task: str = ""
    published: list[str] = field(default_factory=list)
    private: list[str] = field(default_factory=list)


_current: ContextVar[Work | None] = ContextVar("work", default=None)


def current() -> Work | None:
    return _current.get()


@contextmanager
def working(work: Work) -> Iterator[Work]:
    """Let everything that is logged inside belong to this work."""
    token = _current.set(work)
    try:
        yield work
    finally:
        _current.reset(token)


def request_id_from(header: str) -> str:
    """Return the id a proxy gave, or a new one where it gave none that is usable."""
    return header if _WELL_FORMED.fullmatch(header) else uuid.uuid4().hex


def route_of(request: Any) -> str:
    """Name what was asked for as it is configured: an address may name a person.

    "none" is what no route was found for, or was not looked for.
    """
    match = getattr(request, "resolver_match", None)
    return (match.view_name or match.route or "home") if match else "none"
