"""Threads: both sides are there, and each counts what its person has not seen."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.db.models import Count, Exists, F, Max, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from social.models import Message, Thread, ThreadSide


def differences(now: datetime) -> Iterator[str]:
    yield from _sides()
    yield from _unread()
    yield from _last_messages()
    yield from _messages()


def _sides() -> Iterator[str]:
    for whose, other in (("low", "high"), ("high", "low")):
        mine = ThreadSide.objects.filter(thread=OuterRef("pk"), person=OuterRef(whose))
        same = Q(other=OuterRef(other))
        left = Q(other__isnull=True, thread__low__isnull=True) | Q(
            other__isnull=True, thread__high__isnull=True
        )
        threads = Thread.objects.filter(~Exists(mine.filter(same | left)))
        for pk in _ids(threads.exclude(**{whose: None})):
            yield f"thread {pk}: no side of its {whose} person"
    for pk in _ids(Thread.objects.filter(low=None, high=None)):
        yield f"thread {pk}: both people have left"
    belongs = Q(person=F("thread__low")) | Q(person=F("thread__high"))
    strange = ThreadSide.objects.exclude(pk__in=ThreadSide.objects.filter(belongs))
    for pk, thread in _pairs(strange, "thread_id"):
        yield f"side {pk} of thread {thread}: of somebody who is not in it"


def _unread() -> Iterator[str]:
    unseen = Message.objects.filter(
        thread=OuterRef("thread"), seen_at__isnull=True
    ).exclude(sender=OuterRef("person"))
    counted = ThreadSide.objects.annotate(
        unseen=Coalesce(_of_thread(unseen, Count("pk")), 0)
    )
    for pk, unread, count in _pairs(
        counted.exclude(unread=F("unseen")), "unread", "unseen"
    ):
        yield f"side {pk}: says {unread} unread, and {count} messages are unseen"


def _last_messages() -> Iterator[str]:
    said = Message.objects.filter(thread=OuterRef("thread"))
    sides = ThreadSide.objects.annotate(newest=_of_thread(said, Max("pk")))
    wrong = sides.exclude(last_message=F("newest")).exclude(
        last_message=None, newest=None
    )
    for pk, last, newest in _pairs(wrong, "last_message_id", "newest"):
        yield f"side {pk}: its last message is {last}, the newest is {newest}"
    late = ThreadSide.objects.filter(last_message__isnull=False)
    for pk, _ in _pairs(
        late.exclude(last_message_at=F("last_message__sent_at")), "thread_id"
    ):
        yield f"side {pk}: its time is not that of its last message"


def _messages() -> Iterator[str]:
    belongs = Q(sender=F("thread__low")) | Q(sender=F("thread__high"))
    inside = Message.objects.filter(belongs)
    for pk, thread in _pairs(Message.objects.exclude(pk__in=inside), "thread_id"):
        yield f"message {pk}: its sender is not in thread {thread}"
    twice = Message.objects.values("sender", "once_key").annotate(times=Count("pk"))
    for row in twice.filter(times__gt=1).order_by("sender"):
        yield f"person {row['sender']}: one form is {row['times']} messages"


def _of_thread(messages: QuerySet[Message], value: Max | Count) -> Subquery:
    by_thread = messages.order_by().values("thread").annotate(value=value)
    return Subquery(by_thread.values("value"))


def _ids(rows: QuerySet[Any]) -> Iterator[int]:
    yield from rows.order_by("pk").values_list("pk", flat=True).iterator()


def _pairs(rows: QuerySet[Any], *columns: str) -> Iterator[tuple[Any, ...]]:
    yield from rows.order_by("pk").values_list("pk", *columns).iterator()
