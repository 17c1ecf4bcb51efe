"""Every limit on what a person may do, named once."""

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


SYNC_NOW = Limit(
    "sync", 1, 600, "A source can be imported by hand once in ten minutes."
)


class OverLimit(Exception):
    """The limit is used up; ``until`` says when it ends."""

    def __init__(self, limit: Limit, until: datetime) -> None:
        super().__init__(limit.words)
        self.limit = limit
        self.until = until


def _key(limit: Limit, who: str) -> str:
    return f"limit:{limit.name}:{who}"


def _ends(times: list[float], limit: Limit, now: datetime) -> datetime | None:
    recent = [t for t in times if t > now.timestamp() - limit.seconds]
    if len(recent) < limit.times:
        return None
    return datetime.fromtimestamp(recent[-limit.times], UTC) + timedelta(
        seconds=limit.seconds
    )


def until(limit: Limit, who: str, *, now: datetime) -> datetime | None:
    """Return when the limit ends, or None when the action is free now."""
    return _ends(cache.get(_key(limit, who), []), limit, now)


def spend(limit: Limit, who: str, *, now: datetime) -> None:
    """Count one use; raises :class:`OverLimit` instead when there is none left."""
    times: list[float] = cache.get(_key(limit, who), [])
    ends = _ends(times, limit, now)
    if ends is not None:
        raise OverLimit(limit, ends)
    kept = [t for t in times if t > now.timestamp() - limit.seconds]
    cache.set(_key(limit, who), [*kept, now.timestamp()], limit.seconds)
