"""Artists a person does not want counted, or shown to others."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models.functions import Coalesce

# The artist that stands for the one a rule was made for.
STANDS = Coalesce("artist__same_as", "artist")
# Every row of a group: the artist's own, the one that stands for it, the others.
_ROWS = ("artist", "artist__same_as", "artist__others", "artist__same_as__others")


class MutedArtistQuerySet(models.QuerySet["MutedArtist"]):
    def of(self, people: Iterable[int]) -> Self:
        return self.filter(person__in=people)

    def not_counted(self) -> Self:
        return self.filter(is_counted=False)

    def standing(self) -> dict[int, set[int]]:
        """The artists these rules hold for now, by person, in one query."""
        found: dict[int, set[int]] = defaultdict(set)
        rows = self.annotate(stands=STANDS).values_list("person_id", "stands")
        for person, artist in rows:
            found[person].add(artist)
        return found

    def every_row(self) -> dict[int, set[int]]:
        """Every row of the artists these rules hold for, by person, in one query."""
        found: dict[int, set[int]] = defaultdict(set)
        for person, *rows in self.values_list("person_id", *_ROWS):
            found[person].update(row for row in rows if row is not None)
        return found


def is_muted(line: str = "") -> models.Exists:
    """Whether a line of a person's list is of an artist they muted, in any row of it.

    ``line`` is the path to it, with the two underscores at its end.
    """
    stands = Coalesce(
        models.OuterRef(f"{line}artist__same_as"), models.OuterRef(f"{line}artist")
    )
    rules = MutedArtist.objects.annotate(stands=STANDS)
    return models.Exists(
        rules.filter(person=models.OuterRef(f"{line}person"), stands=stands)
    )


class MutedArtist(models.Model):
    """What a person decided about one artist; it outlives every import.

    An artist that is not counted is no part of the taste. One that is not shown may
    count, and others never read its name beside this person. A rule holds for every row
    of an artist: it follows the one that stands, and a split gives it back.
    """

    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="muted_artists"
    )
    artist = models.ForeignKey(
        "ingest.Artist", on_delete=models.CASCADE, related_name="+"
    )
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
