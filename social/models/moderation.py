"""What moderators did: a log that only grows, each row sealed by the one before."""

import hashlib
import json
from datetime import UTC, datetime
from typing import Any, NoReturn, Self
from uuid import UUID

from django.conf import settings
from django.db import models

from social.models.reports import Report

_FIRST = "0" * 64


class AppendOnly(Exception):
    """A row of the moderation log can neither be changed nor deleted."""


class ModerationActionQuerySet(models.QuerySet["ModerationAction"]):
    def about(self, person: UUID) -> Self:
        return self.filter(person_public_id=person)

    def taken_back(self) -> Self:
        """Decisions an appeal overturned."""
        return self.filter(notices__appeal__state="overturned")

    def in_force(self, person: UUID, verb: str, now: datetime) -> Self:
        """What still holds of this person: not over, taken back or restored since."""
        restored = self.about(person).filter(verb=ModerationAction.Verb.RESTORE)
        after = restored.aggregate(latest=models.Max("pk"))["latest"] or 0
        back = self.model.objects.taken_back().values("pk")
        held = self.about(person).filter(verb=verb, until__gt=now, pk__gt=after)
        return held.exclude(pk__in=back)

    def update(self, **_: Any) -> NoReturn:
        raise AppendOnly

    def delete(self) -> NoReturn:
        raise AppendOnly


class ModerationAction(models.Model):
    """Who did what to whom, by which rule and why. Never changed, never deleted.

    People are named by their public ids and by the handles of that day, so that the
    log outlives accounts; ``seal`` is the SHA-256 of the row and the seal before it.
    """

    class Verb(models.TextChoices):
        DISMISS = "dismiss", "dismiss the report"
        REMOVE_MESSAGE = "remove_message", "remove the message"
        CLEAR_PROFILE = "clear_profile", "clear the profile text"
        WARN = "warn", "warn"
        LIMIT = "limit", "no new requests until"
        SUSPEND = "suspend", "suspend until"
        RESTORE = "restore", "restore"
        UPHOLD = "uphold", "uphold after an appeal"
        OVERTURN = "overturn", "overturn after an appeal"

    class Rule(models.TextChoices):
        SAFETY = "safety", "Nobody is threatened or put in danger here"
        RESPECT = "respect", "No harassment and no hate"
        CONSENT = "consent", "No unwanted sexual words"
        HONESTY = "honesty", "Nobody pretends to be someone else"
        NO_SPAM = "no_spam", "No advertising and no spam"
        NONE = "none", "No rule was broken"

    MEASURES = frozenset(
        {Verb.REMOVE_MESSAGE, Verb.CLEAR_PROFILE, Verb.WARN, Verb.LIMIT, Verb.SUSPEND}
    )

    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        related_name="moderation_actions",
    )
    actor_name = models.CharField(max_length=150)
    verb = models.CharField(max_length=14, choices=Verb.choices)
    rule = models.CharField(max_length=8, choices=Rule.choices)
    reason = models.TextField()
    report = models.ForeignKey(
        Report, on_delete=models.PROTECT, null=True, related_name="actions"
    )
    # Whom it concerns: also after they left.
    person_public_id = models.UUIDField()
    person_name = models.CharField(max_length=150)
    until = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField()
    previous_seal = models.CharField(max_length=64, unique=True)
    seal = models.CharField(max_length=64, unique=True)

    objects = ModerationActionQuerySet.as_manager()

    class Meta:
        indexes = [
            # The history of one person's cases.
            models.Index(
                fields=["person_public_id", "created_at"], name="action_of_person"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_verb_display()}: {self.person_name}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise AppendOnly
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise AppendOnly

    @property
    def is_measure(self) -> bool:
        """Whether it weighs on the person, who may answer it with an appeal."""
        return self.verb in self.MEASURES

    def sealed(self) -> str:
        """Return the seal this row should have."""
        facts = [
            self.previous_seal,
            self.actor_name,
            self.verb,
            self.rule,
            self.reason,
            str(self.report_id or ""),
            str(self.person_public_id),
            self.person_name,
            _instant(self.until),
            _instant(self.created_at),
        ]
        return hashlib.sha256(json.dumps(facts).encode()).hexdigest()


def first_seal() -> str:
    """What the first row of a log names as the seal before it."""
    return _FIRST


def _instant(moment: datetime | None) -> str:
    return moment.astimezone(UTC).isoformat() if moment else ""
