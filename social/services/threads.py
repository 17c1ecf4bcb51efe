"""Conversations: one for each pair, with a side for each of the two."""

from datetime import datetime

from django.db import transaction

from accounts.models import User
from social.models import Thread, ThreadSide


@transaction.atomic
def thread_open(*, a: User, b: User, now: datetime) -> Thread:
    """Return the thread of two people, made with both sides if it was not there."""
    low, high = sorted((a, b), key=lambda person: person.pk)
    thread, _ = Thread.objects.get_or_create(
        low=low, high=high, defaults={"created_at": now}
    )
    for person, other in ((low, high), (high, low)):
        ThreadSide.objects.get_or_create(
            thread=thread,
            person=person,
            defaults={"other": other, "last_message_at": now},
        )
    return thread
