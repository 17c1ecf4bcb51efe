"""Mails: each at most once, and about something of its person's."""

from collections.abc import Iterator
from datetime import datetime

from django.db.models import Count

from social.models import Mail, Message, Notice, Topic


def differences(now: datetime) -> Iterator[str]:
    twice = Mail.objects.values("person_id", "topic", "key").annotate(n=Count("pk"))
    for row in twice.filter(n__gt=1).order_by("person_id"):
        yield f"person {row['person_id']}: {row['n']} rows for one {row['topic']} mail"
    yield from _of_others()


def _of_others() -> Iterator[str]:
    """What a mail tells of was written to its person, as far as it is still here."""
    told = Mail.objects.filter(topic=Topic.MESSAGES).order_by("pk")
    people = dict(told.values_list("key", "person_id"))
    for message in Message.objects.filter(public_id__in=people).select_related(
        "thread"
    ):
        person = people[str(message.public_id)]
        pair = {message.thread.low_id, message.thread.high_id}
        if person not in pair - {message.sender_id}:
            yield f"person {person}: was mailed about a message to somebody else"
    decided = Mail.objects.filter(topic=Topic.DECISIONS).order_by("pk")
    people = dict(decided.values_list("key", "person_id"))
    for key, person in Notice.objects.filter(public_id__in=people).values_list(
        "public_id", "person_id"
    ):
        if people[str(key)] != person:
            yield f"person {people[str(key)]}: was mailed about somebody else's notice"
