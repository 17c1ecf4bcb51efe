"""Answers of Spotify become items, or one of four errors."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import requests
import responses
from hypothesis import given
from hypothesis import strategies as st

from ingest.sources import spotify
from ingest.sources.base import (
    ArtistItem,
    AudioItem,
    AuthorizationRevoked,
    ListenItem,
    NotAllowed,
    RateLimited,
    SourceError,
    SourceUnavailable,
    TrackItem,
)
from ingest.sources.spotify import SpotifySource

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
API = "https://api.spotify.example/v1"
PAYLOADS = Path(__file__).parents[1] / "payloads" / "spotify"
PELTER = ArtistItem("Pelter & Vane", "0000000000000000Pelter")
LANTERN = TrackItem(
    "Lantern, Going Out",
    PELTER,
    "00000000000000000Lantern",
    isrc="ZZSTI2600001",
    duration_ms=207959,
    release_year=1981,
)

Call = Callable[[SpotifySource], object]
CALLS: dict[str, tuple[str, Call]] = {
    "artists": ("/me/top/artists", lambda s: s.top_artists("long_term")),
    "tracks": ("/me/top/tracks", lambda s: s.top_tracks("long_term")),
    "recent": (
        "/me/player/recently-played",
        lambda s: s.recently_played("", now=NOW),
    ),
    "audio": ("/audio-features", lambda s: s.audio_features(["a"])),
}


def payload(name: str) -> Any:
    return json.loads((PAYLOADS / f"{name}.json").read_text())


@pytest.fixture
def source() -> SpotifySource:
    return SpotifySource(requests.Session(), api_url=API, token="the token")


@pytest.fixture
def service() -> Any:
    with responses.RequestsMock() as mock:
        yield mock


def test_artists_of_an_app_in_development_mode(
    source: SpotifySource, service: responses.RequestsMock
) -> None:
    service.get(f"{API}/me/top/artists", json=payload("top_artists_development"))
    assert source.top_artists("short_term") == (
        PELTER,
        ArtistItem("月と海月", "00000000000000000Tsuki"),
        ArtistItem("Odd Identity", None),
    )
    request = service.calls[0].request
    assert request.params == {"time_range": "short_term", "limit": "50"}
    assert request.headers["Authorization"] == "Bearer the token"
    assert "the%20token" not in str(request.url)


def test_artists_of_an_app_that_still_gets_genres(
    source: SpotifySource, service: responses.RequestsMock
) -> None:
    service.get(f"{API}/me/top/artists", json=payload("top_artists_extended"))
    pelter, brae, grimmauve = source.top_artists("long_term")
    assert pelter.genres == ("slow harbour", "Coastal Folk")
    assert brae.genres == ()
    assert grimmauve.genres is None


def test_tracks_stand_under_their_first_readable_artist(
    source: SpotifySource, service: responses.RequestsMock
) -> None:
    service.get(f"{API}/me/top/tracks", json=payload("top_tracks"))
    lantern, second, no_album = source.top_tracks("medium_term")
    assert lantern == LANTERN
    assert second.artist.name == "Brae"
    assert (second.release_year, second.duration_ms) == (1999, 61_000)
    assert (no_album.release_year, no_album.duration_ms) == (None, None)


def test_recent_listens_keep_local_files_and_equal_moments(
    source: SpotifySource, service: responses.RequestsMock
) -> None:
    service.get(f"{API}/me/player/recently-played", json=payload("recently_played"))
    page = source.recently_played("", now=NOW)
    moments = [listen.listened_at.isoformat() for listen in page.listens]
    assert moments == [
        "2026-11-20T11:00:00.123000+00:00",
        "2026-11-20T11:00:00.123000+00:00",
        "2026-11-20T10:00:00+00:00",
    ]
    assert page.listens[1].track == TrackItem(
        "Rehearsal", ArtistItem("The Kitchen Tapes")
    )
    assert "after" not in service.calls[0].request.params


def test_the_cursor_is_the_newest_moment_to_the_millisecond(
    source: SpotifySource, service: responses.RequestsMock
) -> None:
    url = f"{API}/me/player/recently-played"
    service.get(url, json=payload("recently_played"))
    newest = datetime(2026, 11, 20, 11, 0, 0, 123_000, tzinfo=UTC)
    cursor = source.recently_played("", now=NOW).cursor
    assert cursor == str(int(newest.timestamp()) * 1000 + 123)
    service.get(url, json={"items": [], "cursors": None, "next": None})
    assert source.recently_played(cursor, now=NOW).cursor == cursor
    assert service.calls[1].request.params["after"] == cursor


def test_no_millisecond_of_a_cursor_is_lost(
    source: SpotifySource, service: responses.RequestsMock
) -> None:
    for milliseconds in range(0, 1000, 7):
        played = f"2026-02-18T11:28:29.{milliseconds:03d}Z"
        row = {"played_at": played, "track": {"name": "A", "artists": [{"name": "B"}]}}
        service.upsert("GET", f"{API}/me/player/recently-played", json={"items": [row]})
        page = source.recently_played("", now=NOW)
        assert page.cursor == f"1771414109{milliseconds:03d}"


def test_sound_is_kept_within_its_bounds(
    source: SpotifySource, service: responses.RequestsMock
) -> None:
    service.get(f"{API}/audio-features", json=payload("audio_features"))
    lantern, second = source.audio_features(["a", "b", "c"])
    assert lantern == AudioItem(
        "00000000000000000Lantern",
        tempo=118.211,
        energy=0.842,
        valence=0.428,
        danceability=0.585,
        acousticness=0.00242,
        loudness=-5.883,
    )
    assert second == AudioItem("000000000000000000Second")
    assert service.calls[0].request.params == {"ids": "a,b,c"}


def test_an_empty_list_is_a_new_listener(
    source: SpotifySource, service: responses.RequestsMock
) -> None:
    service.get(f"{API}/me/top/artists", json={"items": [], "total": 0})
    assert source.top_artists("long_term") == ()


@pytest.mark.parametrize("name", ["artists", "tracks"])
def test_a_list_of_which_nothing_can_be_read_is_an_error(
    name: str, source: SpotifySource, service: responses.RequestsMock
) -> None:
    path, call = CALLS[name]
    service.get(f"{API}{path}", json={"items": [{"id": "1", "name": None}, 3]})
    with pytest.raises(SourceUnavailable):
        call(source)


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ({"status": 401}, AuthorizationRevoked),
        ({"status": 403, "json": {"error": {"status": 403}}}, NotAllowed),
        ({"status": 403, "body": "User not registered"}, NotAllowed),
        ({"status": 429}, RateLimited),
        ({"status": 400}, SourceUnavailable),
        ({"status": 404}, SourceUnavailable),
        ({"status": 302, "headers": {"Location": "/"}}, SourceUnavailable),
        ({"status": 500}, SourceUnavailable),
        ({"status": 503}, SourceUnavailable),
        ({"body": requests.ConnectionError()}, SourceUnavailable),
        ({"body": requests.ReadTimeout()}, SourceUnavailable),
        ({"body": b"<!doctype html>"}, SourceUnavailable),
        ({"body": b""}, SourceUnavailable),
        ({"body": b"\xff\xfe"}, SourceUnavailable),
        ({"body": b"[" * 100_000}, SourceUnavailable),
        ({"body": b'{"items": ' + b"1" * 10_000 + b"}"}, SourceUnavailable),
        ({"json": []}, SourceUnavailable),
        ({"json": {"items": None, "audio_features": {}}}, SourceUnavailable),
        ({"json": {}}, SourceUnavailable),
    ],
)
def test_every_failure_is_one_of_four_errors(
    name: str,
    answer: dict[str, Any],
    error: type[SourceError],
    source: SpotifySource,
    service: responses.RequestsMock,
) -> None:
    path, call = CALLS[name]
    service.get(f"{API}{path}", **answer)
    with pytest.raises(SourceError) as caught:
        call(source)
    assert type(caught.value) is error


@pytest.mark.parametrize(
    ("header", "body", "seconds", "is_quota"),
    [
        ("2", {"error": {"status": 429, "message": "API rate limit"}}, 2, False),
        ("81654", {}, 81_654, False),
        (None, {}, None, False),
        ("soon", {}, None, False),
        ("7", {"error": {"status": 429, "reason": "QUOTA_EXCEEDED"}}, 7, True),
        (None, {"error": {"reason": "QUOTA_EXCEEDED"}}, None, True),
        (None, ["odd"], None, False),
    ],
)
def test_a_limit_says_how_long_and_of_what_kind(
    header: str | None,
    body: object,
    seconds: int | None,
    is_quota: bool,
    source: SpotifySource,
    service: responses.RequestsMock,
) -> None:
    headers = {} if header is None else {"Retry-After": header}
    service.get(f"{API}/me/top/artists", status=429, json=body, headers=headers)
    with pytest.raises(RateLimited) as caught:
        source.top_artists("long_term")
    assert caught.value.retry_after == seconds
    assert caught.value.is_quota is is_quota


def test_an_answer_too_large_is_refused(
    source: SpotifySource, service: responses.RequestsMock
) -> None:
    large = b'{"items": [' + b" " * (8 * 1024 * 1024) + b"]}"
    service.get(f"{API}/me/top/artists", body=large)
    with pytest.raises(SourceUnavailable, match="too large"):
        source.top_artists("long_term")


# --- Whatever comes, nothing breaks ---------------------------------------

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(min_value=10**300, max_value=10**400)
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from(["\ud800", "a\x00b", "9999-12-31T23:59:59+00:00", "0001-01-01"]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                "id name artists album track played_at genres external_ids isrc"
                " duration_ms release_date tempo energy loudness".split()
            ),
            inner,
            max_size=8,
        )
    ),
    max_leaves=25,
)
ROWS = st.dictionaries(
    st.sampled_from(
        "id name artists album track played_at genres external_ids duration_ms tempo"
        " energy valence danceability acousticness loudness".split()
    ),
    JSON,
)


@given(ROWS)
def test_any_object_is_an_artist_or_nothing(row: dict[str, Any]) -> None:
    item = spotify.artist_item(row)
    if item is not None:
        assert 0 < len(item.name) <= 200
        assert survives(item, ArtistItem)


@given(ROWS)
def test_any_object_is_a_track_or_nothing(row: dict[str, Any]) -> None:
    item = spotify.track_item(row)
    if item is not None:
        assert item.name
        assert item.artist.name
        assert item.release_year is None or 1000 < item.release_year < 10_000
        assert survives(item, TrackItem)


@given(ROWS, JSON)
def test_any_object_is_a_listen_or_nothing(row: dict[str, Any], track: Any) -> None:
    item = spotify.listen_item({"played_at": "2026-11-20T11:00:00Z", **row})
    assert item is None or survives(item, ListenItem)
    named = {"name": "A", "artists": [{"name": "B"}], "x": track}
    item = spotify.listen_item({**row, "track": named})
    assert item is None or item.listened_at.tzinfo is UTC


@given(ROWS)
def test_any_object_is_sound_or_nothing(row: dict[str, Any]) -> None:
    item = spotify.audio_item(row)
    if item is not None:
        assert item.energy is None or 0 <= item.energy <= 1
        assert item.tempo is None or 1 <= item.tempo <= 400
        assert survives(item, AudioItem)


def survives(item: Any, kind: Any) -> bool:
    """Whether an item is the same after a trip through JSON, and can be stored."""
    text = json.dumps(item.to_json(), allow_nan=False)
    assert "\\u0000" not in text
    return bool(kind.from_json(json.loads(text)) == item)
