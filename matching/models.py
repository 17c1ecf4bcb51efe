"""What matching keeps of a person: one packed taste."""

from typing import Self

from django.conf import settings
from django.db import models


class TasteQuerySet(models.QuerySet["Taste"]):
    def changed_since(self, watermark: int) -> Self:
        return self.filter(seq__gt=watermark).order_by("seq")


class Taste(models.Model):
    """A person's taste as the engine reads it; the one truth behind the index.

    ``seq`` grows with every change of any row, so an index built up to one seq
    knows what it has not seen. ``is_visible`` is False for people who have not
    joined, paused or left: their row masks the one in an older index.
    """

    person = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="taste",
        primary_key=True,
    )
    seq = models.BigIntegerField(unique=True)
    blob = models.BinaryField()
    is_visible = models.BooleanField(default=False)
    # Whether any of it came from the Spotify API, which must not be trained on.
    has_spotify = models.BooleanField(default=False)
    computed_at = models.DateTimeField()

    objects = TasteQuerySet.as_manager()

    def __str__(self) -> str:
        return f"taste of {self.person_id} at {self.seq}"
