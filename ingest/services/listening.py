"""Writing what a source said of a person's listening."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain

from django.db import transaction

from ingest.models import (
    Listen,
    Source,
    SourceLink,
    TimeRange,
    TopArtist,
    TopTrack,
)
from ingest.music import Library
from ingest.services.echoes import echoes_mark
from ingest.services.links import source_link
from ingest.signals import listening_changed
from ingest.sources.base import ArtistItem, AudioItem, ListenItem, TrackItem

_BATCH = 500


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

    Writing the same again changes nothing. The number of queries does not depend
    on the number of items.
    """
    library = library or Library()
    library.add_artists(listening.all_artists(), tracks=listening.all_tracks())
    library.add_pairs(now=now)
    genres = library.add_genres(listening.all_artists(), source=source)
    library.add_tracks(listening.all_tracks())
    _write_audio(listening, library, source)
    artists = _replace_artists(person_id, source, listening.artists, library)
    tracks = _replace_tracks(person_id, source, listening.tracks, library)
    listens = _add_listens(person_id, source, listening.listens, library)
    if listens:
        since = min(item.listened_at for item in listening.listens)
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


def _ranked(ids: Iterable[int]) -> list[tuple[int, int]]:
    """Number ids from 1, each once: some services name an item twice."""
    return list(enumerate(dict.fromkeys(ids), start=1))


def _replace_artists(
    person_id: int,
    source: Source,
    lists: Mapping[str, tuple[ArtistItem, ...]] | None,
    library: Library,
) -> int:
    if lists is None:
        return 0
    rows = [
        TopArtist(
            person_id=person_id,
            source=source,
            time_range=time_range,
            rank=rank,
            artist_id=artist,
        )
        for time_range, items in lists.items()
        for rank, artist in _ranked(library.artist_id(item) for item in items)
    ]
    mine = TopArtist.objects.filter(person_id=person_id, source=source)
    (mine.filter(time_range__in=list(lists)) if lists else mine).delete()
    TopArtist.objects.bulk_create(rows, batch_size=_BATCH)
    return len({row.artist_id for row in rows})


def _replace_tracks(
    person_id: int,
    source: Source,
    lists: Mapping[str, tuple[TrackItem, ...]] | None,
    library: Library,
) -> int:
    if lists is None:
        return 0
    rows = [
        TopTrack(
            person_id=person_id,
            source=source,
            time_range=time_range,
            rank=rank,
            track_id=track,
        )
        for time_range, items in lists.items()
        for rank, track in _ranked(library.track_id(item) for item in items)
    ]
    mine = TopTrack.objects.filter(person_id=person_id, source=source)
    (mine.filter(time_range__in=list(lists)) if lists else mine).delete()
    TopTrack.objects.bulk_create(rows, batch_size=_BATCH)
    return len({row.track_id for row in rows})


def _add_listens(
    person_id: int, source: Source, items: Iterable[ListenItem], library: Library
) -> int:
    rows = [
        Listen(
            person_id=person_id,
            source=source,
            track_id=library.track_id(item.track),
            listened_at=item.listened_at,
        )
        for item in items
    ]
    Listen.objects.bulk_create(rows, batch_size=_BATCH, ignore_conflicts=True)
    return len(rows)
