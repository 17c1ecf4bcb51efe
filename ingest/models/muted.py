"""Artists a person does not want counted, or shown to others."""

from collections.abc import Iterable
from typing import Self

from django.conf import settings
from django.db import models

from ingest.models.music import Artist


class MutedArtistQuerySet(models.QuerySet["MutedArtist"]):
    def of(self, people: Iterable[int]) -> Self:
        return self.filter(person__in=people)

    def not_counted(self) -> Self:
        return self.filter(is_counted=False)

    def not_shown(self) -> Self:
        return self.filter(is_shown=False)


class MutedArtist(models.Model):
    """What a person decided about one artist; it outlives every import.

    An artist that is not counted is no part of the taste. One that is not shown may
    count, and others never read its name beside this person.
    """

    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="muted_artists"
    )
    artist = models.ForeignKey(Artist, on_delete=models.CASCADE, related_name="+")
    is_counted = models.BooleanField(default=True)
    is_shown = models.BooleanField(default=True)
    created_at = models.DateTimeField()

    objects = MutedArtistQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["person", "artist"], name="mutedartist_unique_artist"
            ),
            models.CheckConstraint(
                condition=models.Q(is_counted=False) | models.Q(is_shown=False),
                name="mutedartist_says_something",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.artist_id} muted by {self.person_id}"
