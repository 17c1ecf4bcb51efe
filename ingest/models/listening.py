"""What people listen to: ranked lists, single listens, months of history."""

from typing import Self, TypeVar

from django.conf import settings
from django.db import models

from ingest.models.links import is_switched_off
from ingest.models.music import Artist, Track
from ingest.models.muted import is_muted
from ingest.sources.registry import source_choices

_Row = TypeVar("_Row", bound=models.Model)


class TimeRange(models.TextChoices):
    SHORT = "short_term", "Last 4 weeks"
    MEDIUM = "medium_term", "Last 6 months"
    LONG = "long_term", "Last year"


class SourcedQuerySet(models.QuerySet[_Row]):
    """Rows that people have from a source."""

    def of_used_sources(self) -> Self:
        """Without sources that their people have switched off."""
        return self.filter(~is_switched_off())


class TopArtistQuerySet(SourcedQuerySet["TopArtist"]):
    def unmuted(self) -> Self:
        """Lines that may be shown beside their person: counted, and not kept back."""
        return self.filter(~is_muted())

    def highest_first(self) -> models.QuerySet["TopArtist", tuple[int, int]]:
        """The people in these rows, each once, by their highest rank.

        As (person id, how many people there are in all), in one pass.
        """
        people = self.values("person_id").annotate(
            highest=models.Min("rank"), of=models.Window(models.Count("*"))
        )
        ordered = people.order_by("highest", "person_id")
        return ordered.values_list("person_id", "of")


class TopArtist(models.Model):
    """One line of a person's ranked artists, from one source and time range."""

    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="top_artists"
    )
    source = models.CharField(max_length=12, choices=source_choices)
    time_range = models.CharField(max_length=12, choices=TimeRange.choices)
    rank = models.PositiveSmallIntegerField()
    artist = models.ForeignKey(
        Artist,
        on_delete=models.CASCADE,
        related_name="top_artist_rows",
        # The index below begins with it.
        db_index=False,
    )

    objects = TopArtistQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["person", "source", "time_range", "rank"],
                name="topartist_unique_rank",
            ),
            models.CheckConstraint(
                condition=models.Q(rank__gte=1), name="topartist_rank_from_one"
            ),
        ]
        indexes = [
            # Who has an artist and how high, without reading the rows themselves.
            models.Index(fields=["artist", "person", "rank"], name="topartist_people")
        ]

    def __str__(self) -> str:
        return f"{self.rank}. {self.artist_id}"


class TopTrackQuerySet(SourcedQuerySet["TopTrack"]):
    """A person's ranked tracks."""


class TopTrack(models.Model):
    """One line of a person's ranked tracks, from one source and time range."""

    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="top_tracks"
    )
    source = models.CharField(max_length=12, choices=source_choices)
    time_range = models.CharField(max_length=12, choices=TimeRange.choices)
    rank = models.PositiveSmallIntegerField()
    track = models.ForeignKey(
        Track, on_delete=models.CASCADE, related_name="top_track_rows"
    )

    objects = TopTrackQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["person", "source", "time_range", "rank"],
                name="toptrack_unique_rank",
            ),
            models.CheckConstraint(
                condition=models.Q(rank__gte=1), name="toptrack_rank_from_one"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.rank}. {self.track_id}"


class ListenQuerySet(SourcedQuerySet["Listen"]):
    def shown(self) -> Self:
        """Each play once, from the sources that are in use."""
        return self.of_used_sources().filter(is_echo=False)


class Listen(models.Model):
    """One track listened to at one moment."""

    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="listens"
    )
    source = models.CharField(max_length=12, choices=source_choices)
    track = models.ForeignKey(Track, on_delete=models.CASCADE, related_name="listens")
    listened_at = models.DateTimeField()
    ms_played = models.PositiveIntegerField(null=True, blank=True)
    # The same play as another source has it, which is the one that is shown.
    is_echo = models.BooleanField(default=False)

    objects = ListenQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["person", "source", "listened_at", "track"],
                name="listen_unique",
            )
        ]
        indexes = [
            models.Index(fields=["person", "-listened_at"], name="listen_newest")
        ]

    def __str__(self) -> str:
        return f"{self.track_id} at {self.listened_at:%Y-%m-%d %H:%M}"


class ListeningMonth(models.Model):
    """One month of a person's listening, folded: plays and time of each artist.

    ``artists`` is packed by ``ingest.sources.export.packing``; the moments are those
    of the first and last play that went into it.
    """

    person = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="listening_months",
        # The constraint below begins with it.
        db_index=False,
    )
    source = models.CharField(max_length=12, choices=source_choices)
    month = models.DateField()
    is_exact = models.BooleanField()
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()
    plays = models.PositiveIntegerField()
    artists = models.BinaryField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["person", "source", "month"], name="listeningmonth_unique"
            ),
            models.CheckConstraint(
                condition=models.Q(month__day=1), name="listeningmonth_first_day"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.month:%Y-%m} of {self.person_id}"
