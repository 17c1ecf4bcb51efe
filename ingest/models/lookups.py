"""What is asked about artists in the background, and which may be the same."""

from django.conf import settings
from django.db import models

from ingest.models.music import Artist


class ArtistLookup(models.Model):
    """That a service was asked for an artist's genres, and when to ask again."""

    artist = models.ForeignKey(
        Artist, on_delete=models.CASCADE, related_name="lookups", db_index=False
    )
    service = models.CharField(max_length=12)
    asked_at = models.DateTimeField()
    ask_again_at = models.DateTimeField()
    genres_found = models.PositiveSmallIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["artist", "service"], name="artistlookup_unique_pair"
            )
        ]

    def __str__(self) -> str:
        return f"{self.service} about {self.artist_id}"


class ArtistPair(models.Model):
    """Two rows that something says are one artist, though their names differ.

    ``artist`` has the lower id. A person decides; until then they stay apart.
    """

    class State(models.TextChoices):
        OPEN = "open", "To be looked at"
        SAME = "same", "The same artist"
        DIFFERENT = "different", "Different artists"

    artist = models.ForeignKey(
        Artist, on_delete=models.CASCADE, related_name="pairs", db_index=False
    )
    other = models.ForeignKey(Artist, on_delete=models.CASCADE, related_name="+")
    reason = models.CharField(max_length=200)
    state = models.CharField(max_length=10, choices=State.choices, default=State.OPEN)
    noticed_at = models.DateTimeField()
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["artist", "other"], name="artistpair_unique_pair"
            ),
            models.CheckConstraint(
                condition=models.Q(artist__lt=models.F("other")),
                name="artistpair_lower_first",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.artist_id} and {self.other_id}"
