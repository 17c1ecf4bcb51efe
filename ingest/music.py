"""Finding or making the rows of artists, tracks and genres, many at a time.

The number of queries does not grow with the number of items. Rows are inserted
in a fixed order and conflicts ignored, so two imports that meet neither fail nor
wait for each other in a circle.
"""

from collections.abc import Iterable, Mapping

from django.db.models import Q

from ingest.models import (
    Artist,
    ArtistGenre,
    ArtistSound,
    AudioFeatures,
    Genre,
    Source,
    Track,
    name_key,
)
from ingest.sound import SOUND_KEYS
from ingest.sources.base import ArtistItem, AudioItem, TrackItem

_BATCH = 500


def _genre_name(name: str) -> str:
    return " ".join(name.lower().split())[:100]


class Library:
    """Rows known so far. Keep one for a bulk load, or make one for each import."""

    def __init__(self) -> None:
        self._by_id: dict[str, int] = {}
        self._by_name: dict[str, int] = {}
        self._tracks_by_id: dict[str, int] = {}
        self._tracks_by_name: dict[tuple[int, str], int] = {}
        self._genres: dict[str, int] = {}
        self._linked: set[tuple[int, int]] = set()
        self._heard: set[int] = set()

    # --- Artists ----------------------------------------------------------

    def artist_id(self, item: ArtistItem) -> int:
        """Return the row of an artist added before."""
        if item.spotify_id is not None:
            return self._by_id[item.spotify_id]
        return self._by_name[name_key(item.name)]

    def add_artists(self, items: Iterable[ArtistItem]) -> None:
        """Make every item known: found, claimed by its id, or created."""
        missing = {self._identity(i): i for i in items if not self._knows(i)}
        if not missing:
            return
        self._find_artists(missing.values())
        self._claim_artists(i for i in missing.values() if not self._knows(i))
        # Ids first: a name alone may mean one of those.
        for has_id in (True, False):
            self._create_artists(
                i
                for i in missing.values()
                if (i.spotify_id is not None) is has_id and not self._knows(i)
            )

    def _identity(self, item: ArtistItem) -> tuple[str, str]:
        if item.spotify_id is not None:
            return ("id", item.spotify_id)
        return ("name", name_key(item.name))

    def _knows(self, item: ArtistItem) -> bool:
        kind, key = self._identity(item)
        return key in (self._by_id if kind == "id" else self._by_name)

    def _find_artists(self, items: Iterable[ArtistItem]) -> None:
        """One query. A name alone means the row without an id, else the oldest one."""
        items = list(items)
        ids = {i.spotify_id for i in items if i.spotify_id is not None}
        names = {name_key(i.name) for i in items}
        rows = Artist.objects.filter(Q(spotify_id__in=ids) | Q(name_key__in=names))
        found = sorted(
            rows.values_list("pk", "spotify_id", "name_key"),
            key=lambda row: (row[1] is None, -row[0]),
        )
        for pk, spotify_id, key in found:
            if spotify_id is not None:
                self._by_id[spotify_id] = pk
            self._by_name[key] = pk

    def _claim_artists(self, items: Iterable[ArtistItem]) -> None:
        """Give a row known by name only the id that a service has for it."""
        taken = set(self._by_id.values())
        claims: dict[int, ArtistItem] = {}
        for item in items:
            row = self._by_name.get(name_key(item.name))
            if item.spotify_id is not None and row is not None and row not in taken:
                claims.setdefault(row, item)
        for pk in self._still_free(claims):
            self._by_id[str(claims[pk].spotify_id)] = pk

    def _still_free(self, claims: Mapping[int, ArtistItem]) -> list[int]:
        """Lock the rows, and write the ids on those nobody else claimed meanwhile."""
        if not claims:
            return []
        rows = Artist.objects.select_for_update().filter(pk__in=claims, spotify_id=None)
        free = list(rows.order_by("pk").values_list("pk", flat=True))
        Artist.objects.bulk_update(
            [
                Artist(pk=pk, name=claims[pk].name, spotify_id=claims[pk].spotify_id)
                for pk in free
            ],
            ["name", "spotify_id"],
            batch_size=_BATCH,
        )
        return free

    def _create_artists(self, items: Iterable[ArtistItem]) -> None:
        new = sorted(items, key=self._identity)
        if not new:
            return
        Artist.objects.bulk_create(
            [
                Artist(name=i.name, name_key=name_key(i.name), spotify_id=i.spotify_id)
                for i in new
            ],
            batch_size=_BATCH,
            ignore_conflicts=True,
        )
        self._find_artists(new)

    # --- Genres -----------------------------------------------------------

    def add_genres(self, items: Iterable[ArtistItem]) -> int:
        """Link artists to the genres their items name; returns how many genres."""
        wanted = {
            self.artist_id(i): {_genre_name(g) for g in i.genres} - {""}
            for i in items
            if i.genres
        }
        names = set().union(*wanted.values()) if wanted else set()
        self._add_genre_names(names)
        asked = {(a, self._genres[g]) for a, gs in wanted.items() for g in gs}
        links = sorted(asked - self._linked)
        self._linked.update(links)
        if links:
            ArtistGenre.objects.bulk_create(
                [ArtistGenre(artist_id=a, genre_id=g) for a, g in links],
                batch_size=_BATCH,
                ignore_conflicts=True,
            )
        return len(names)

    def _add_genre_names(self, names: set[str]) -> None:
        unknown = sorted(names - self._genres.keys())
        if not unknown:
            return
        Genre.objects.bulk_create(
            [Genre(name=name) for name in unknown],
            batch_size=_BATCH,
            ignore_conflicts=True,
        )
        rows = Genre.objects.filter(name__in=unknown)
        self._genres.update(rows.values_list("name", "pk"))

    # --- Tracks -----------------------------------------------------------

    def track_id(self, item: TrackItem) -> int:
        """Return the row of a track added before."""
        if item.spotify_id is not None:
            return self._tracks_by_id[item.spotify_id]
        return self._tracks_by_name[self._track_key(item)]

    def add_tracks(self, items: Iterable[TrackItem]) -> None:
        """Make every item known. Their artists must have been added."""
        missing = {
            item.spotify_id or self._track_key(item): item
            for item in items
            if not self._knows_track(item)
        }
        if not missing:
            return
        self._find_tracks(missing.values())
        new = [i for i in missing.values() if not self._knows_track(i)]
        if new:
            new.sort(key=lambda i: (i.spotify_id or "", *self._track_key(i)))
            Track.objects.bulk_create(
                [self._track_row(item) for item in new],
                batch_size=_BATCH,
                ignore_conflicts=True,
            )
            self._find_tracks(new)

    def _track_key(self, item: TrackItem) -> tuple[int, str]:
        return self.artist_id(item.artist), name_key(item.name)

    def _knows_track(self, item: TrackItem) -> bool:
        if item.spotify_id is not None:
            return item.spotify_id in self._tracks_by_id
        return self._track_key(item) in self._tracks_by_name

    def _find_tracks(self, items: Iterable[TrackItem]) -> None:
        items = list(items)
        ids = {i.spotify_id for i in items if i.spotify_id is not None}
        keys = {self._track_key(i) for i in items if i.spotify_id is None}
        rows = Track.objects.filter(
            Q(spotify_id__in=ids)
            | Q(
                artist_id__in={artist for artist, _ in keys},
                name_key__in={name for _, name in keys},
                spotify_id=None,
            )
        )
        for pk, spotify_id, artist, key in rows.values_list(
            "pk", "spotify_id", "artist_id", "name_key"
        ):
            if spotify_id is not None:
                self._tracks_by_id[spotify_id] = pk
            else:
                self._tracks_by_name[artist, key] = pk

    def _track_row(self, item: TrackItem) -> Track:
        return Track(
            name=item.name,
            name_key=name_key(item.name),
            artist_id=self.artist_id(item.artist),
            spotify_id=item.spotify_id,
            isrc=item.isrc,
            duration_ms=item.duration_ms,
            release_year=item.release_year,
        )

    # --- Sound ------------------------------------------------------------

    def add_audio(self, sound: Mapping[int, AudioItem], *, source: Source) -> None:
        """Keep how tracks sound, by track row; the latest measurement wins."""
        rows = [
            AudioFeatures(track_id=track, source=source, **_sound_fields(item))
            for track, item in sorted(sound.items())
        ]
        if rows:
            AudioFeatures.objects.bulk_create(
                rows,
                batch_size=_BATCH,
                update_conflicts=True,
                unique_fields=["track"],
                update_fields=["source", *SOUND_KEYS],
            )

    def add_artist_sound(
        self, sound: Mapping[int, AudioItem], *, source: Source
    ) -> None:
        """Keep how artists sound on average, by artist row; the first one stays."""
        rows = [
            ArtistSound(artist_id=artist, source=source, **_sound_fields(item))
            for artist, item in sorted(sound.items())
            if artist not in self._heard
        ]
        self._heard.update(sound)
        if rows:
            ArtistSound.objects.bulk_create(
                rows, batch_size=_BATCH, ignore_conflicts=True
            )


def _sound_fields(item: AudioItem) -> dict[str, float | None]:
    return {key: getattr(item, key) for key in SOUND_KEYS}
