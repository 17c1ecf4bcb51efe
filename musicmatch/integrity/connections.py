"""Connections: their states, the threads they lead to, and blocks that end them."""

from collections.abc import Iterator
from datetime import datetime

from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.db.models.functions import Greatest, Least

from social.models import Block, Connection, Thread

_State = Connection.State


def differences(now: datetime) -> Iterator[str]:
    yield from _states()
    yield from _without_thread()
    yield from _thread_without_connection()
    yield from _blocked()


def _states() -> Iterator[str]:
    rests = Q(rests__isnull=False, rest_until__isnull=False)
    own = Q(rests=F("requester")) | Q(rests=F("addressee"))
    no_rest = Q(rests__isnull=True, rest_until__isnull=True)
    wrong = (
        ("rests without an end, or without anyone", ~(no_rest | rests)),
        ("somebody rests who is not in it", Q(rests__isnull=False) & ~own),
        (
            "declined, and nobody rests",
            Q(state=_State.DECLINED) & ~(rests & Q(rests=F("requester"))),
        ),
        (
            "in force, and somebody rests",
            Q(state__in=[_State.REQUESTED, _State.ACCEPTED]) & ~no_rest,
        ),
        (
            "not accepted, with a time at which it was",
            Q(accepted_at__isnull=False)
            & ~Q(state__in=[_State.ACCEPTED, _State.REMOVED]),
        ),
    )
    for what, condition in wrong:
        for pk in _ids(Connection.objects.filter(condition)):
            yield f"connection {pk}: {what}"


def _without_thread() -> Iterator[str]:
    pair = {
        "low": Least(OuterRef("requester"), OuterRef("addressee")),
        "high": Greatest(OuterRef("requester"), OuterRef("addressee")),
    }
    threads = Thread.objects.filter(**pair)
    for pk in _ids(Connection.objects.accepted().filter(~Exists(threads))):
        yield f"connection {pk}: accepted, and there is no thread"


def _thread_without_connection() -> Iterator[str]:
    both = Thread.objects.filter(low__isnull=False, high__isnull=False)
    asked = Connection.objects.filter(
        Q(requester=OuterRef("low"), addressee=OuterRef("high"))
        | Q(requester=OuterRef("high"), addressee=OuterRef("low"))
    )
    for pk in both.filter(~Exists(asked)).order_by("pk").values_list("pk", flat=True):
        yield f"thread {pk}: the two never asked each other"


def _blocked() -> Iterator[str]:
    blocks = Block.objects.filter(
        Q(blocker=OuterRef("requester"), blocked=OuterRef("addressee"))
        | Q(blocker=OuterRef("addressee"), blocked=OuterRef("requester"))
    )
    going_on = Connection.objects.exclude(state=_State.REMOVED)
    for pk in _ids(going_on.filter(Exists(blocks))):
        yield f"connection {pk}: goes on over a block"


def _ids(rows: QuerySet[Connection]) -> Iterator[int]:
    yield from rows.order_by("pk").values_list("pk", flat=True).iterator()
