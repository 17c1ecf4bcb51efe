"""Every limit on what a person may do, named once."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.core.cache import cache


@dataclass(frozen=True, slots=True)
class Limit:
    """``times`` an action in a window of ``seconds``; ``words`` tell a person."""

    name: str
    times: int
    seconds: int
    words: str

    def since(self, now: datetime) -> datetime:
        """Return when the window that ends now began."""
        return now - timedelta(seconds=self.seconds)


SYNC_NOW = Limit("sync", 1, 600, "A source can be synced once in ten minutes.")
CONNECT = Limit("connect", 10, 3600, "You can connect a source ten times in an hour.")
UPLOAD = Limit("upload", 5, 86_400, "You can upload an export five times a day.")
ASK_AT_FIRST = Limit(
    "ask", 5, 86_400, "In your first week here you can ask 5 people a day to connect."
)
ASK = Limit("ask", 20, 86_400, "You can ask 20 people a day to connect.")
REPORT = Limit("report", 10, 86_400, "You can report 10 times a day.")
EXPORT = Limit("export", 1, 3600, "You can download your data once an hour.")
WRONG_PASSWORD = Limit(
    "password", 10, 3600, "A password can be typed wrong 10 times an hour."
)
MESSAGE = Limit("message", 60, 3600, "You can send 60 messages an hour.")


class OverLimit(Exception):
    """The limit is used up; ``until`` says when it ends."""

    def __init__(self, limit: Limit, until: datetime) -> None:
        super().__init__(limit.words)
        self.limit = limit
        self.until = until


def _slots(limit: Limit, who: str) -> list[str]:
    return [f"limit:{limit.name}:{who}:{number}" for number in range(limit.times)]


def _free_from(ends: Iterable[float], limit: Limit, now: datetime) -> datetime | None:
    """Return when the first taken slot ends, or None while one is free."""
    taken = [end for end in ends if end > now.timestamp()]
    if len(taken) < limit.times:
        return None
    return datetime.fromtimestamp(min(taken), UTC)


def until(limit: Limit, who: str, *, now: datetime) -> datetime | None:
    """Return when the limit ends, or None when the action is free now."""
    ends = cache.get_many(_slots(limit, who)).values()
    return _free_from(ends, limit, now)


def spend(limit: Limit, who: str, *, now: datetime) -> None:
    """Count one use; raises :class:`OverLimit` instead when there is none left.

    Every use takes a slot for the length of the window. ``cache.add`` is atomic,
    so two clicks at once take two slots.
    """
    end = now.timestamp() + limit.seconds
    slots = _slots(limit, who)
    if any(cache.add(slot, end, limit.seconds) for slot in slots):
        return
    known = cache.get_many(slots)
    ends = _free_from(known.values(), limit, now)
    if ends is not None:
        raise OverLimit(limit, ends)
    # The cache drops a slot a moment after its window ended: take that one.
    over = next(slot for slot in slots if known.get(slot, 0) <= now.timestamp())
    cache.set(over, end, limit.seconds)
