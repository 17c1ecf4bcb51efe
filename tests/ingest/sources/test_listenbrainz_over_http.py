"""The source for ListenBrainz against the stand-in, over real HTTP."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests

from ingest.sources import http
from ingest.sources.base import (
    RANGES,
    Access,
    AppRefused,
    AuthorizationRevoked,
    ListenItem,
    NotAllowed,
    Proof,
    RateLimited,
    SourceError,
    SourceUnavailable,
)
from ingest.sources.http import new_session
from ingest.sources.listenbrainz import DOOR, ListenBrainzSource, prove
from musicmatch.standins.listenbrainz import ListenBrainzStandin
from musicmatch.standins.mbids import artists_by_mbid

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
STATS, LISTENS, TAGS = "/1/stats/user/", "/1/user/", "/1/metadata/artist/"

Open = Callable[[str], ListenBrainzSource]
Call = Callable[[ListenBrainzSource], object]
CALLS: dict[str, tuple[str, Call]] = {
    "artists": (STATS, lambda s: s.top_artists("long_term")),
    "tracks": (STATS, lambda s: s.top_tracks("short_term")),
    "listens": (LISTENS, lambda s: s.recently_played("", before="", now=NOW)),
    "tags": (TAGS, lambda s: s.tags(list(artists_by_mbid())[:25])),
}


@pytest.fixture
def standin() -> Iterator[ListenBrainzStandin]:
    with ListenBrainzStandin(clock=NOW.timestamp) as running:
        yield running


@pytest.fixture
def session() -> Iterator[requests.Session]:
    with new_session("https://music.example") as opened:
        yield opened


@pytest.fixture
def as_user(standin: ListenBrainzStandin, session: requests.Session) -> Open:
    return lambda name: ListenBrainzSource(
        session, Access(url=standin.url, user_name=name)
    )


def all_listens(
    source: ListenBrainzSource, cursor: str = ""
) -> tuple[list[ListenItem], str]:
    page = source.recently_played(cursor, before="", now=NOW)
    found, newest = list(page.listens), page.cursor
    while page.before:
        page = source.recently_played(cursor, before=page.before, now=NOW)
        found += page.listens
    return found, newest


@pytest.mark.parametrize("name", ["marisol_q", "MARISOL_Q", "Mizuno Aoi", "søvnløs"])
@pytest.mark.parametrize("time_range", RANGES)
def test_top_lists_of_everybody(name: str, time_range: str, as_user: Open) -> None:
    source = as_user(name)
    artists, tracks = source.top_artists(time_range), source.top_tracks(time_range)
    assert artists is not None
    assert tracks is not None
    assert (len(artists), len(tracks)) == (100, 50)
    assert any(artist.mbid for artist in artists)
    assert any(artist.mbid is None for artist in artists)
    assert any(track.artist.mbid for track in tracks)


def test_nothing_is_said_before_it_is_counted(as_user: Open) -> None:
    source = as_user("justarrived")
    assert source.top_artists("long_term") is None
    assert source.top_tracks("short_term") is None
    assert all_listens(source)[0]
    assert all_listens(as_user("emptyshelf")) == ([], "")


@pytest.mark.parametrize("name", ["harrowgate", "marisol_q"])
def test_all_listens_are_found_once(
    name: str, as_user: Open, standin: ListenBrainzStandin
) -> None:
    found, cursor = all_listens(as_user(name))
    url = f"{standin.url}/1/user/{name}/listen-count"
    count = requests.get(url, timeout=5).json()["payload"]["count"]
    moments = [item.listened_at for item in found]
    assert count > 1000
    # Five pages are read at first, of a thousand each.
    assert len(found) == len({repr(item) for item in found})
    assert min(count, 4900) <= len(found) <= count
    assert moments == sorted(moments, reverse=True)
    assert cursor == str(int(moments[0].timestamp()))
    assert any(item.track.isrc for item in found)
    assert any(item.track.artist.mbid for item in found)


def test_a_later_import_misses_nothing_and_repeats_nothing(as_user: Open) -> None:
    source = as_user("harrowgate")
    found, _ = all_listens(source)
    for place in (1, 40, 999, 1000, 1001, 1500):
        cursor = str(int(found[place].listened_at.timestamp()))
        since = []
        # The service may begin with the oldest, and then takes several imports.
        while True:
            new, cursor = all_listens(source, cursor)
            if not new:
                break
            since += new
        assert sorted(item.listened_at for item in since) == sorted(
            item.listened_at for item in found[:place]
        )


def test_tags_of_a_page_of_artists(as_user: Open) -> None:
    mbids = list(artists_by_mbid())[:25]
    found = as_user("").tags([*mbids, "00000000-0000-4000-8000-000000000000"])
    assert 0 < len(found) <= 25
    tags = [tag for tags in found.values() for tag in tags]
    assert {tag.is_curated for tag in tags} == {True, False}


def test_somebody_unknown_is_told_so_in_words(as_user: Open) -> None:
    for name in ("nobody", "../validate-token", "a/b"):
        with pytest.raises(NotAllowed) as caught:
            as_user(name).top_artists("long_term")
        assert name in caught.value.advice


# --- Proof ----------------------------------------------------------------


@pytest.mark.parametrize("name", ["Mizuno Aoi", "mizuno aoi"])
def test_a_token_proves_whose_profile_it_is(
    name: str, standin: ListenBrainzStandin, session: requests.Session
) -> None:
    token = standin.token_of("Mizuno Aoi")
    access = Access(url=standin.url, token=token, user_name=name)
    assert prove(session, access) == Proof("Mizuno Aoi")
    assert standin.log[-1].path == "/1/validate-token"


def test_no_other_token_does(
    standin: ListenBrainzStandin, session: requests.Session
) -> None:
    token = standin.token_of("harrowgate")
    with pytest.raises(NotAllowed):
        prove(session, Access(url=standin.url, token=token, user_name="marisol_q"))
    with pytest.raises(AuthorizationRevoked):
        prove(session, Access(url=standin.url, token="x" * 36, user_name="marisol_q"))


# --- Limits and faults ----------------------------------------------------


def test_the_last_call_allowed_is_followed_by_a_pause(
    as_user: Open, standin: ListenBrainzStandin
) -> None:
    standin.rate_limit = 2
    source = as_user("marisol_q")
    source.top_artists("long_term")
    assert source.pause == 0
    source.top_artists("long_term")
    assert source.pause == 10
    with pytest.raises(RateLimited) as caught:
        source.top_artists("long_term")
    assert caught.value.retry_after == 10
    standin.tells_rate = False
    with pytest.raises(RateLimited) as caught:
        source.top_artists("long_term")
    assert caught.value.retry_after is None


FAULTS: dict[str, tuple[dict[str, Any], type[SourceError]]] = {
    "401": ({"status": 401}, AppRefused),
    "403": ({"status": 403}, AppRefused),
    "429": ({"status": 429, "retry_after": 7}, RateLimited),
    "500": ({"status": 500}, SourceUnavailable),
    "503": ({"status": 503}, SourceUnavailable),
    "half": ({"kind": "cut"}, SourceUnavailable),
    "a page": ({"kind": "garbage"}, SourceUnavailable),
    "silence": ({"kind": "slow", "seconds": 2}, SourceUnavailable),
}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("name", CALLS)
def test_a_fault_is_one_of_four_errors_and_passes(
    name: str,
    fault: str,
    as_user: Open,
    standin: ListenBrainzStandin,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (path, call), (options, error) = CALLS[name], FAULTS[fault]
    source = as_user("marisol_q")
    standin.fault(path, times=1, **options)
    with monkeypatch.context() as patch:
        if options.get("kind") == "slow":
            patch.setattr(http, "_READ_SECONDS", 0.5)
        with pytest.raises(SourceError) as caught:
            call(source)
    assert type(caught.value) is error
    if isinstance(caught.value, RateLimited):
        assert caught.value.retry_after == 7
    assert call(source)


@pytest.mark.parametrize("kind", ["missing_keys", "wrong_types"])
@pytest.mark.parametrize("name", CALLS)
def test_what_can_be_read_of_a_spoilt_answer_is_read(
    name: str, kind: str, as_user: Open, standin: ListenBrainzStandin
) -> None:
    path, call = CALLS[name]
    standin.fault(path, kind=kind)
    assert call(as_user("marisol_q"))


def test_an_emptied_answer_is_an_empty_one(
    as_user: Open, standin: ListenBrainzStandin
) -> None:
    standin.fault("/1/", kind="empty")
    source = as_user("marisol_q")
    assert source.top_artists("long_term") == ()
    assert source.recently_played("5", before="", now=NOW).cursor == "5"
    assert source.tags([next(iter(artists_by_mbid()))]) == {}


def test_calls_are_few_and_say_who_makes_them(
    as_user: Open, standin: ListenBrainzStandin
) -> None:
    source = as_user("marisol_q")
    source.recently_played(
        str(int((NOW - timedelta(days=1)).timestamp())), before="", now=NOW
    )
    assert len(standin.log) == 1
    assert DOOR.open is ListenBrainzSource
    assert DOOR.prove is prove
