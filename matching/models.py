"""What matching keeps of a person: one packed taste, and the order of its changes."""

from collections.abc import Iterable
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
    joined, or paused: their row masks the one in an older index.
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


class TasteChangeQuerySet(models.QuerySet["TasteChange"]):
    def departed_since(self, watermark: int) -> Self:
        """Changes that took a taste away, with the person who had it."""
        return self.filter(seq__gt=watermark, taste__seq__isnull=True)

    def newest(self) -> int:
        """The last place given; 0 when every change is in an index."""
        last = self.order_by("seq").last()
        return last.seq if last else 0

    def note(self, person_ids: Iterable[int]) -> list[int]:
        """Take the next places in the sequence, one for each person."""
        rows = self.bulk_create([TasteChange(taste_id=pk) for pk in person_ids])
        return [row.seq for row in rows]


class TasteChange(models.Model):
    """A place in the sequence of changes, never given twice.

    Kept until an index holds the change. One whose taste is gone tells readers of
    an older index that this person left.
    """

    seq = models.BigAutoField(primary_key=True)
    # A number without a constraint: it outlives the row it names.
    taste = models.ForeignKey(
        Taste,
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        db_index=False,
        null=True,
        related_name="+",
    )

    objects = TasteChangeQuerySet.as_manager()

    def __str__(self) -> str:
        return f"change {self.seq} of {self.taste_id}"
