"""Answers of MusicBrainz become artists and tags, or one of four errors."""

from collections.abc import Callable
from typing import Any

import pytest
import requests
import responses
from hypothesis import given

from ingest.sources import musicbrainz
from ingest.sources.base import (
    Access,
    AppRefused,
    ArtistItem,
    RateLimited,
    SourceError,
    SourceUnavailable,
    Tag,
)
from ingest.sources.musicbrainz import MusicBrainz
from tests.ingest.sources.odd_json import NO_ANSWERS, odd_rows, payload, survives

API = "https://musicbrainz.example/ws/2"
ISRC = f"{API}/isrc/ZZSTI2600001"
ONE, TWO = (f"{d * 8}-aaaa-4aaa-8aaa-{d * 12}" for d in "12")
ARTIST = f"{API}/artist/{ONE}"
PELTER = "0000000000000000Pelter"

Call = Callable[[MusicBrainz], object]
CALLS: dict[str, tuple[str, Call]] = {
    "isrc": (ISRC, lambda m: m.artists_of_isrc("ZZSTI2600001")),
    "artist": (ARTIST, lambda m: m.tags(ONE)),
    "urls": (f"{API}/url", lambda m: m.mbids_of_spotify([PELTER])),
}


@pytest.fixture
def books() -> MusicBrainz:
    return MusicBrainz(requests.Session(), Access(url=f"{API}/"))


@pytest.fixture
def service() -> Any:
    with responses.RequestsMock() as mock:
        yield mock


def test_artists_of_an_isrc_each_once(
    books: MusicBrainz, service: responses.RequestsMock
) -> None:
    service.get(ISRC, json=payload("musicbrainz", "isrc"))
    assert books.artists_of_isrc("zz-sti-26-00001") == (
        ArtistItem("Pelter & Vane", mbid=ONE),
        ArtistItem("Brae", mbid=TWO),
    )
    assert service.calls[0].request.params == {"inc": "artist-credits", "fmt": "json"}


def test_genres_are_curated_and_not_told_twice(
    books: MusicBrainz, service: responses.RequestsMock
) -> None:
    service.get(ARTIST, json=payload("musicbrainz", "artist"))
    assert books.tags(ONE.upper()) == (
        Tag("trip hop", 13, is_curated=True),
        Tag("downtempo", 4, is_curated=True),
        Tag("harbour music", 2),
    )
    assert "inc=genres+tags" in str(service.calls[0].request.url)


def test_spotify_ids_of_one_artist_alone(
    books: MusicBrainz, service: responses.RequestsMock
) -> None:
    service.get(f"{API}/url", json=payload("musicbrainz", "urls"))
    ids = [PELTER, "000000000000000000Both", "000000000000000NoArtist", "../../x"]
    assert books.mbids_of_spotify(ids) == {PELTER: ONE}
    assert service.calls[0].request.params == {
        "resource": [f"https://open.spotify.com/artist/{i}" for i in ids[:3]],
        "inc": "artist-rels",
        "fmt": "json",
    }


def test_one_spotify_id_alone_is_answered_without_a_list(
    books: MusicBrainz, service: responses.RequestsMock
) -> None:
    service.get(f"{API}/url", json=payload("musicbrainz", "url_one"))
    assert books.mbids_of_spotify([PELTER]) == {PELTER: ONE}
    assert books.mbids_of_spotify(["0000000000SomebodyElse"]) == {}


def test_a_hundred_spotify_ids_fit_into_one_address(
    books: MusicBrainz, service: responses.RequestsMock
) -> None:
    service.get(f"{API}/url", json={"url-count": 0, "urls": []})
    ids = [f"{place:022}" for place in range(musicbrainz.URLS_PAGE)]
    assert books.mbids_of_spotify(ids) == {}
    assert len(str(service.calls[0].request.url)) < 8000


@pytest.mark.parametrize(
    ("name", "nothing"), [("isrc", ()), ("artist", ()), ("urls", {})]
)
def test_what_is_unknown_is_empty(
    name: str, nothing: object, books: MusicBrainz, service: responses.RequestsMock
) -> None:
    url, call = CALLS[name]
    service.get(url, status=404, json={"error": "Not Found"})
    assert call(books) == nothing


@pytest.mark.parametrize("odd", ["", "../artist", "a b", "a/b", "\ud800"])
def test_what_is_no_id_is_never_asked_for(
    odd: str, books: MusicBrainz, service: responses.RequestsMock
) -> None:
    assert books.artists_of_isrc(odd) == ()
    assert books.tags(odd) == ()
    assert books.mbids_of_spotify([odd]) == {}
    assert len(service.calls) == 0


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize(
    ("answer", "error"),
    [
        *((answer, SourceUnavailable) for answer in NO_ANSWERS),
        ({"status": 401}, AppRefused),
        ({"status": 403, "body": "Say who you are."}, AppRefused),
        ({"status": 429}, RateLimited),
        ({"status": 503}, RateLimited),
        ({"status": 204}, SourceUnavailable),
        ({"json": {"recordings": {}, "genres": 5, "urls": None}}, SourceUnavailable),
    ],
)
def test_every_failure_is_one_of_four_errors(
    name: str,
    answer: dict[str, Any],
    error: type[SourceError],
    books: MusicBrainz,
    service: responses.RequestsMock,
) -> None:
    url, call = CALLS[name]
    service.get(url, **answer)
    with pytest.raises(SourceError) as caught:
        call(books)
    assert type(caught.value) is error


@pytest.mark.parametrize(("header", "wait"), [("2", 2), (None, None), ("soon", None)])
def test_a_limit_says_how_long(
    header: str | None,
    wait: int | None,
    books: MusicBrainz,
    service: responses.RequestsMock,
) -> None:
    headers = {} if header is None else {"Retry-After": header}
    service.get(ARTIST, status=503, headers=headers)
    with pytest.raises(RateLimited) as caught:
        books.tags(ONE)
    assert caught.value.retry_after == wait


# --- Whatever comes, nothing breaks ---------------------------------------

ROWS = odd_rows("id name count artist resource relations")


@given(ROWS)
def test_any_object_is_a_credited_artist_or_nothing(row: dict[str, Any]) -> None:
    item = musicbrainz.credited_item({"artist": {"id": ONE, "name": "A"}, **row})
    assert item is None or (item.mbid and survives(item))


@given(ROWS)
def test_any_object_is_a_tag_or_nothing(row: dict[str, Any]) -> None:
    for read in (musicbrainz.genre_item, musicbrainz.tag_item):
        tag = read({"name": "rock", "count": 3, **row})
        assert tag is None or (0 < len(tag.name) <= 100 and tag.count >= 1)


@given(ROWS)
def test_any_object_is_a_pair_of_ids_or_nothing(row: dict[str, Any]) -> None:
    pair = musicbrainz.pair_of(row)
    assert pair is None or pair == (PELTER, ONE)
