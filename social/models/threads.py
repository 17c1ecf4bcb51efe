"""What two connected people write to each other."""

import uuid
from datetime import datetime
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

    def left_behind(self) -> Self:
        """Sides whose other person deleted their account."""
        return self.filter(other__isnull=True)

    def newest_first(self) -> Self:
        return self.order_by("-last_message_at", "-pk")

    def older_than(self, moment: datetime, thread: uuid.UUID) -> Self:
        """Sides after this thread of that time, where the newest stand first."""
        place = self.filter(thread__public_id=thread).order_by().values("pk")[:1]
        is_later = models.Q(pk__lt=models.Subquery(place))
        return self.filter(last_message_at__lte=moment).filter(
            models.Q(last_message_at__lt=moment) | is_later
        )


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

    def from_on(self, public_id: uuid.UUID) -> Self:
        """This message and all later ones; none when it is not among these."""
        return self.filter(pk__gte=self._place_of(public_id))

    def before(self, public_id: uuid.UUID) -> Self:
        return self.filter(pk__lt=self._place_of(public_id))

    def unseen_by(self, person_id: int) -> Self:
        """What was written to this person and was not on a page of theirs yet."""
        return self.filter(seen_at__isnull=True).exclude(sender_id=person_id)

    def sent_since(self, person_id: int, moment: datetime) -> Self:
        return self.filter(sender_id=person_id, sent_at__gt=moment)

    def _place_of(self, public_id: uuid.UUID) -> models.Subquery:
        found = self.filter(public_id=public_id).order_by().values("pk")[:1]
        return models.Subquery(found)


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
    # When the one it was written to first had it on a page.
    seen_at = models.DateTimeField(null=True, blank=True)
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

    @property
    def is_removed(self) -> bool:
        return self.removed_at is not None

    @property
    def content(self) -> tuple[str, str, str, str]:
        """What was said: the text and the card."""
        return self.body, self.card_kind, self.card_name, self.card_artist
