"""What two connected people write to each other."""

import uuid
from typing import Self

from django.conf import settings
from django.db import models

from social.models.cards import WithCard, card_constraint, text_constraint

MESSAGE_LENGTH = 2000
# A character to the eye may be several in the database; no text is longer than this.
STORED_LENGTH = 8000


class Thread(models.Model):
    """The one conversation of a pair; it stays while either of them does."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    # The pair, smaller id first. None for someone who left.
    low = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        related_name="+",
    )
    high = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        related_name="+",
    )
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["low", "high"], name="thread_unique_pair"),
            models.CheckConstraint(
                condition=models.Q(low__isnull=True)
                | models.Q(high__isnull=True)
                | models.Q(low__lt=models.F("high")),
                name="thread_pair_in_order",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.low_id} and {self.high_id}"


class ThreadSideQuerySet(models.QuerySet["ThreadSide"]):
    def of(self, person_id: int) -> Self:
        return self.filter(person_id=person_id)

    def unread(self) -> Self:
        return self.filter(unread__gt=0)


class ThreadSide(models.Model):
    """A thread as one of the two sees it: with whom, what is new, what was last."""

    thread = models.ForeignKey(Thread, on_delete=models.CASCADE, related_name="sides")
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="thread_sides"
    )
    other = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        related_name="+",
    )
    unread = models.PositiveIntegerField(default=0)
    last_message = models.ForeignKey(
        "Message", on_delete=models.SET_NULL, null=True, related_name="+"
    )
    last_message_at = models.DateTimeField()
    read_at = models.DateTimeField(null=True, blank=True)

    objects = ThreadSideQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["thread", "person"], name="threadside_unique_person"
            ),
            models.CheckConstraint(
                condition=models.Q(other__isnull=True)
                | ~models.Q(person=models.F("other")),
                name="threadside_no_self",
            ),
        ]
        indexes = [
            # One person's conversations, newest first.
            models.Index(
                fields=["person", "-last_message_at", "-id"], name="threadside_newest"
            ),
            # The badge.
            models.Index(
                fields=["person"],
                condition=models.Q(unread__gt=0),
                name="threadside_unread",
            ),
            # The thread with one person, and the poll.
            models.Index(fields=["person", "other"], name="threadside_pair"),
        ]

    def __str__(self) -> str:
        return f"{self.thread_id} of {self.person_id}"


class MessageQuerySet(models.QuerySet["Message"]):
    def newest_first(self) -> Self:
        return self.order_by("-pk")

    def after(self, pk: int) -> Self:
        return self.filter(pk__gt=pk)


class Message(WithCard):
    """One text, as it was sent. ``body`` is plain and is never HTML."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    thread = models.ForeignKey(
        Thread, on_delete=models.CASCADE, related_name="messages"
    )
    sender = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="messages"
    )
    body = models.TextField(blank=True)
    sent_at = models.DateTimeField()
    # Made with the form: sending the same form twice is sending it once.
    once_key = models.UUIDField()
    # By a moderator: the place in the thread stays, the text does not.
    removed_at = models.DateTimeField(null=True, blank=True)

    objects = MessageQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["sender", "once_key"], name="message_sent_once"
            ),
            models.CheckConstraint(
                condition=~models.Q(body="")
                | ~models.Q(card_kind="")
                | models.Q(removed_at__isnull=False),
                name="message_says_something",
            ),
            card_constraint("message"),
            text_constraint("message", "body", STORED_LENGTH),
        ]
        indexes = [
            # A thread from its newest message back.
            models.Index(fields=["thread", "-id"], name="message_newest"),
            # How many someone sent in the last hour.
            models.Index(fields=["sender", "-sent_at"], name="message_sent"),
        ]

    def __str__(self) -> str:
        return f"{self.public_id} in {self.thread_id}"
