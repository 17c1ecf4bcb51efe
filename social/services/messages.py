"""Writing to each other, and reading what was written."""

import uuid
from collections.abc import Collection
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F

from accounts import throttle
from accounts.models import User
from social import events
from social.affinity import Card
from social.models import Connection, Message, Thread, ThreadSide
from social.services.pairs import visible_pair_lock
from social.services.threads import thread_open


class CannotSend(Exception):
    """The two are not connected (any more): what they wrote can only be read."""


class KeyUsed(Exception):
    """Something else was sent with this key: other words, or to someone else."""


@transaction.atomic
def message_send(
    *,
    sender: User,
    recipient: User,
    body: str,
    once_key: uuid.UUID,
    now: datetime,
    card: Card | None = None,
) -> Message:
    """Write to someone one is connected with; the same key again gives the first.

    Raises ``NoSuchPerson``, :class:`CannotSend`, :class:`KeyUsed`, and ``OverLimit``
    when the sender's hour is full. Nothing is counted that was not sent.
    """
    # Holding the sender, the key and the limit are true over all of their threads.
    visible_pair_lock(sender.pk, recipient.pk)
    message = Message(sender=sender, body=body, once_key=once_key, sent_at=now)
    if card is not None:
        message.card_kind, message.card_name = card.kind, card.name
        message.card_artist = card.artist
    first = _sent_before(message, recipient)
    if first is not None:
        return first
    if not Connection.objects.between(sender.pk, recipient.pk).accepted().exists():
        raise CannotSend
    _check_limit(sender, now)
    message.thread = thread_open(a=sender, b=recipient, now=now)
    message.save(force_insert=True)
    _note_newest(message)
    events.message_sent(message.pk)
    return message


def _sent_before(message: Message, recipient: User) -> Message | None:
    sent = Message.objects.filter(sender=message.sender, once_key=message.once_key)
    first = sent.select_related("thread").first()
    if first is None:
        return None
    pair = {message.sender_id, recipient.pk}
    is_same = first.content == message.content
    if {first.thread.low_id, first.thread.high_id} != pair or not is_same:
        raise KeyUsed
    return first


def _note_newest(message: Message) -> None:
    """Put a message on top of both sides; new for the one who did not write it."""
    sides = ThreadSide.objects.filter(thread=message.thread_id)
    newest = {"last_message": message, "last_message_at": message.sent_at}
    sides.filter(person=message.sender_id).update(**newest)
    sides.exclude(person=message.sender_id).update(**newest, unread=F("unread") + 1)


# --- The limit ------------------------------------------------------------


def messages_free_at(*, sender: User, now: datetime) -> datetime | None:
    """Return when the next message may be sent; None for now."""
    sent = Message.objects.sent_since(sender.pk, throttle.MESSAGE.since(now))
    times = sent.order_by("-sent_at").values_list("sent_at", flat=True)
    oldest = times[throttle.MESSAGE.times - 1 : throttle.MESSAGE.times].first()
    return oldest and oldest + timedelta(seconds=throttle.MESSAGE.seconds)


def _check_limit(sender: User, now: datetime) -> None:
    # Counted from what was sent: no cache forgets it, and a failed form costs nothing.
    until = messages_free_at(sender=sender, now=now)
    if until is not None:
        raise throttle.OverLimit(throttle.MESSAGE, until)


# --- Reading --------------------------------------------------------------


@transaction.atomic
def messages_see(
    *, viewer: User, thread: Thread, shown: Collection[int], now: datetime
) -> None:
    """Mark these messages, by id, as read by the one they were written to.

    Each is counted off once, however many pages show it at one moment.
    """
    unseen = Message.objects.filter(thread=thread, pk__in=shown)
    seen = unseen.unseen_by(viewer.pk).update(seen_at=now)
    if seen:
        side = ThreadSide.objects.filter(thread=thread, person=viewer)
        side.update(unread=F("unread") - seen)
