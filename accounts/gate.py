"""One gate in front of each outside service, shared by every process.

It keeps a minimum gap between two calls, and stays closed while the service has
asked for patience. It never waits: a caller that may not pass is told when to
come again.
"""

from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from django.core.cache import cache
from django.db import transaction

from accounts.models import ServiceGate

_FIRST_BACK_OFF = timedelta(seconds=60)
_LONGEST_RATE_BACK_OFF = timedelta(hours=1)
_LONGEST_BELIEVED = timedelta(days=2)
# Strikes count as one row of failures while they are closer than this.
_STRIKES_LAST = timedelta(hours=6)
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
    known: tuple[float, str] | None = cache.get(_closed_key(service))
    if known is None:
        row = ServiceGate.objects.filter(service=service).first()
        known = (row.blocked_until.timestamp(), row.reason) if row else (0.0, "")
        cache.set(_closed_key(service), known, _LOOK_SECONDS)
    until, reason = known
    if until <= now.timestamp():
        return None
    return Closure(datetime.fromtimestamp(until, UTC), reason)


def enter(service: str, *, now: datetime, gap_ms: int) -> None:
    """Take the next slot for one call; raises :class:`GateClosed`."""
    closed = closure(service, now)
    if closed is not None:
        raise GateClosed(closed.until, closed.reason)
    if gap_ms > 0:
        _take_slot(service, int(now.timestamp() * 1000), gap_ms)


def _take_slot(service: str, now_ms: int, gap_ms: int) -> None:
    """One call a window of the gap's length, and never two closer than the gap.

    ``cache.add`` is atomic, so of two processes in one window one passes.
    """
    window = now_ms // gap_ms
    key = f"gate:{service}:slot:{window}"
    seconds = max(2, 2 * gap_ms // 1000 + 1)
    if not cache.add(key, now_ms, seconds):
        raise GateClosed(_moment((window + 1) * gap_ms))
    earlier = cache.get(f"gate:{service}:slot:{window - 1}")
    if earlier is not None and now_ms - earlier < gap_ms:
        cache.delete(key)
        raise GateClosed(_moment(earlier + gap_ms))


def _moment(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, UTC)


def close(
    service: str, *, now: datetime, retry_after: int | None, is_quota: bool
) -> datetime:
    """Close the gate after a 429 and return until when.

    The service's own number of seconds is believed up to two days. Without one
    the back-off is ours: from a minute doubling to an hour for the rate, the
    next day (UTC) for a spent quota.
    """
    with transaction.atomic():
        row = ServiceGate.objects.select_for_update().filter(service=service).first()
        strikes = 0
        if row and now - row.updated_at < _STRIKES_LAST:
            strikes = row.strikes
        until = now + _patience(now, retry_after, is_quota, strikes)
        if row and row.blocked_until > until:
            until = row.blocked_until
        reason = ServiceGate.Reason.QUOTA if is_quota else ServiceGate.Reason.RATE
        ServiceGate.objects.update_or_create(
            service=service,
            defaults={
                "blocked_until": until,
                "reason": reason,
                "strikes": strikes + 1,
                "updated_at": now,
            },
        )
    cache.set(_closed_key(service), (until.timestamp(), reason.value), _LOOK_SECONDS)
    return until


def _patience(
    now: datetime, retry_after: int | None, is_quota: bool, strikes: int
) -> timedelta:
    if retry_after is not None and 0 < retry_after <= _LONGEST_BELIEVED.total_seconds():
        # The header has whole seconds: one more so as not to come early.
        return timedelta(seconds=retry_after + 1)
    if is_quota:
        tomorrow = (now + timedelta(days=1)).replace(
            hour=0, minute=5, second=0, microsecond=0
        )
        return tomorrow - now
    doubled: timedelta = _FIRST_BACK_OFF * 2 ** min(strikes, 10)
    return min(doubled, _LONGEST_RATE_BACK_OFF)
