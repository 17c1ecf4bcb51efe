"""What the person concerned reads of a decision, and what they say to it."""

import uuid
from typing import Self

from django.conf import settings
from django.db import models

from social.models.cards import text_constraint
from social.models.moderation import ModerationAction

APPEAL_LENGTH = 2000


class NoticeQuerySet(models.QuerySet["Notice"]):
    def of(self, person_id: int) -> Self:
        return self.filter(person_id=person_id)

    def unseen(self) -> Self:
        return self.filter(seen_at__isnull=True)

    def newest_first(self) -> Self:
        return self.order_by("-created_at", "-pk")

    def with_decision(self) -> Self:
        """All that the list and the page of a notice tell."""
        return self.select_related("action", "appeal")


class Notice(models.Model):
    """One decision, told to one person: on what facts, by which rule, until when."""

    class Kind(models.TextChoices):
        DECISION = "decision", "A decision about you"
        REPORT = "report", "A report of yours was decided"
        APPEAL = "appeal", "Your appeal was decided"

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="notices"
    )
    action = models.ForeignKey(
        ModerationAction, on_delete=models.PROTECT, related_name="notices"
    )
    kind = models.CharField(max_length=8, choices=Kind.choices)
    # What was looked at, in words for this person; never who reported it.
    facts = models.TextField(blank=True)
    created_at = models.DateTimeField()
    seen_at = models.DateTimeField(null=True, blank=True)

    objects = NoticeQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["person", "action", "kind"], name="notice_told_once"
            ),
        ]
        indexes = [
            models.Index(fields=["person", "-created_at"], name="notice_newest"),
            # The badge.
            models.Index(
                fields=["person"],
                condition=models.Q(seen_at__isnull=True),
                name="notice_unseen",
            ),
        ]

    def __str__(self) -> str:
        return self.get_kind_display()

    @property
    def is_new(self) -> bool:
        return self.seen_at is None

    @property
    def can_be_answered(self) -> bool:
        """Whether this is a decision that an appeal is for."""
        return self.kind == Notice.Kind.DECISION and self.action.is_measure


class AppealQuerySet(models.QuerySet["Appeal"]):
    def open(self) -> Self:
        return self.filter(state=Appeal.State.OPEN)

    def with_decision(self) -> Self:
        """All that whoever decides reads."""
        return self.select_related(
            "notice__person", "notice__action__report", "decided_by"
        )


class Appeal(models.Model):
    """What someone answers to a decision. One for each, decided by someone else."""

    class State(models.TextChoices):
        OPEN = "open", "open"
        UPHELD = "upheld", "the decision stands"
        OVERTURNED = "overturned", "the decision was taken back"

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    notice = models.OneToOneField(
        Notice, on_delete=models.CASCADE, related_name="appeal"
    )
    words = models.TextField()
    state = models.CharField(max_length=10, choices=State.choices, default=State.OPEN)
    created_at = models.DateTimeField()
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        related_name="+",
    )

    objects = AppealQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(state="open", decided_at__isnull=True)
                | (~models.Q(state="open") & models.Q(decided_at__isnull=False)),
                name="appeal_decided_has_time",
            ),
            text_constraint("appeal", "words", APPEAL_LENGTH * 4),
        ]

    def __str__(self) -> str:
        return f"Appeal: {self.state}"

    @property
    def is_open(self) -> bool:
        return self.state == Appeal.State.OPEN
