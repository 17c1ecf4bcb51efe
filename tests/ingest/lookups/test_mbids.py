"""How an artist without an id at MusicBrainz comes by one."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest

from accounts.models import User
from ingest.models import Artist, ArtistLookup, Track
from ingest.services.lookups.mbids import mbids_claim
from tests.ingest.conftest import Clock
from tests.ingest.lookups.conftest import (
    Worker,
    World,
    genres_by_artist,
    give,
    isrc,
    mbid,
)

pytestmark = pytest.mark.django_db
CREDITED = mbid(1)


@pytest.fixture
def musicbrainz(world: World, settings: Any) -> World:
    settings.GENRE_LOOKUP = ["musicbrainz"]
    return world


def mbid_of(name: str) -> str | None:
    return Artist.objects.get(name=name).mbid


# --- By the ISRC of a recording -------------------------------------------


def test_a_recording_names_its_artist_and_the_services_know_the_rest(
    ada: User, world: World, worker: Worker
) -> None:
    give(ada, "Björk", tracks={isrc(1): "Björk"})
    world.recordings[isrc(1)] = [(mbid(9), "Somebody Else"), (CREDITED, "BJORK")]
    world.tags[CREDITED] = {"art pop": 9}
    worker.genres()
    assert mbid_of("Björk") == CREDITED
    assert genres_by_artist() == {"Björk": [("art pop", "listenbrainz")]}
    assert world.asked() == [(isrc(1),), (CREDITED,)]


@pytest.mark.parametrize(
    "credits",
    [
        [(CREDITED, "Somebody Else")],
        [(CREDITED, "Air"), (mbid(2), "AIR")],
        [],
    ],
)
def test_nobody_is_given_an_id_that_may_be_another_artists(
    credits: Sequence[tuple[str, str]], ada: User, musicbrainz: World, worker: Worker
) -> None:
    give(ada, "Air", tracks={isrc(1): "Air"})
    musicbrainz.recordings[isrc(1)] = credits
    worker.genres()
    assert musicbrainz.asked() == [(isrc(1),)]
    assert mbid_of("Air") is None


def test_an_id_never_moves(ada: User, musicbrainz: World, worker: Worker) -> None:
    give(ada, "Air", tracks={isrc(1): "Air"})
    owner = Artist.objects.create(name="Air", name_key="air", mbid=CREDITED)
    musicbrainz.recordings[isrc(1)] = [(CREDITED, "Air")]
    worker.genres()
    assert Artist.objects.get(mbid=CREDITED) == owner
    lookup = ArtistLookup.objects.get()
    assert (lookup.service, lookup.genres_found) == ("mbid-isrc", 0)


def test_three_recordings_are_tried_and_no_more(
    ada: User, musicbrainz: World, worker: Worker, clock: Clock
) -> None:
    names = {isrc(n): "Air" for n in range(1, 6)}
    give(ada, "Air", tracks=names)
    Track.objects.create(
        artist=Artist.objects.get(), name="again", name_key="again", isrc=isrc(1)
    )
    worker.genres()
    assert musicbrainz.asked() == [(isrc(1),), (isrc(2),), (isrc(3),)]
    lookup = ArtistLookup.objects.get()
    assert lookup.ask_again_at == clock() + timedelta(days=30)
    worker.genres()
    assert len(musicbrainz.calls) == 3


def test_the_second_recording_may_do(
    ada: User, musicbrainz: World, worker: Worker
) -> None:
    give(ada, "Air", tracks={isrc(1): "Air", isrc(2): "Air", isrc(3): "Air"})
    musicbrainz.recordings[isrc(2)] = [(CREDITED, "Air")]
    worker.genres()
    assert musicbrainz.asked() == [(isrc(1),), (isrc(2),), (CREDITED,)]
    assert mbid_of("Air") == CREDITED


def test_a_name_is_asked_about_once_no_recording_is_known(
    ada: User, world: World, worker: Worker
) -> None:
    give(ada, "Air", tracks={isrc(1): "Air"})
    world.named["Air"] = {"downtempo": 100}
    worker.genres()
    assert world.asked() == [(isrc(1),), ("Air",)]


def test_musicbrainz_is_not_asked_for_ids_where_the_host_does_not_name_it(
    ada: User, world: World, worker: Worker, settings: Any
) -> None:
    settings.GENRE_LOOKUP = ["listenbrainz", "lastfm"]
    settings.GENRE_LOOKUP_SPOTIFY_IDS = True
    give(ada, "Air", tracks={isrc(1): "Air"})
    Artist.objects.update(spotify_id="TheSpotifyId")
    worker.genres()
    assert world.asked() == [("Air",)]


# --- By the page at Spotify -----------------------------------------------


def test_ids_of_spotify_are_shown_only_where_the_host_says_so(
    ada: User, musicbrainz: World, worker: Worker, settings: Any
) -> None:
    give(ada, "Air")
    Artist.objects.update(spotify_id="TheSpotifyId")
    musicbrainz.spotify["TheSpotifyId"] = CREDITED
    worker.genres()
    assert musicbrainz.calls == []
    settings.GENRE_LOOKUP_SPOTIFY_IDS = True
    worker.genres()
    assert musicbrainz.asked() == [("TheSpotifyId",), (CREDITED,)]
    assert mbid_of("Air") == CREDITED


def test_a_hundred_pages_are_asked_about_at_once(
    ada: User, musicbrainz: World, worker: Worker, settings: Any
) -> None:
    settings.GENRE_LOOKUP_SPOTIFY_IDS = True
    artists = give(ada, *(f"Artist {n:03}" for n in range(130)))
    for number, artist in enumerate(artists):
        artist.spotify_id = f"id{number:03}"
        artist.save()
    musicbrainz.spotify = {"id005": CREDITED, "id120": mbid(2)}
    worker.genres()
    pages = [about for about in musicbrainz.asked() if about[0].startswith("id")]
    assert [len(about) for about in pages] == [100, 30]
    assert (mbid_of("Artist 005"), mbid_of("Artist 120")) == (CREDITED, mbid(2))
    assert Artist.objects.filter(mbid__isnull=False).count() == 2
    asked = len(musicbrainz.calls)
    worker.genres()
    assert len(musicbrainz.calls) == asked


def test_of_two_that_claim_one_id_the_older_row_is_given_it(db: None) -> None:
    first, second, third = (
        Artist.objects.create(name=n, name_key=n, spotify_id=n) for n in "abc"
    )
    claims = {third.pk: mbid(2), second.pk: CREDITED, first.pk: CREDITED}
    assert mbids_claim(claims) == {first.pk, third.pk}
    assert mbids_claim({second.pk: mbid(3), first.pk: mbid(4)}) == {second.pk}
    first.refresh_from_db()
    assert first.mbid == CREDITED
    assert mbids_claim({}) == set()
