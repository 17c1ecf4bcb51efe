"""What was done to keep the site well: a row for each backup, restore and clean-up."""

from datetime import datetime
from typing import Self

from django.db import models


class CareRunQuerySet(models.QuerySet["CareRun"]):
    def newest(self, kind: str) -> "CareRun | None":
        return self.filter(kind=kind).order_by("-started_at", "-pk").first()

    def newest_whole(self, kind: str) -> "CareRun | None":
        """The newest that came to its end."""
        return self.filter(is_whole=True).newest(kind)

    def since(self, moment: datetime) -> Self:
        return self.filter(started_at__gte=moment)


class CareRun(models.Model):
    """One backup, restore or clean-up: when, whether to its end, and what it did.

    ``facts`` are counts and names of files; nothing of any one person.
    """

    class Kind(models.TextChoices):
        BACKUP = "backup", "backup"
        RESTORE = "restore", "restore"
        RETENTION = "retention", "what was kept long enough"

    kind = models.CharField(max_length=9, choices=Kind.choices)
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField()
    # False for a clean-up that ran out of its time, and goes on the next time.
    is_whole = models.BooleanField(default=True)
    facts = models.JSONField(default=dict)

    objects = CareRunQuerySet.as_manager()

    class Meta:
        verbose_name = "run of care"
        verbose_name_plural = "runs of care"
        indexes = [
            models.Index(fields=["kind", "-started_at"], name="carerun_newest"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(finished_at__gte=models.F("started_at")),
                name="carerun_ends_after_start",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} of {self.started_at:%Y-%m-%d %H:%M}"
