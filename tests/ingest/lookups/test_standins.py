"""The same over real HTTP: every lookup against the stand-in of its service."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest

from accounts.models import ServiceGate, User
from ingest.genres.vocabulary import canonical
from ingest.models import Artist, ArtistGenre, ArtistLookup, AudioFeatures
from ingest.services.lookups import genres_known
from ingest.sound import SILENT, person_sound
from ingest.sources.base import ArtistItem, TrackItem
from matching.services import index_rebuild
from musicmatch.demo.catalogue import CatalogueArtist, load_catalogue
from musicmatch.standins.lastfm import LastfmStandin
from musicmatch.standins.listenbrainz import ListenBrainzStandin
from musicmatch.standins.mbids import artist_mbid
from musicmatch.standins.musicbrainz import MusicBrainzStandin
from musicmatch.standins.reccobeats import ReccoBeatsStandin
from musicmatch.standins.shelf import Track as ShelfTrack
from tests.ingest.conftest import Clock
from tests.ingest.lookups.conftest import Worker, give_tracks

pytestmark = pytest.mark.django_db


@dataclass
class Services:
    listenbrainz: ListenBrainzStandin
    musicbrainz: MusicBrainzStandin
    lastfm: LastfmStandin
    reccobeats: ReccoBeatsStandin

    def statuses(self) -> set[int]:
        return {call.status for one in vars(self).values() for call in one.log}


@pytest.fixture
def services(clock: Clock, settings: Any) -> Iterator[Services]:
    def seconds() -> float:
        return clock().timestamp()

    kinds: list[Callable[..., Any]] = [
        ListenBrainzStandin,
        MusicBrainzStandin,
        LastfmStandin,
        ReccoBeatsStandin,
    ]
    with ExitStack() as stack:
        running = Services(*(stack.enter_context(k(clock=seconds)) for k in kinds))
        settings.LISTENBRAINZ_URL = running.listenbrainz.origin
        settings.MUSICBRAINZ_URL = running.musicbrainz.url
        settings.LASTFM_URL = running.lastfm.api_url
        settings.LASTFM_API_KEY = running.lastfm.api_key
        settings.RECCOBEATS_URL = running.reccobeats.url
        settings.GENRE_LOOKUP = ["listenbrainz", "musicbrainz", "lastfm"]
        settings.GENRE_LOOKUP_SPOTIFY_IDS = False
        yield running


def items_of(*artists: CatalogueArtist) -> list[TrackItem]:
    """Each artist's first tracks, as an import from Spotify brings them."""
    return [
        TrackItem(
            track.title,
            ArtistItem(artist.name, artist.spotify_id),
            track.spotify_id,
            isrc=track.isrc,
        )
        for artist in artists
        for track in [ShelfTrack(artist, title) for title in artist.tracks[:3]]
    ]


def written(artist: CatalogueArtist) -> set[str]:
    return {canonical(genre) for genre in artist.genres}


CATALOGUE = load_catalogue()


def test_an_import_without_genres_comes_by_them(
    ada: User, services: Services, worker: Worker, clock: Clock, now: datetime
) -> None:
    some = CATALOGUE[:25]
    give_tracks(ada, *items_of(*some), now=now)
    artists = {a.name: a for a in Artist.objects.all()}
    assert genres_known([a.pk for a in artists.values()]) == (0, 25)
    for _ in range(8):
        worker.genres()
        clock.move(seconds=45)
    known, of = genres_known([a.pk for a in artists.values()])
    assert of == 25
    # Some artists have no tags at all.
    assert known >= 22
    for one in some:
        said = ArtistGenre.objects.filter(artist=artists[one.name])
        assert set(said.values_list("genre__name", flat=True)) <= written(one)
        found = Artist.objects.get(name=one.name).mbid
        assert found in (None, artist_mbid(one))
    services_used = set(ArtistGenre.objects.values_list("source", flat=True))
    assert {"listenbrainz", "lastfm"} <= services_used
    # Nobody was asked too fast, or for something that makes no sense.
    assert services.statuses() <= {200, 404}
    asked = sum(len(one.log) for one in vars(services).values())
    worker.genres(turns=2)
    assert sum(len(one.log) for one in vars(services).values()) == asked


def test_ids_of_spotify_lead_there_in_one_call(
    ada: User, services: Services, worker: Worker, now: datetime, settings: Any
) -> None:
    settings.GENRE_LOOKUP_SPOTIFY_IDS = True
    give_tracks(ada, *items_of(*CATALOGUE[25:75]), now=now)
    worker.genres()
    assert len(services.musicbrainz.calls("/ws/2/url")) == 1
    linked = Artist.objects.filter(mbid__isnull=False)
    assert linked.count() > 25
    by_name = {one.name: artist_mbid(one) for one in CATALOGUE}
    assert all(by_name[artist.name] == artist.mbid for artist in linked)
    assert ArtistGenre.objects.filter(source="listenbrainz").exists()


FAULTS: dict[str, dict[str, Any]] = {
    "status": {"status": 500},
    "cut": {"kind": "cut"},
    "garbage": {"kind": "garbage"},
    "missing_keys": {"kind": "missing_keys"},
    "wrong_types": {"kind": "wrong_types"},
    "null_names": {"kind": "null_names"},
    "empty": {"kind": "empty"},
    "429": {"status": 429, "retry_after": 30},
    "503": {"status": 503},
}


@pytest.mark.parametrize("name", ["listenbrainz", "musicbrainz", "lastfm"])
@pytest.mark.parametrize("fault", FAULTS)
def test_a_faulty_service_is_survived_and_asked_again_when_well(
    name: str,
    fault: str,
    ada: User,
    services: Services,
    worker: Worker,
    clock: Clock,
    now: datetime,
    settings: Any,
) -> None:
    settings.GENRE_LOOKUP = [name]
    some = [one for one in CATALOGUE[:40] if artist_mbid(one)][:4]
    give_tracks(ada, *items_of(*some), now=now)
    for one in some:
        Artist.objects.filter(name=one.name).update(mbid=artist_mbid(one))
    service = getattr(services, name)
    service.fault("/", **FAULTS[fault])
    worker.genres()
    assert service.log
    # Of a damaged answer what can be read is taken, and nothing made up.
    said = set(ArtistGenre.objects.values_list("genre__name", flat=True))
    assert said <= set().union(*(written(one) for one in some))
    assert not said or fault in {"missing_keys", "wrong_types", "null_names"}
    service.clear_faults()
    # What seemed an answer without genres is believed for a month.
    clock.move(days=32)
    worker.genres(turns=2)
    assert genres_known(Artist.objects.values_list("pk", flat=True))[0] >= 3


def test_a_slow_service_ends_its_turn(
    ada: User,
    services: Services,
    worker: Worker,
    now: datetime,
    settings: Any,
    monkeypatch: Any,
) -> None:
    monkeypatch.setattr("ingest.sources.http._READ_SECONDS", 0.1)
    settings.GENRE_LOOKUP = ["lastfm"]
    give_tracks(ada, *items_of(*CATALOGUE[:3]), now=now)
    services.lastfm.fault("/2.0/", kind="slow", seconds=5)
    worker.genres()
    failed = ArtistLookup.objects.get()
    assert failed.ask_again_at == failed.asked_at + timedelta(hours=1)


def test_a_suspended_key_is_not_used_again(
    ada: User, services: Services, worker: Worker, now: datetime, settings: Any
) -> None:
    settings.GENRE_LOOKUP = ["lastfm"]
    give_tracks(ada, *items_of(*CATALOGUE[:3]), now=now)
    services.lastfm.behave(key_is_suspended=True, errors_as_200=True)
    worker.genres(turns=3)
    assert len(services.lastfm.log) == 1


def test_tracks_without_sound_come_by_it(
    ada: User, ben: User, services: Services, worker: Worker, now: datetime
) -> None:
    items = items_of(*CATALOGUE[:30])
    # Of some only the recording is known.
    items[-4:] = [TrackItem(i.name, i.artist, isrc=i.isrc) for i in items[-4:]]
    tracks = give_tracks(ada, *items, now=now)
    worker.sounds(turns=2)
    assert AudioFeatures.objects.count() == len(items)
    heard = AudioFeatures.objects.exclude(SILENT)
    assert heard.count() > len(items) / 2
    by_id = {
        t.spotify_id: t
        for t in (ShelfTrack(a, n) for a in CATALOGUE[:30] for n in a.tracks)
    }
    for row in heard.filter(track__spotify_id__isnull=False).select_related("track"):
        energy = by_id[str(row.track.spotify_id)].feature("energy")
        assert row.energy == pytest.approx(energy, abs=0.2)
    sound = person_sound({t.pk for t in tracks}, set())
    assert sound
    assert (sound.source_label, sound.is_whole) == ("ReccoBeats", True)
    index_rebuild(now=now)
    asked = len(services.reccobeats.log)
    worker.sounds(turns=2)
    assert len(services.reccobeats.log) == asked
    assert services.statuses() <= {200}


def test_a_busy_reccobeats_is_left_alone(
    ada: User, services: Services, worker: Worker, clock: Clock, now: datetime
) -> None:
    give_tracks(ada, *items_of(*CATALOGUE[:3]), now=now)
    services.reccobeats.fault("/v1/", status=429, retry_after=120, times=1)
    worker.sounds()
    clock.move(seconds=100)
    worker.sounds()
    assert len(services.reccobeats.log) == 1
    assert ServiceGate.objects.get().service == "reccobeats"
    clock.move(seconds=30)
    worker.sounds()
    assert AudioFeatures.objects.exists()
