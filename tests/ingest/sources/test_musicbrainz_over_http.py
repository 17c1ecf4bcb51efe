"""Look-ups at MusicBrainz against the stand-in, over real HTTP."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests

from ingest.sources import http
from ingest.sources.base import (
    Access,
    AppRefused,
    RateLimited,
    SourceError,
    SourceUnavailable,
)
from ingest.sources.http import new_session
from ingest.sources.musicbrainz import URLS_PAGE, MusicBrainz
from musicmatch.standins.mbids import (
    artist_mbid,
    artists_by_mbid,
    has_link,
    recordings_with,
)
from musicmatch.standins.musicbrainz import MusicBrainzStandin
from musicmatch.standins.shelf import tracks_by_isrc

ARTISTS = list(artists_by_mbid().items())
ISRC = next(isrc for isrc in tracks_by_isrc() if recordings_with(isrc))
UNKNOWN_ISRC = next(isrc for isrc in tracks_by_isrc() if not recordings_with(isrc))
LINKED = [artist for _, artist in ARTISTS if has_link(artist)]

Call = Callable[[MusicBrainz], Any]
CALLS: dict[str, tuple[str, Call]] = {
    "isrc": ("/ws/2/isrc/", lambda m: m.artists_of_isrc(ISRC)),
    "artist": ("/ws/2/artist/", lambda m: m.tags(ARTISTS[0][0])),
    "urls": (
        "/ws/2/url",
        lambda m: m.mbids_of_spotify([a.spotify_id for a in LINKED[:5]]),
    ),
}


@pytest.fixture
def standin() -> Iterator[MusicBrainzStandin]:
    with MusicBrainzStandin() as running:
        running.min_gap = 0
        yield running


@pytest.fixture
def books(standin: MusicBrainzStandin) -> Iterator[MusicBrainz]:
    with new_session("https://music.example") as session:
        yield MusicBrainz(session, Access(url=standin.url))


def test_who_is_behind_an_isrc(books: MusicBrainz) -> None:
    track = recordings_with(ISRC)[0]
    found = books.artists_of_isrc(ISRC)
    assert (track.artist.name, artist_mbid(track.artist)) in [
        (artist.name, artist.mbid) for artist in found
    ]
    assert books.artists_of_isrc(UNKNOWN_ISRC) == ()


def test_genres_come_before_tags(books: MusicBrainz) -> None:
    tags = books.tags(ARTISTS[0][0])
    curated = [tag.is_curated for tag in tags]
    assert curated == sorted(curated, reverse=True)
    assert any(curated)
    assert len({tag.name for tag in tags}) == len(tags)
    assert books.tags("00000000-0000-4000-8000-000000000000") == ()


def test_a_hundred_spotify_ids_at_once(
    books: MusicBrainz, standin: MusicBrainzStandin
) -> None:
    artists = dict(ARTISTS[:URLS_PAGE])
    found = books.mbids_of_spotify([a.spotify_id for a in artists.values()])
    assert found == {a.spotify_id: m for m, a in artists.items() if has_link(a)}
    assert 0 < len(found) < URLS_PAGE
    assert len(standin.log) == 1


def test_one_spotify_id_alone(books: MusicBrainz) -> None:
    artist = LINKED[0]
    found = books.mbids_of_spotify([artist.spotify_id])
    assert found == {artist.spotify_id: artist_mbid(artist)}
    unlinked = next(a for _, a in ARTISTS if not has_link(a))
    assert books.mbids_of_spotify([unlinked.spotify_id]) == {}


def test_calling_too_fast_is_a_limit(
    books: MusicBrainz, standin: MusicBrainzStandin
) -> None:
    standin.min_gap = 60
    assert books.tags(ARTISTS[0][0])
    with pytest.raises(RateLimited):
        books.tags(ARTISTS[0][0])


def test_a_caller_without_a_name_is_refused(standin: MusicBrainzStandin) -> None:
    with requests.Session() as session:
        nameless = MusicBrainz(session, Access(url=standin.url))
        with pytest.raises(AppRefused):
            nameless.tags(ARTISTS[0][0])


FAULTS: dict[str, tuple[dict[str, Any], type[SourceError]]] = {
    "403": ({"status": 403}, AppRefused),
    "429": ({"status": 429, "retry_after": 7}, RateLimited),
    "500": ({"status": 500}, SourceUnavailable),
    "503": ({"status": 503, "retry_after": 7}, RateLimited),
    "half": ({"kind": "cut"}, SourceUnavailable),
    "a page": ({"kind": "garbage"}, SourceUnavailable),
    "silence": ({"kind": "slow", "seconds": 2}, SourceUnavailable),
}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("name", CALLS)
def test_a_fault_is_one_of_four_errors_and_passes(
    name: str,
    fault: str,
    books: MusicBrainz,
    standin: MusicBrainzStandin,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (path, call), (options, error) = CALLS[name], FAULTS[fault]
    standin.fault(path, times=1, **options)
    with monkeypatch.context() as patch:
        if options.get("kind") == "slow":
            patch.setattr(http, "_READ_SECONDS", 0.5)
        with pytest.raises(SourceError) as caught:
            call(books)
    assert type(caught.value) is error
    if isinstance(caught.value, RateLimited):
        assert caught.value.retry_after == 7
    assert call(books)


@pytest.mark.parametrize("kind", ["null_names", "missing_keys", "wrong_types", "empty"])
@pytest.mark.parametrize("name", CALLS)
def test_nothing_is_made_up_of_a_spoilt_answer(
    name: str, kind: str, books: MusicBrainz, standin: MusicBrainzStandin
) -> None:
    path, call = CALLS[name]
    whole = call(books)
    standin.fault(path, kind=kind, times=1)
    try:
        found = call(books)
    except SourceUnavailable:
        found = type(whole)()
    assert members(found) <= members(whole)
    assert members(found) != members(whole) or (name, kind) == ("urls", "null_names")
    assert call(books) == whole


def members(found: Any) -> set[Any]:
    return set(found.items() if isinstance(found, dict) else found)
