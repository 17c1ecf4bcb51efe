"""Telling the moderators about someone."""

from datetime import datetime, timedelta

from django.db import transaction

from accounts.models import User
from accounts.throttle import REPORT, OverLimit
from social.models import Report
from social.reportable import Reportable, snapshot_of
from social.services.pairs import NoSuchPerson, pair_lock

_WINDOW = timedelta(seconds=REPORT.seconds)


@transaction.atomic
def report_create(
    *,
    reporter: User,
    thing: Reportable,
    reason: str,
    words: str,
    may_read_messages: bool,
    now: datetime,
) -> tuple[Report, bool]:
    """Open a case with what is reported as it is now; returns whether it is new.

    While one about the same is open it is that one. Raises ``NoSuchPerson`` for who
    has left meanwhile, and ``OverLimit`` when the reporter's day is full; only what
    became a case counts.
    """
    # Two presses at once: the second waits, and finds the report of the first.
    if len(pair_lock(reporter.pk, thing.person.pk)) < 2:
        raise NoSuchPerson
    earlier = report_open_of(reporter=reporter, thing=thing)
    if earlier is not None:
        return earlier, False
    until = reports_free_at(reporter=reporter, now=now)
    if until is not None:
        raise OverLimit(REPORT, until)
    made = Report.objects.create(
        reporter=reporter,
        person=thing.person,
        subject=thing.subject,
        subject_key=thing.key,
        reason=reason,
        words=words,
        snapshot=snapshot_of(thing, may_read_messages=may_read_messages),
        may_read_messages=may_read_messages and thing.thread is not None,
        severity=Report.SEVERITY_OF[reason],
        created_at=now,
    )
    return made, True


def report_open_of(*, reporter: User, thing: Reportable) -> Report | None:
    """Return the person's own open report of the same, if there is one."""
    same = Report.objects.on(thing.person.pk, thing.subject, thing.key)
    return same.open().filter(reporter=reporter).first()


def reports_left(*, reporter: User, now: datetime) -> int:
    """Return how many times this person may still report within this day."""
    made = Report.objects.made_since(reporter.pk, now - _WINDOW)
    return max(0, REPORT.times - made.count())


def reports_free_at(*, reporter: User, now: datetime) -> datetime | None:
    """Return when the next report may be made; None for now."""
    made = Report.objects.made_since(reporter.pk, now - _WINDOW)
    times = made.order_by("-created_at").values_list("created_at", flat=True)
    oldest = times[REPORT.times - 1 : REPORT.times].first()
    return oldest and oldest + _WINDOW
