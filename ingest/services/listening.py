"""Writing what a source said of a person's listening."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain

from django.db import connection, transaction

from accounts.keeping import LISTENS
from ingest.models import (
    Listen,
    Source,
    SourceLink,
    TimeRange,
)
from ingest.music import Library
from ingest.services.echoes import echoes_mark
from ingest.services.links import source_link
from ingest.services.rankings import artists_rank, tracks_rank
from ingest.services.rows import rows_insert
from ingest.signals import listening_changed
from ingest.sources.base import ArtistItem, AudioItem, ListenItem, TrackItem


@dataclass(frozen=True, slots=True)
class Listening:
    """What a source gave: ranked lists by time range, listens, sound by track id.

    Ranked lists take the place of the ones we have of the same time range. None means
    that nothing is known and all of them stay, an empty mapping that there are none.
    """

    artists: Mapping[str, tuple[ArtistItem, ...]] | None = None
    tracks: Mapping[str, tuple[TrackItem, ...]] | None = None
    listens: tuple[ListenItem, ...] = ()
    audio: Mapping[str, AudioItem] = field(default_factory=dict)
    artist_sound: Mapping[ArtistItem, AudioItem] = field(default_factory=dict)

    def all_tracks(self) -> Iterator[TrackItem]:
        yield from chain.from_iterable((self.tracks or {}).values())
        yield from (listen.track for listen in self.listens)

    def all_artists(self) -> Iterator[ArtistItem]:
        yield from chain.from_iterable((self.artists or {}).values())
        yield from (track.artist for track in self.all_tracks())


@dataclass(frozen=True, slots=True)
class Written:
    artists: int
    tracks: int
    genres: int
    listens: int


@transaction.atomic(savepoint=False)
def listening_replace(
    *,
    person_id: int,
    source: Source,
    listening: Listening,
    now: datetime,
    library: Library | None = None,
) -> Written:
    """Put a source's ranked lists in place of the earlier ones and add its listens.

    Listens that are too old to be kept are left out.

    Writing the same again changes nothing. The number of queries does not depend
    on the number of items.
    """
    library = library or Library()
    library.add_artists(listening.all_artists(), tracks=listening.all_tracks())
    library.add_pairs(now=now)
    genres = library.add_genres(listening.all_artists(), source=source)
    library.add_tracks(listening.all_tracks())
    _write_audio(listening, library, source)
    artists, tracks = _rank(person_id, source, listening, library)
    kept = [item for item in listening.listens if item.listened_at >= now - LISTENS]
    listens = _add_listens(person_id, source, kept, library)
    if kept:
        since = min(item.listened_at for item in kept)
        echoes_mark(person_id=person_id, since=since)
    listening_changed.send(sender=SourceLink, person_id=person_id, now=now)
    return Written(artists, tracks, genres, listens)


@transaction.atomic
def artists_pick(
    *, person_id: int, artists: tuple[ArtistItem, ...], now: datetime
) -> None:
    """Take the artists a person named by hand, the closest first, as one list."""
    link = source_link(person_id=person_id, source=Source.MANUAL, now=now)
    listening_replace(
        person_id=person_id,
        source=Source.MANUAL,
        listening=Listening(artists={TimeRange.LONG: artists}, tracks={}),
        now=now,
    )
    link.latest_import_at = now
    link.save(update_fields=["latest_import_at"])


def _write_audio(listening: Listening, library: Library, source: Source) -> None:
    sound = {
        library.track_id(track): listening.audio[track.spotify_id]
        for track in listening.all_tracks()
        if track.spotify_id is not None and track.spotify_id in listening.audio
    }
    library.add_audio(sound, source=source)
    if listening.artist_sound:
        by_row = {library.artist_id(a): s for a, s in listening.artist_sound.items()}
        library.add_artist_sound(by_row, source=source)


def _rank(
    person_id: int, source: Source, listening: Listening, library: Library
) -> tuple[int, int]:
    """Write the ranked lists that are known; returns how many of each there are."""
    artists = tracks = 0
    if listening.artists is not None:
        by_range = {
            time_range: [library.artist_id(item) for item in items]
            for time_range, items in listening.artists.items()
        }
        artists = artists_rank(person_id=person_id, source=source, lists=by_range)
    if listening.tracks is not None:
        by_range = {
            time_range: [library.track_id(item) for item in items]
            for time_range, items in listening.tracks.items()
        }
        tracks = tracks_rank(person_id=person_id, source=source, lists=by_range)
    return artists, tracks


def _add_listens(
    person_id: int, source: Source, items: Iterable[ListenItem], library: Library
) -> int:
    rows = [
        (
            person_id,
            str(source),
            library.track_id(item.track),
            connection.ops.adapt_datetimefield_value(item.listened_at),
            False,
        )
        for item in items
    ]
    columns = ("person_id", "source", "track_id", "listened_at", "is_echo")
    rows_insert(Listen, columns, rows, skips_known=True)
    return len(rows)
