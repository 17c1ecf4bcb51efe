"""Asking services for the genres of artists nobody named any for."""

import time
from abc import abstractmethod
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta

import requests
from django.conf import settings
from django.db import transaction
from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Coalesce

from ingest.genres.vocabulary import genres_of
from ingest.models import Artist, ArtistGenre, ArtistLookup, Genre, TopArtist
from ingest.names import name_key
from ingest.services import doors
from ingest.services.lookups import memory, switches
from ingest.services.lookups.artists import ArtistAsk
from ingest.services.lookups.mbids import IsrcAsk, SpotifyUrlAsk
from ingest.services.lookups.picking import DueArtist
from ingest.services.lookups.telling import tell
from ingest.services.lookups.turn import AnyAsk, Sleep, Turn, alone
from ingest.services.turns import Clock
from ingest.sources.base import Tag
from ingest.sources.lastfm import LastfmSource
from ingest.sources.listenbrainz import TAGS_PAGE, ListenBrainzSource
from ingest.sources.musicbrainz import MusicBrainz

_ASKING = timedelta(seconds=15)
_TELLING = timedelta(seconds=20)
_BATCH = 500
_STANDS = Coalesce("same_as_id", "pk")
# Of any of the rows that are one artist.
_HAS_GENRE = Exists(
    ArtistGenre.objects.filter(
        Q(artist=OuterRef("stands")) | Q(artist__same_as=OuterRef("stands"))
    )
)
Tags = Mapping[int, Sequence[Tag]]


def genres_look_up(*, clock: Clock, sleep: Sleep = time.sleep) -> None:
    """Ask for genres for about a quarter of a minute, then compute the tastes anew.

    Without a service to ask it does nothing at all. One worker at a time; what one
    leaves behind half-way is finished by the next before it asks anything.
    """
    services = switches.genre_services()
    if not services:
        return
    with alone("genres") as is_alone:
        began = clock()
        if is_alone and _tell(clock, began + _TELLING):
            with doors.session() as session:
                asks = [ask(session) for ask in _ask_types(services)]
                Turn(asks, clock=clock, sleep=sleep, until=began + _ASKING).take()
            _tell(clock, began + _TELLING)


def genres_known(artist_ids: Collection[int]) -> tuple[int, int]:
    """Return of how many of these artists we know a genre, and how many they are."""
    ids = set(artist_ids)
    return _artists(ids).filter(_HAS_GENRE).count(), len(ids)


def genres_awaited(artist_ids: Collection[int]) -> int:
    """Count those of these artists we know no genre of, and still ask about."""
    awaited = Q(pk__in=[])
    for ask in _ask_types(switches.genre_services()):
        rows = ArtistLookup.objects.filter(artist=OuterRef("pk"), service=ask.key)
        awaited |= ask.can & Q(~Exists(rows.exclude(memory.FAILED)))
    return _artists(artist_ids).filter(~_HAS_GENRE).filter(awaited).count()


def _artists(artist_ids: Collection[int]) -> QuerySet[Artist]:
    return Artist.objects.filter(pk__in=set(artist_ids)).annotate(stands=_STANDS)


def _tell(clock: Clock, until: datetime) -> bool:
    """Tell of every service's answers: one may have been switched off since."""
    return tell(switches.GENRE_SERVICES, _listeners, clock=clock, until=until)


def _listeners(artists: Collection[int]) -> QuerySet[TopArtist, int]:
    """Find who has one of these artists, or one that stands for the same."""
    stands = Artist.objects.filter(pk__in=artists).values_list(_STANDS, flat=True)
    alike = Artist.objects.rows_of(stands).values_list("pk", flat=True)
    rows = TopArtist.objects.filter(artist__in=list(alike))
    return rows.values_list("person_id", flat=True)


def _ask_types(services: Sequence[str]) -> list[type["_GenreAsk"]]:
    """Return the questions in order: ids first, which the services are asked by."""
    types: list[type[_GenreAsk]] = []
    if switches.MUSICBRAINZ in services:
        if settings.GENRE_LOOKUP_SPOTIFY_IDS:
            types.append(SpotifyUrlAsk)
        types.append(IsrcAsk)
    return [*types, *(_TAG_ASKS[service] for service in services)]


# --- The services ---------------------------------------------------------


class _TagAsk(ArtistAsk[Tags]):
    def __init__(self, session: requests.Session) -> None:
        super().__init__()
        self.service = self.key
        self.open(session)

    @abstractmethod
    def open(self, session: requests.Session) -> None: ...

    @transaction.atomic
    def keep(self, items: Sequence[DueArtist], answer: Tags, *, now: datetime) -> None:
        genres = {
            item.pk: genres_of(
                (tag.name, tag.count, tag.is_curated) for tag in answer.get(item.pk, ())
            )
            for item in items
        }
        changed = genres_replace(genres, source=self.key)
        found = {artist: len(names) for artist, names in genres.items()}
        memory.answers_keep(self.key, found, now=now, changed=changed)


class _ListenBrainzAsk(_TagAsk):
    key = "listenbrainz"
    page = TAGS_PAGE
    can = Q(mbid__isnull=False)

    def open(self, session: requests.Session) -> None:
        self._source = ListenBrainzSource(session, switches.access_of(self.key))

    @property
    def pause(self) -> int:
        return self._source.pause

    def fetch(self, items: Sequence[DueArtist]) -> Tags:
        artists = {item.key.mbid: item.pk for item in items if item.key.mbid}
        found = self._source.tags(list(artists))
        return {artists[mbid]: tags for mbid, tags in found.items() if mbid in artists}


class _MusicBrainzAsk(_TagAsk):
    key = switches.MUSICBRAINZ
    can = Q(mbid__isnull=False)

    def open(self, session: requests.Session) -> None:
        self._source = MusicBrainz(session, switches.access_of(self.key))

    def fetch(self, items: Sequence[DueArtist]) -> Tags:
        return {i.pk: self._source.tags(i.key.mbid) for i in items if i.key.mbid}


class _LastfmAsk(_TagAsk):
    """By name; where two artists here have it, only the ids tell them apart."""

    key = "lastfm"
    can = Q(mbid__isnull=False) | ~Q(
        Exists(
            Artist.objects.filter(name_key=OuterRef("name_key")).exclude(
                pk=OuterRef("pk")
            )
        )
    )

    def open(self, session: requests.Session) -> None:
        self._source = LastfmSource(session, switches.access_of(self.key))
        self._shared: set[str] = set()

    def pick(
        self, *, ahead: Sequence[AnyAsk], now: datetime, limit: int
    ) -> list[DueArtist]:
        due = super().pick(ahead=ahead, now=now, limit=limit)
        names = {name_key(item.key.name) for item in due}
        rows = Artist.objects.filter(name_key__in=names).values("name_key")
        shared = rows.annotate(rows=Count("pk")).filter(rows__gt=1)
        self._shared = set(shared.values_list("name_key", flat=True))
        return due

    def fetch(self, items: Sequence[DueArtist]) -> Tags:
        return {item.pk: self._tags(item) for item in items}

    def _tags(self, item: DueArtist) -> Sequence[Tag]:
        if item.key.mbid and name_key(item.key.name) in self._shared:
            return self._source.tags(mbid=item.key.mbid)
        return self._source.tags(name=item.key.name)


_TAG_ASKS: dict[str, type[_TagAsk]] = {
    ask.key: ask for ask in (_ListenBrainzAsk, _MusicBrainzAsk, _LastfmAsk)
}
_GenreAsk = SpotifyUrlAsk | IsrcAsk | _TagAsk


# --- Writing --------------------------------------------------------------


def genres_replace(genres: Mapping[int, Sequence[str]], *, source: str) -> set[int]:
    """Put what a service says now in place of what it said; returns whom it changed.

    What others said stays. Silence takes nothing back.
    """
    spoken = {artist: names for artist, names in genres.items() if names}
    ids = _genre_ids({name for names in spoken.values() for name in names})
    wanted = {(a, ids[name]) for a, names in spoken.items() for name in names}
    kept: set[tuple[int, int]] = set()
    stale: dict[int, int] = {}
    rows = ArtistGenre.objects.filter(artist__in=spoken)
    for pk, artist, genre, said_by in rows.values_list(
        "pk", "artist_id", "genre_id", "source"
    ):
        if said_by == source and (artist, genre) not in wanted:
            stale[pk] = artist
        else:
            kept.add((artist, genre))
    if stale:
        ArtistGenre.objects.filter(pk__in=stale).delete()
    new = sorted(wanted - kept)
    ArtistGenre.objects.bulk_create(
        [ArtistGenre(artist_id=a, genre_id=g, source=source) for a, g in new],
        batch_size=_BATCH,
        ignore_conflicts=True,
    )
    return {*stale.values(), *(artist for artist, _ in new)}


def _genre_ids(names: set[str]) -> dict[str, int]:
    if not names:
        return {}
    Genre.objects.bulk_create(
        [Genre(name=name) for name in sorted(names)],
        batch_size=_BATCH,
        ignore_conflicts=True,
    )
    return dict(Genre.objects.filter(name__in=names).values_list("name", "pk"))
