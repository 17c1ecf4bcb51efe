"""How each import goes."""

import uuid
from datetime import datetime, timedelta
from typing import Self

from django.conf import settings
from django.db import models
from django.urls import reverse

from ingest.sources.registry import Source, source_choices

# No lease ends so late: one that does was taken by a clock that runs ahead.
FARTHEST_LEASE = timedelta(minutes=5)


class ImportRunQuerySet(models.QuerySet["ImportRun"]):
    def active(self) -> Self:
        return self.filter(state__in=ImportRun.ACTIVE)

    def stalled(self, now: datetime) -> Self:
        """Active runs no worker holds and whose time to go on has come."""
        return self.active().filter(
            models.Q(lease_until__isnull=True)
            | models.Q(lease_until__lt=now)
            | models.Q(lease_until__gt=now + FARTHEST_LEASE),
            models.Q(resume_at__isnull=True) | models.Q(resume_at__lte=now),
        )

    def latest_of(self, person_id: int, source: str) -> "ImportRun | None":
        runs = self.filter(person_id=person_id, source=source)
        return runs.order_by("-queued_at", "-pk").first()


class ImportRun(models.Model):
    """One import of one source for one person.

    queued → running → done | failed, with running ⇄ waiting while the service
    asks for patience. What was fetched is kept in ``staged`` until all of it is
    written in one transaction, so a run that dies goes on where it was and
    fetches nothing twice.
    """

    class State(models.TextChoices):
        QUEUED = "queued", "Queued"
        RUNNING = "running", "Running"
        WAITING = "waiting", "Waiting"
        DONE = "done", "Done"
        FAILED = "failed", "Failed"

    class Kind(models.TextChoices):
        FULL = "full", "everything"
        RECENT = "recent", "recent listens"

    ACTIVE = (State.QUEUED, State.RUNNING, State.WAITING)

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="import_runs"
    )
    source = models.CharField(max_length=12, choices=source_choices)
    kind = models.CharField(max_length=8, choices=Kind.choices, default=Kind.FULL)
    state = models.CharField(max_length=8, choices=State.choices, default=State.QUEUED)
    stage_label = models.CharField(max_length=80, blank=True)
    reason = models.CharField(max_length=300, blank=True)
    done_steps = models.PositiveSmallIntegerField(default=0)
    total_steps = models.PositiveSmallIntegerField(default=0)
    artists_count = models.PositiveIntegerField(default=0)
    tracks_count = models.PositiveIntegerField(default=0)
    genres_count = models.PositiveIntegerField(default=0)
    listens_count = models.PositiveIntegerField(default=0)
    staged = models.JSONField(default=dict, blank=True)
    # Sentences about what was left out, in the order in which it was met.
    notes = models.JSONField(default=list, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    queued_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    resume_at = models.DateTimeField(null=True, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)

    objects = ImportRunQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["person", "source"],
                condition=models.Q(state__in=["queued", "running", "waiting"]),
                name="importrun_one_active",
            )
        ]
        indexes = [
            models.Index(
                fields=["person", "source", "-queued_at"], name="importrun_latest"
            ),
            models.Index(
                fields=["state"],
                condition=models.Q(state__in=["queued", "running", "waiting"]),
                name="importrun_active",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.source} import {self.id}"

    def get_absolute_url(self) -> str:
        return reverse("ingest:run_detail", args=[self.id])

    @property
    def is_active(self) -> bool:
        return self.state in self.ACTIVE

    @property
    def source_label(self) -> str:
        return Source(self.source).label
