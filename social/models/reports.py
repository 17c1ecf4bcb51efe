"""What people report to the moderators. A report is the moderators' case."""

import uuid
from datetime import datetime
from typing import Self

from django.conf import settings
from django.db import models

from social.models.cards import text_constraint

WORDS_LENGTH = 1000


class ReportQuerySet(models.QuerySet["Report"]):
    def open(self) -> Self:
        return self.filter(state=Report.State.OPEN)

    def queue(self) -> Self:
        """Open cases, the most severe first and of those the oldest."""
        return self.open().order_by("-severity", "created_at", "pk")

    def made_since(self, reporter_id: int, moment: datetime) -> Self:
        return self.filter(reporter_id=reporter_id, created_at__gt=moment)

    def on(self, person_id: int, subject: str, subject_key: str) -> Self:
        """Reports of one thing, by whomever."""
        return self.filter(
            person_id=person_id, subject=subject, subject_key=subject_key
        )

    def with_same(self, report: "Report") -> Self:
        """A report, and open ones of the same text; a person is no text."""
        one = models.Q(pk=report.pk)
        if report.person_id is None or report.subject == Report.Subject.PERSON:
            return self.filter(one)
        same = models.Q(
            person_id=report.person_id,
            subject=report.subject,
            subject_key=report.subject_key,
            state=Report.State.OPEN,
        )
        return self.filter(one | same)

    def not_about(self, person_id: int) -> Self:
        """Cases this person may read: nobody learns who reported them."""
        return self.exclude(person_id=person_id)

    def by_severity(self) -> list[tuple[str, int]]:
        """Count by severity, the most severe first, those without one left out."""
        rows = self.order_by().values("severity").annotate(count=models.Count("pk"))
        found = {row["severity"]: row["count"] for row in rows}
        return [
            (level.label, found[level])
            for level in reversed(Report.Severity)
            if level in found
        ]


class Report(models.Model):
    """Something one person reported of another, as it was at that moment.

    ``snapshot`` holds the reported words and what names them, and the last messages
    of the thread only when the reporter said that they may be read.
    """

    class Subject(models.TextChoices):
        PERSON = "person", "a person"
        NOTE = "note", "the note of a request"
        MESSAGE = "message", "a message"
        PROFILE = "profile", "a profile text"

    class Reason(models.TextChoices):
        THREAT = "threat", "Threats or danger to someone"
        MINOR = "minor", "A child may be at risk"
        HARASSMENT = "harassment", "Harassment or hate"
        SEXUAL = "sexual", "Unwanted sexual words"
        IMPERSONATION = "impersonation", "Pretends to be someone else"
        SPAM = "spam", "Advertising or spam"
        OTHER = "other", "Something else"

    class Severity(models.IntegerChoices):
        LOW = 1, "low"
        MEDIUM = 2, "medium"
        HIGH = 3, "high"

    SEVERITY_OF: dict[str, int] = {
        Reason.THREAT: Severity.HIGH,
        Reason.MINOR: Severity.HIGH,
        Reason.HARASSMENT: Severity.MEDIUM,
        Reason.SEXUAL: Severity.MEDIUM,
        Reason.IMPERSONATION: Severity.MEDIUM,
        Reason.SPAM: Severity.LOW,
        Reason.OTHER: Severity.LOW,
    }

    class State(models.TextChoices):
        OPEN = "open", "open"
        DECIDED = "decided", "decided"

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    reporter = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        related_name="reports_made",
    )
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        related_name="reports_about",
    )
    subject = models.CharField(max_length=8, choices=Subject.choices)
    # The public id of the note or message; empty for a person and a profile text.
    subject_key = models.CharField(max_length=36, blank=True)
    reason = models.CharField(max_length=13, choices=Reason.choices)
    words = models.TextField(blank=True)
    snapshot = models.JSONField(default=dict)
    may_read_messages = models.BooleanField(default=False)
    severity = models.PositiveSmallIntegerField(choices=Severity.choices)
    state = models.CharField(max_length=7, choices=State.choices, default=State.OPEN)
    created_at = models.DateTimeField()
    decided_at = models.DateTimeField(null=True, blank=True)

    objects = ReportQuerySet.as_manager()

    class Meta:
        permissions = [("moderate", "Can decide about reports and appeals")]
        constraints = [
            models.UniqueConstraint(
                fields=["reporter", "person", "subject", "subject_key"],
                condition=models.Q(state="open"),
                name="report_one_open",
                violation_error_message="You have reported this already.",
            ),
            models.CheckConstraint(
                condition=models.Q(reporter__isnull=True)
                | models.Q(person__isnull=True)
                | ~models.Q(reporter=models.F("person")),
                name="report_no_self",
                violation_error_message="You cannot report yourself.",
            ),
            models.CheckConstraint(
                condition=models.Q(state="open", decided_at__isnull=True)
                | models.Q(state="decided", decided_at__isnull=False),
                name="report_decided_has_time",
            ),
            text_constraint("report", "words", WORDS_LENGTH * 4),
        ]
        indexes = [
            # The queue.
            models.Index(
                fields=["-severity", "created_at", "id"],
                condition=models.Q(state="open"),
                name="report_queue",
            ),
        ]

    def __str__(self) -> str:
        return f"Report of {self.get_subject_display()}"

    @property
    def is_open(self) -> bool:
        return self.state == Report.State.OPEN

    def shows_same_as(self, other: "Report") -> bool:
        """Whether both were made of the same words: a profile may have changed."""
        part = "person" if self.subject == Report.Subject.PROFILE else "text"
        return bool(self.snapshot.get(part) == other.snapshot.get(part))
