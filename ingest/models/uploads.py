"""Uploaded files on their way from the web to a worker."""

import uuid
from collections.abc import Iterable
from datetime import datetime
from typing import Self

from django.db import models


class UploadPartQuerySet(models.QuerySet["UploadPart"]):
    def of(self, run_id: uuid.UUID) -> Self:
        return self.filter(run_id=run_id)

    def strays(self, needed: Iterable[uuid.UUID], before: datetime) -> Self:
        """Parts of no import that is needed, the oldest of which came before then."""
        return self.exclude(run_id__in=needed).filter(kept_at__lt=before)


class UploadPart(models.Model):
    """A megabyte of an uploaded file, until its import has ended.

    Web and worker need not be on one machine: the database is what they share. Parts
    come before their import is queued, so ``run_id`` is a number without a constraint.
    """

    run_id = models.UUIDField()
    file = models.PositiveSmallIntegerField()
    place = models.PositiveIntegerField()
    data = models.BinaryField()
    kept_at = models.DateTimeField()

    objects = UploadPartQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["run_id", "file", "place"], name="uploadpart_one_a_place"
            )
        ]

    def __str__(self) -> str:
        return f"part {self.place} of file {self.file} of {self.run_id}"
