"""The music people listen to, where it came from, and how each import went."""

import unicodedata
import uuid
from collections.abc import Iterable
from datetime import datetime
from functools import lru_cache
from typing import Self

from django.conf import settings
from django.db import models
from django.urls import reverse


def _is_latin(letter: str) -> bool:
    return letter.isascii() and letter.isalpha()


@lru_cache(maxsize=50_000)
def name_key(name: str) -> str:
    """Return the form of a name that two sources share: case, marks and space folded.

    Only Latin marks fold: elsewhere a mark is part of the letter (が is not か).
    """
    folded = unicodedata.normalize("NFKC", name).casefold()
    letters: list[str] = []
    for letter in unicodedata.normalize("NFD", folded):
        if unicodedata.combining(letter) and letters and _is_latin(letters[-1]):
            continue
        letters.append(letter)
    return " ".join(unicodedata.normalize("NFC", "".join(letters)).split())[:200]


class Source(models.TextChoices):
    SPOTIFY = "spotify", "Spotify"
    MANUAL = "manual", "Picked by hand"
    DEMO = "demo", "Demonstration listening"
    COMMUNITY = "community", "Loaded community"


class TimeRange(models.TextChoices):
    SHORT = "short_term", "Last 4 weeks"
    MEDIUM = "medium_term", "Last 6 months"
    LONG = "long_term", "Last year"


class Genre(models.Model):
    name = models.CharField(max_length=100, unique=True)

    def __str__(self) -> str:
        return self.name


_SEVERAL = 3


class ArtistQuerySet(models.QuerySet["Artist"]):
    def names(self, ids: Iterable[int]) -> dict[int, str]:
        """Names by id, in one query; a taste may outlive the row of an artist."""
        names = dict.fromkeys(ids, "an artist no longer known here")
        names.update(self.filter(pk__in=names).values_list("pk", "name"))
        return names

    def well_known(self, *, limit: int) -> list[str]:
        """Names of the artists most people here have, in the order of the alphabet.

        Only of people who joined, and only where there are several of them: one
        person's artists say who was here.
        """
        rows = (
            TopArtist.objects.filter(
                person__joined_at__isnull=False,
                person__paused_at__isnull=True,
                person__is_active=True,
            )
            .values("artist__name")
            .annotate(people=models.Count("person", distinct=True))
            .filter(people__gte=_SEVERAL)
            .order_by("-people", "artist__name")[:limit]
        )
        return sorted((row["artist__name"] for row in rows), key=str.casefold)


class Artist(models.Model):
    """An artist under one identity: a Spotify id, else the normalised name."""

    name = models.CharField(max_length=200)
    name_key = models.CharField(max_length=200)
    spotify_id = models.CharField(max_length=40, null=True, blank=True, unique=True)
    genres = models.ManyToManyField(
        Genre, through="ArtistGenre", related_name="artists"
    )

    objects = ArtistQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["name_key"],
                condition=models.Q(spotify_id__isnull=True),
                name="artist_unique_name_without_id",
            )
        ]
        indexes = [models.Index(fields=["name_key"], name="artist_name_key")]

    def __str__(self) -> str:
        return self.name


class ArtistGenre(models.Model):
    artist = models.ForeignKey(
        Artist, on_delete=models.CASCADE, related_name="genre_links"
    )
    genre = models.ForeignKey(
        Genre, on_delete=models.CASCADE, related_name="artist_links"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["artist", "genre"], name="artistgenre_unique_pair"
            )
        ]

    def __str__(self) -> str:
        return f"{self.artist_id}: {self.genre_id}"


class Track(models.Model):
    name = models.CharField(max_length=300)
    name_key = models.CharField(max_length=200)
    artist = models.ForeignKey(Artist, on_delete=models.CASCADE, related_name="tracks")
    spotify_id = models.CharField(max_length=40, null=True, blank=True, unique=True)
    isrc = models.CharField(max_length=15, blank=True)
    duration_ms = models.PositiveIntegerField(null=True, blank=True)
    release_year = models.PositiveSmallIntegerField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["artist", "name_key"],
                condition=models.Q(spotify_id__isnull=True),
                name="track_unique_name_without_id",
            )
        ]

    def __str__(self) -> str:
        return self.name


class Sound(models.Model):
    """Measured sound. ``source`` says by whom; sources never mix in one taste."""

    source = models.CharField(max_length=12, choices=Source.choices)
    tempo = models.FloatField(null=True)
    energy = models.FloatField(null=True)
    valence = models.FloatField(null=True)
    danceability = models.FloatField(null=True)
    acousticness = models.FloatField(null=True)
    loudness = models.FloatField(null=True)

    class Meta:
        abstract = True


class AudioFeatures(Sound):
    """How one track sounds."""

    track = models.OneToOneField(
        Track, on_delete=models.CASCADE, related_name="audio", primary_key=True
    )

    class Meta:
        verbose_name_plural = "audio features"

    def __str__(self) -> str:
        return f"audio of {self.track_id}"


class ArtistSound(Sound):
    """How an artist's tracks sound on average, where single tracks are not known."""

    artist = models.OneToOneField(
        Artist, on_delete=models.CASCADE, related_name="sound", primary_key=True
    )

    def __str__(self) -> str:
        return f"sound of {self.artist_id}"


class SourceLink(models.Model):
    """That a person uses a source, and how it stands with it."""

    class State(models.TextChoices):
        CONNECTED = "connected", "Connected"
        NEEDS_RECONNECT = "needs_reconnect", "Needs to be connected again"
        NOT_ALLOWED = "not_allowed", "Not on the list of this site's Spotify app"
        FAILED = "failed", "The latest import failed"

    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="source_links"
    )
    source = models.CharField(max_length=12, choices=Source.choices)
    state = models.CharField(
        max_length=16, choices=State.choices, default=State.CONNECTED
    )
    reason = models.CharField(max_length=300, blank=True)
    # Spotify: the newest played_at imported, in milliseconds since 1970.
    cursor = models.CharField(max_length=40, blank=True)
    connected_at = models.DateTimeField()
    latest_import_at = models.DateTimeField(null=True, blank=True)
    latest_recent_at = models.DateTimeField(null=True, blank=True)
    next_import_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["person", "source"], name="sourcelink_unique_pair"
            )
        ]
        indexes = [
            # Beat asks every minute whose daily refresh is due.
            models.Index(fields=["next_import_at"], name="sourcelink_due")
        ]

    def __str__(self) -> str:
        return f"{self.source} of {self.person_id}"

    @property
    def needs_consent(self) -> bool:
        """Whether trying again is in vain until the person connects anew."""
        return self.state in {self.State.NEEDS_RECONNECT, self.State.NOT_ALLOWED}


class ImportRunQuerySet(models.QuerySet["ImportRun"]):
    def active(self) -> Self:
        return self.filter(state__in=ImportRun.ACTIVE)

    def stalled(self, now: datetime) -> Self:
        """Active runs no worker holds and whose time to go on has come."""
        return self.active().filter(
            models.Q(lease_until__isnull=True) | models.Q(lease_until__lt=now),
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
    source = models.CharField(max_length=12, choices=Source.choices)
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


class TopArtistQuerySet(models.QuerySet["TopArtist"]):
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
    source = models.CharField(max_length=12, choices=Source.choices)
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


class TopTrack(models.Model):
    """One line of a person's ranked tracks, from one source and time range."""

    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="top_tracks"
    )
    source = models.CharField(max_length=12, choices=Source.choices)
    time_range = models.CharField(max_length=12, choices=TimeRange.choices)
    rank = models.PositiveSmallIntegerField()
    track = models.ForeignKey(
        Track, on_delete=models.CASCADE, related_name="top_track_rows"
    )

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


class Listen(models.Model):
    """One track listened to at one moment."""

    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="listens"
    )
    source = models.CharField(max_length=12, choices=Source.choices)
    track = models.ForeignKey(Track, on_delete=models.CASCADE, related_name="listens")
    listened_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["person", "listened_at", "track"], name="listen_unique"
            )
        ]
        indexes = [
            models.Index(fields=["person", "-listened_at"], name="listen_newest")
        ]

    def __str__(self) -> str:
        return f"{self.track_id} at {self.listened_at:%Y-%m-%d %H:%M}"
