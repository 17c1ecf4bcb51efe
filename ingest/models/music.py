"""Artists, their genres, and tracks."""

from collections.abc import Iterable
from typing import Self

from django.db import models
from django.db.models.functions import Coalesce

from ingest.models.links import is_switched_off
from ingest.models.muted import is_muted


class Genre(models.Model):
    name = models.CharField(max_length=100, unique=True)

    def __str__(self) -> str:
        return self.name


_SEVERAL = 3
# The name of the row that stands for it.
_SHOWN = Coalesce("same_as__name", "name")


def _is_off() -> models.Exists:
    return is_switched_off("top_artist_rows__")


class ArtistQuerySet(models.QuerySet["Artist"]):
    def names(self, ids: Iterable[int]) -> dict[int, str]:
        """Names by id, in one query; a taste may outlive the row of an artist.

        Of an artist that another one stands for, the other one's name.
        """
        names = dict.fromkeys(ids, "an artist no longer known here")
        rows = self.filter(pk__in=names).annotate(shown=_SHOWN)
        names.update(rows.values_list("pk", "shown"))
        return names

    def rows_of(self, ids: Iterable[int]) -> Self:
        """Every row these stand for, themselves among them."""
        ids = list(ids)
        return self.filter(models.Q(pk__in=ids) | models.Q(same_as__in=ids))

    def listeners(self) -> int:
        """How many people have any of these artists, each counted once.

        Like the other counts here, without sources that are switched off.
        """
        people = models.Count("top_artist_rows__person", distinct=True)
        found: int = self.filter(~_is_off()).aggregate(people=people)["people"]
        return found

    def listeners_by_source(self, ids: Iterable[int]) -> dict[int, dict[str, int]]:
        """How many people have each of these, and from where, in one query."""
        found: dict[int, dict[str, int]] = {}
        source, person = "top_artist_rows__source", "top_artist_rows__person"
        rows = self.filter(~_is_off(), pk__in=ids, top_artist_rows__isnull=False)
        counted = rows.values_list("pk", source).annotate(
            people=models.Count(person, distinct=True)
        )
        for artist, key, people in counted.order_by("pk", "-people", source):
            found.setdefault(artist, {})[key] = people
        return found

    def known_here(self) -> models.QuerySet["Artist", tuple[int, str]]:
        """Artists that several people here have, the best known first: id and name.

        As those that stand. Only of people who joined, do not keep the artist to
        themselves, and are several: one person's artists say who was here.
        """
        here = {
            f"top_artist_rows__person__{field}": value
            for field, value in (
                ("joined_at__isnull", False),
                ("paused_at__isnull", True),
                ("suspended_until__isnull", True),
                ("is_hidden", False),
                ("is_active", True),
            )
        }
        return (
            self.filter(~_is_off(), ~is_muted("top_artist_rows__"), **here)
            .values(stands=Coalesce("same_as_id", "pk"), shown=_SHOWN)
            .annotate(people=models.Count("top_artist_rows__person", distinct=True))
            .filter(people__gte=_SEVERAL)
            .order_by("-people", "shown", "stands")
            .values_list("stands", "shown")
        )

    def well_known(self, *, limit: int) -> list[str]:
        """Names of the artists most people here have, in the order of the alphabet."""
        names = [name for _, name in self.known_here()[:limit]]
        return sorted(names, key=str.casefold)


class Artist(models.Model):
    """An artist under one identity: Spotify id, MusicBrainz id, else normalised name.

    Two rows that are the same artist stay as they are: ``same_as`` of one names the
    other, which then stands for both. Taking it away is all that a split needs.
    """

    name = models.CharField(max_length=200)
    name_key = models.CharField(max_length=200)
    spotify_id = models.CharField(max_length=40, null=True, blank=True, unique=True)
    mbid = models.CharField(max_length=36, null=True, blank=True, unique=True)
    same_as = models.ForeignKey(
        "self",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="others",
    )
    genres = models.ManyToManyField(
        Genre, through="ArtistGenre", related_name="artists"
    )

    objects = ArtistQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["name_key"],
                condition=models.Q(spotify_id__isnull=True, mbid__isnull=True),
                name="artist_unique_name_without_id",
            ),
            models.CheckConstraint(
                condition=~models.Q(same_as=models.F("id")),
                name="artist_not_same_as_itself",
            ),
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
    # Who said so first: a source, or a service that was asked; "" before it was kept.
    source = models.CharField(max_length=12, blank=True)

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
        indexes = [models.Index(fields=["isrc"], name="track_isrc")]

    def __str__(self) -> str:
        return self.name
