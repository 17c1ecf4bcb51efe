"""Whether someone may ask people to connect, and how many more today."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from accounts.models import User
from accounts.throttle import ASK, ASK_AT_FIRST, Limit
from social.models import Connection

_DAY = timedelta(days=1)
FIRST_WEEK = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Allowance:
    """``until`` is when one more becomes free; None while some are left."""

    limit: Limit
    left: int
    until: datetime | None = None


def asks_left(person: User, *, now: datetime) -> Allowance:
    """Count what the person asked within a day and got no answer to, in one query.

    What was declined is counted as well: to who asked it is not answered yet.
    """
    week_ends = (person.joined_at or now) + FIRST_WEEK
    limit = ASK_AT_FIRST if now < week_ends else ASK
    asked = Connection.objects.unanswered(person.pk).filter(requested_at__gt=now - _DAY)
    times = list(asked.order_by("requested_at").values_list("requested_at", flat=True))
    left = max(0, limit.times - len(times))
    if left:
        return Allowance(limit, left)
    until = times[len(times) - limit.times] + _DAY
    if limit is ASK_AT_FIRST and len(times) < ASK.times:
        until = min(until, week_ends)
    return Allowance(limit, 0, until)


def limited_until(person: User, *, now: datetime) -> datetime | None:
    """Return until when moderators took asking away; None when one may ask."""
    until = person.limited_until
    return until if until is not None and now < until else None
