"""One gate in front of each outside service, shared by every process.

It keeps a minimum gap between two calls, and stays closed while the service has
asked for patience. It never waits: a caller that may not pass is told when to
come again.
"""

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from django.core.cache import cache
from django.db import transaction
from redis.exceptions import RedisError

from accounts.models import ServiceGate

_FIRST_BACK_OFF = timedelta(seconds=60)
_LONGEST_RATE_BACK_OFF = timedelta(hours=1)
_LONGEST_BELIEVED = timedelta(days=2)
# Strikes count as one row of failures while they are closer than this.
_STRIKES_LAST = timedelta(hours=6)
_MOST_STRIKES = 10
# How long a process trusts its look at an open gate's row.
_LOOK_SECONDS = 60


class GateClosed(Exception):
    """The call may not be made now; ``retry_at`` says when it may.

    ``reason`` is None for the short gap between two calls.
    """

    def __init__(self, retry_at: datetime, reason: str | None = None) -> None:
        super().__init__(f"closed until {retry_at.isoformat()}")
        self.retry_at = retry_at
        self.reason = reason


class Closure(NamedTuple):
    until: datetime
    reason: str


def _closed_key(service: str) -> str:
    return f"gate:{service}:closed"


def closure(service: str, now: datetime) -> Closure | None:
    """Return until when, and why, a service may not be called; None when it may."""
    known = _known(service)
    if known is None:
        row = ServiceGate.objects.filter(service=service).first()
        known = (row.blocked_until.timestamp(), row.reason) if row else (0.0, "")
        # Not ``set``: the gate may have been closed since the row was read.
        with suppress(RedisError, OSError):
            cache.add(_closed_key(service), known, _LOOK_SECONDS)
    until, reason = known
    if until <= now.timestamp():
        return None
    return Closure(datetime.fromtimestamp(until, UTC), reason)


def _known(service: str) -> tuple[float, str] | None:
    """What the cache knows; without one the row is asked each time."""
    with suppress(RedisError, OSError):
        known: tuple[float, str] | None = cache.get(_closed_key(service))
        return known
    return None


def enter(service: str, *, now: datetime, gap_ms: int) -> None:
    """Take the next slot for one call; raises :class:`GateClosed`."""
    closed = closure(service, now)
    if closed is not None:
        raise GateClosed(closed.until, closed.reason)
    if gap_ms > 0:
        _take_slot(service, int(now.timestamp() * 1000), gap_ms)


def _take_slot(service: str, now_ms: int, gap_ms: int) -> None:
    """One call a window of the gap's length, and never two closer than the gap.

    ``cache.add`` is atomic, so of two processes in one window one passes. Of two
    in neighbouring windows each writes before it looks, so one sees the other.
    """

    def key_of(window: int) -> str:
        return f"gate:{service}:slot:{window}"

    window = now_ms // gap_ms
    mine = key_of(window)
    if not cache.add(mine, now_ms, 2 * gap_ms // 1000 + 2):
        raise GateClosed(_moment(cache.get(mine, now_ms) + gap_ms))
    for neighbour in (window - 1, window + 1):
        other = cache.get(key_of(neighbour))
        if other is not None and abs(now_ms - other) < gap_ms:
            cache.delete(mine)
            raise GateClosed(_moment(other + gap_ms))


def _moment(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, UTC)


@transaction.atomic
def close(
    service: str, *, now: datetime, retry_after: int | None, is_quota: bool
) -> datetime:
    """Close the gate after a 429 and return until when.

    The service's own number of seconds is believed up to two days. Without one
    the back-off is ours: from a minute doubling to an hour for the rate, the
    next day (UTC) for a spent quota. Answers that come while the gate is closed
    already belong to the same burst: they never shorten it, nor count again.
    """
    row, _ = ServiceGate.objects.select_for_update().get_or_create(
        service=service, defaults={"blocked_until": now, "updated_at": now}
    )
    is_closed = row.blocked_until > now
    if not is_closed:
        is_recent = now - row.updated_at < _STRIKES_LAST
        row.strikes = min(row.strikes + 1, _MOST_STRIKES) if is_recent else 1
        row.updated_at = now
    until = now + _patience(now, retry_after, is_quota, row.strikes)
    if not is_closed or until > row.blocked_until:
        row.blocked_until = until
        row.reason = ServiceGate.Reason.QUOTA if is_quota else ServiceGate.Reason.RATE
    row.save()
    known = (row.blocked_until.timestamp(), str(row.reason))
    cache.set(_closed_key(service), known, _LOOK_SECONDS)
    return row.blocked_until


def _patience(
    now: datetime, retry_after: int | None, is_quota: bool, strikes: int
) -> timedelta:
    """Return how long to stay away after this many strikes, 1 for the first."""
    if retry_after is not None and 0 < retry_after <= _LONGEST_BELIEVED.total_seconds():
        # The header has whole seconds: one more so as not to come early.
        return timedelta(seconds=retry_after + 1)
    if is_quota:
        tomorrow = now.astimezone(UTC) + timedelta(days=1)
        return tomorrow.replace(hour=0, minute=5, second=0, microsecond=0) - now
    doubled: timedelta = _FIRST_BACK_OFF * 2 ** (strikes - 1)
    return min(doubled, _LONGEST_RATE_BACK_OFF)
