"""Finding or making the rows of artists, tracks and genres, many at a time.

The number of queries does not grow with the number of items. Rows are claimed and
inserted in a fixed order and conflicts ignored, so two imports that meet neither fail
nor wait for each other in a circle: each looks again at what the other left. (Two that
give an MBID to different names in the same moment may wait so; the database ends one of
them, and its run is tried again.)
"""

import logging
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

from django.db import IntegrityError, OperationalError, transaction
from django.db.models import Q

from ingest.genres import canonical
from ingest.ladder import (
    ArtistLadder,
    ArtistRow,
    Doubt,
    SoughtArtist,
    TrackLadder,
    TrackRow,
    artist_identity,
)
from ingest.models import (
    Artist,
    ArtistGenre,
    ArtistPair,
    ArtistSound,
    AudioFeatures,
    Genre,
    Source,
    Track,
)
from ingest.names import name_key
from ingest.sound import SOUND_KEYS
from ingest.sources.base import ArtistItem, AudioItem, TrackItem

logger = logging.getLogger(__name__)

_BATCH = 500
# How often one looks again. Twice is the rule; more, where other imports came between.
_ROUNDS = 6
_Row = TypeVar("_Row", ArtistRow, TrackRow)
_ARTIST_COLUMNS = ("name", "name_key", "spotify_id", "mbid", "pk", "same_as_id")


class Overtaken(OperationalError):
    """Other imports kept writing the same rows: worth trying again later."""


def _identity(item: ArtistItem) -> tuple[str, str]:
    return artist_identity(name_key(item.name), item.spotify_id, item.mbid)


class Library:
    """Rows known so far. Keep one for a bulk load, or make one for each import."""

    def __init__(self) -> None:
        self._artists: dict[tuple[str, str], int] = {}
        self._tracks: dict[tuple[object, ...], int] = {}
        self._genres: dict[str, int] = {}
        self._linked: set[tuple[int, int]] = set()
        self._heard: set[int] = set()
        self._pairs: dict[tuple[int, int], str] = {}

    # --- Artists ----------------------------------------------------------

    def artist_id(self, item: ArtistItem) -> int:
        """Return the row of an artist added before."""
        return self._artists[_identity(item)]

    def add_artists(
        self, items: Iterable[ArtistItem], *, tracks: Iterable[TrackItem] = ()
    ) -> None:
        """Make every item known: found, claimed by its ids, or created.

        ``tracks`` are those the items came with: a recording two artists are credited
        with says more than their names.
        """
        sought = self._sought(items, tracks)
        if not sought:
            return
        doubts: list[Doubt] = []
        for _ in range(_ROUNDS):
            ladder = self._artist_ladder(sought)
            rows = [ladder.place(one) for one in sought]
            doubts += ladder.doubts
            if not ladder.claimed and not ladder.new:
                found = zip(sought, rows, strict=True)
                self._artists.update({o.identity: r.pk for o, r in found if r.pk})
                self._keep_doubts(doubts, ladder)
                return
            self._claim_artists(ladder.claimed)
            self._create_artists(ladder.new)
        raise Overtaken("Other imports wrote the same artists again and again.")

    def _sought(
        self, items: Iterable[ArtistItem], tracks: Iterable[TrackItem]
    ) -> list[SoughtArtist]:
        sought: dict[tuple[str, str], SoughtArtist] = {}
        for item in items:
            if (identity := _identity(item)) not in self._artists:
                key = name_key(item.name)
                new = SoughtArtist(item.name, key, item.spotify_id, item.mbid)
                known = sought.setdefault(identity, new)
                known.mbid = known.mbid or item.mbid
        for track in tracks:
            one = sought.get(_identity(track.artist))
            if one is not None and track.isrc:
                one.isrcs.add(track.isrc)
        return sorted(sought.values(), key=lambda one: one.order)

    def _artist_ladder(self, sought: Sequence[SoughtArtist]) -> ArtistLadder:
        """Read what there is of these artists: two queries at most."""
        rows = self._find_artists(sought)
        known = {row.spotify_id for row in rows}
        isrcs = {
            isrc
            for one in sought
            if one.spotify_id is None or one.spotify_id not in known
            for isrc in one.isrcs
        }
        return ArtistLadder(rows, self._credited(isrcs) if isrcs else {})

    def _find_artists(self, sought: Iterable[SoughtArtist]) -> list[ArtistRow]:
        sought = list(sought)
        found = Artist.objects.filter(
            Q(spotify_id__in={o.spotify_id for o in sought if o.spotify_id is not None})
            | Q(mbid__in={o.mbid for o in sought if o.mbid is not None})
            | Q(name_key__in={o.name_key for o in sought})
        )
        rows = found.order_by("pk").values_list(*_ARTIST_COLUMNS)
        return [_artist_row(*row) for row in rows]

    def _credited(self, isrcs: set[str]) -> dict[str, list[ArtistRow]]:
        """Artists of the tracks we know, by recording."""
        tracks = Track.objects.filter(isrc__in=isrcs).order_by("artist_id")
        columns = (f"artist__{column}" for column in _ARTIST_COLUMNS)
        credited: dict[str, list[ArtistRow]] = {}
        for isrc, *row in tracks.values_list("isrc", *columns).distinct():
            credited.setdefault(isrc, []).append(_artist_row(*row))
        return credited

    def _claim_artists(self, rows: list[ArtistRow]) -> None:
        columns = ["spotify_id", "mbid"]
        claims = [
            Artist(pk=r.pk, name=r.name, spotify_id=r.spotify_id, mbid=r.mbid)
            for r in _locked(Artist, rows, columns)
        ]
        _update(claims, ["name", *columns])

    def _create_artists(self, rows: list[ArtistRow]) -> None:
        if rows:
            new = [
                Artist(
                    name=row.name,
                    name_key=row.name_key,
                    spotify_id=row.spotify_id,
                    mbid=row.mbid,
                )
                for row in rows
            ]
            Artist.objects.bulk_create(new, batch_size=_BATCH, ignore_conflicts=True)

    # --- Pairs ------------------------------------------------------------

    def _keep_doubts(self, doubts: Iterable[Doubt], ladder: ArtistLadder) -> None:
        for doubt in doubts:
            row, other = ladder.find(doubt.row), ladder.find(doubt.other)
            if row and other and row.pk and other.pk and row.may_be(other):
                low, high = sorted((row.pk, other.pk))
                self._pairs.setdefault((low, high), doubt.reason)

    def add_pairs(self, *, now: datetime) -> None:
        """Ask a person about artists that may be one; never again about the same."""
        pairs, self._pairs = sorted(self._pairs.items()), {}
        if pairs:
            rows = [
                ArtistPair(artist_id=low, other_id=high, reason=reason, noticed_at=now)
                for (low, high), reason in pairs
            ]
            ArtistPair.objects.bulk_create(
                rows, batch_size=_BATCH, ignore_conflicts=True
            )

    # --- Genres -----------------------------------------------------------

    def add_genres(self, items: Iterable[ArtistItem], *, source: str = "") -> int:
        """Link artists to the genres their items name; returns how many genres.

        ``source`` is kept with the links that were not there.
        """
        named: dict[int, set[str]] = {}
        for item in {item for item in items if item.genres}:
            names = {canonical(genre) for genre in item.genres or ()} - {""}
            named.setdefault(self.artist_id(item), set()).update(names)
        genres = set().union(*named.values()) if named else set()
        made = self._add_genre_names(genres)
        wanted = {(a, self._genres[g]) for a, gs in named.items() for g in gs}
        self._add_genre_links(wanted - self._linked, made, source)
        return len(genres)

    def _add_genre_names(self, names: set[str]) -> set[int]:
        """Make every genre known; returns the rows that were not there."""
        unknown = names - self._genres.keys()
        if unknown:
            found = Genre.objects.filter(name__in=sorted(unknown))
            self._genres.update(found.values_list("name", "pk"))
        rows = [Genre(name=name) for name in sorted(names - self._genres.keys())]
        if rows:
            # Somebody else's is written again, as it is: that gives its id, too.
            Genre.objects.bulk_create(
                rows,
                batch_size=_BATCH,
                update_conflicts=True,
                unique_fields=["name"],
                update_fields=["name"],
            )
        self._genres.update({row.name: row.pk for row in rows})
        return {row.pk for row in rows}

    def _add_genre_links(
        self, links: set[tuple[int, int]], made: set[int], source: str
    ) -> None:
        # Most are there: reading them is quicker than trying to write them again.
        artists = {artist for artist, genre in links if genre not in made}
        rows = ArtistGenre.objects.filter(artist__in=artists)
        there = set(rows.values_list("artist_id", "genre_id")) if artists else set()
        new = sorted(links - there)
        self._linked.update(links)
        if new:
            ArtistGenre.objects.bulk_create(
                [ArtistGenre(artist_id=a, genre_id=g, source=source) for a, g in new],
                batch_size=_BATCH,
                ignore_conflicts=True,
            )

    # --- Tracks -----------------------------------------------------------

    def track_id(self, item: TrackItem) -> int:
        """Return the row of a track added before."""
        return self._tracks[self._track_identity(item)]

    def add_tracks(self, items: Iterable[TrackItem]) -> None:
        """Make every item known. Their artists must have been added."""
        wanted = {self._track_identity(i): i for i in items}
        missing = sorted(
            (item for key, item in wanted.items() if key not in self._tracks),
            key=lambda i: (i.spotify_id is None, i.spotify_id or "", *self._title(i)),
        )
        if not missing:
            return
        for _ in range(_ROUNDS):
            sought = [self._sought_track(item) for item in missing]
            ladder = TrackLadder(self._find_tracks(sought))
            rows = [ladder.place(one) for one in sought]
            found = list(zip(missing, sought, rows, strict=True))
            if not ladder.claimed and not ladder.new:
                ids = {self._track_identity(i): row.pk for i, _, row in found if row.pk}
                self._tracks.update(ids)
                return
            self._claim_tracks(ladder.claimed)
            self._create_tracks([i for i, one, row in found if row is one])
        raise Overtaken("Other imports wrote the same tracks again and again.")

    def _track_identity(self, item: TrackItem) -> tuple[object, ...]:
        return (item.spotify_id,) if item.spotify_id else self._title(item)

    def _title(self, item: TrackItem) -> tuple[int, str, str]:
        return self.artist_id(item.artist), name_key(item.name), item.isrc

    def _sought_track(self, item: TrackItem) -> TrackRow:
        artist, key, isrc = self._title(item)
        return TrackRow(artist, key, item.spotify_id, isrc)

    def _find_tracks(self, sought: Iterable[TrackRow]) -> list[TrackRow]:
        sought = list(sought)
        by_artist = Q(name_key__in={one.name_key for one in sought})
        if isrcs := {one.isrc for one in sought if one.isrc}:
            by_artist |= Q(isrc__in=isrcs)
        found = Track.objects.filter(
            Q(spotify_id__in={o.spotify_id for o in sought if o.spotify_id is not None})
            | Q(artist_id__in={one.artist_id for one in sought}) & by_artist
        )
        rows = found.values_list("artist_id", "name_key", "spotify_id", "isrc", "pk")
        return [TrackRow(*row) for row in rows]

    def _claim_tracks(self, rows: list[TrackRow]) -> None:
        columns = ["spotify_id", "isrc"]
        claims = [
            Track(pk=row.pk, spotify_id=row.spotify_id, isrc=row.isrc)
            for row in _locked(Track, rows, columns)
        ]
        _update(claims, columns)

    def _create_tracks(self, items: list[TrackItem]) -> None:
        if items:
            Track.objects.bulk_create(
                [self._track_row(item) for item in items],
                batch_size=_BATCH,
                ignore_conflicts=True,
            )

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


def _artist_row(
    name: str,
    key: str,
    spotify_id: str | None,
    mbid: str | None,
    pk: int,
    same_as: int | None,
) -> ArtistRow:
    return ArtistRow(name, key, spotify_id, mbid, pk, same_as or pk)


def _locked(
    model: type[Artist] | type[Track], rows: Sequence[_Row], columns: Sequence[str]
) -> list[_Row]:
    """Lock rows to be claimed; return those nobody else claimed meanwhile."""
    if not rows:
        return []
    locked = model._default_manager.select_for_update().order_by("pk")
    found = locked.filter(pk__in=[row.pk for row in rows])
    had = {pk: tuple(ids) for pk, *ids in found.values_list("pk", *columns)}
    return [row for row in rows if had.get(row.pk) == row.had]


def _update(rows: Sequence[Any], columns: list[str]) -> None:
    """Write claims, or none of them: an id may have gone to another row just now."""
    if not rows:
        return
    try:
        with transaction.atomic():
            type(rows[0])._default_manager.bulk_update(rows, columns, batch_size=_BATCH)
    except IntegrityError:
        logger.info("Another import gave away an id first; looking again.")
