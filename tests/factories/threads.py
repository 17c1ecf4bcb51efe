"""People who are connected, and what they wrote; always through the services."""

import uuid
from datetime import UTC, datetime

from accounts.models import User
from social.affinity import Card
from social.models import Message, Thread
from social.services import connection_request, message_send

_NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def make_connection(a: User, b: User, *, now: datetime = _NOW) -> Thread:
    """Connect two people by asking each other; return their thread."""
    connection_request(requester=a, addressee=b, now=now)
    connection_request(requester=b, addressee=a, now=now)
    low, high = sorted((a, b), key=lambda person: person.pk)
    return Thread.objects.get(low=low, high=high)


def say(
    sender: User,
    recipient: User,
    body: str = "Hello",
    *,
    now: datetime = _NOW,
    card: Card | None = None,
) -> Message:
    return message_send(
        sender=sender,
        recipient=recipient,
        body=body,
        card=card,
        once_key=uuid.uuid4(),
        now=now,
    )
