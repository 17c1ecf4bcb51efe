"""The source for Last.fm against the stand-in, over real HTTP."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
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
from ingest.sources.lastfm import LastfmSource, consent_url, prove
from musicmatch.standins.lastfm import LastfmStandin
from musicmatch.standins.mbids import artists_by_mbid

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)

Open = Callable[[str], LastfmSource]
Call = Callable[[LastfmSource], object]
ARTIST = next(iter(artists_by_mbid().values())).name
CALLS: dict[str, tuple[str, Call]] = {
    "artists": ("user.getTopArtists", lambda s: s.top_artists("long_term")),
    "tracks": ("user.getTopTracks", lambda s: s.top_tracks("short_term")),
    "scrobbles": (
        "user.getRecentTracks",
        lambda s: s.recently_played("", before="", now=NOW).listens,
    ),
    "tags": ("artist.getTopTags", lambda s: s.tags(name=ARTIST)),
}


@pytest.fixture
def standin() -> Iterator[LastfmStandin]:
    with LastfmStandin(clock=NOW.timestamp) as running:
        yield running


@pytest.fixture
def session() -> Iterator[requests.Session]:
    with new_session("https://music.example") as opened:
        yield opened


@pytest.fixture
def as_user(standin: LastfmStandin, session: requests.Session) -> Open:
    return lambda name: LastfmSource(session, access(standin, user_name=name))


def access(standin: LastfmStandin, **values: str) -> Access:
    known = {
        "url": standin.api_url,
        "auth_url": standin.auth_url,
        "app_key": standin.api_key,
        "app_secret": standin.secret,
    }
    return Access(**{**known, **values})


def all_scrobbles(
    source: LastfmSource, cursor: str = ""
) -> tuple[list[ListenItem], str]:
    page = source.recently_played(cursor, before="", now=NOW)
    found, newest = list(page.listens), page.cursor
    while page.before:
        page = source.recently_played(cursor, before=page.before, now=NOW)
        found += page.listens
    return found, newest


@pytest.mark.parametrize("name", ["marisolq", "MarisolQ", "bram-hagen", "WrenField"])
@pytest.mark.parametrize("time_range", RANGES)
def test_top_lists_of_everybody(name: str, time_range: str, as_user: Open) -> None:
    source = as_user(name)
    artists, tracks = source.top_artists(time_range), source.top_tracks(time_range)
    assert artists is not None
    assert tracks is not None
    assert (len(artists), len(tracks)) == (100, 50)
    assert any(artist.mbid for artist in artists)
    assert any(artist.mbid is None for artist in artists)


def test_one_item_is_no_list_but_an_item(as_user: Open) -> None:
    source = as_user("oneplay")
    for items in (
        source.top_artists("long_term"),
        source.top_tracks("long_term"),
        all_scrobbles(source)[0],
    ):
        assert items is not None
        assert len(items) == 1


def test_a_blank_profile_is_an_empty_list(as_user: Open) -> None:
    source = as_user("blankpage")
    assert (source.top_artists("long_term"), source.top_tracks("long_term")) == ((), ())
    assert all_scrobbles(source) == ([], "")


def test_all_scrobbles_are_found_once_and_none_that_is_playing(
    as_user: Open, standin: LastfmStandin
) -> None:
    found, cursor = all_scrobbles(as_user("marisolq"))
    query = {"method": "user.getInfo", "user": "marisolq", "format": "json"}
    answer = requests.get(
        standin.api_url, params=query | {"api_key": standin.api_key}, timeout=5
    )
    count = int(answer.json()["user"]["playcount"])
    moments = [item.listened_at for item in found]
    assert count > 200
    # Ten pages are read at first, of two hundred each.
    assert len(found) == len({repr(item) for item in found}) == min(count, 2000)
    assert moments == sorted(moments, reverse=True)
    assert cursor == str(int(moments[0].timestamp()))


def test_a_later_import_misses_nothing_and_repeats_nothing(as_user: Open) -> None:
    source = as_user("WrenField")
    found, _ = all_scrobbles(source)
    for place in (0, 1, 40, 199, 200, 201, 500):
        cursor = str(int(found[place].listened_at.timestamp()))
        assert all_scrobbles(source, cursor)[0] == found[:place]


def test_hidden_listens_are_told_with_the_setting_to_change(as_user: Open) -> None:
    source = as_user("drawncurtain")
    assert source.top_artists("long_term")
    with pytest.raises(NotAllowed) as caught:
        source.recently_played("", before="", now=NOW)
    assert "Hide recent listening information" in caught.value.advice


def test_tags_by_name_and_by_id(as_user: Open) -> None:
    mbid, artist = next(iter(artists_by_mbid().items()))
    source = as_user("")
    tags = source.tags(name=artist.name.upper())
    assert tags
    assert tags == source.tags(mbid=mbid)
    assert all(tag.count >= 10 for tag in tags)
    assert source.tags(name="Nobody Ever Heard Of") == ()


def test_somebody_unknown_is_told_so_in_words(as_user: Open) -> None:
    with pytest.raises(NotAllowed) as caught:
        as_user("nobody-here").top_artists("long_term")
    assert "“nobody-here”" in caught.value.advice


# --- Consent --------------------------------------------------------------


def test_consent_leads_back_with_a_token_that_works_once(
    standin: LastfmStandin, session: requests.Session
) -> None:
    back = "http://127.0.0.1:8000/sources/lastfm/back/?nonce=abc"
    page = requests.get(consent_url(access(standin), back), timeout=5)
    assert page.status_code == 200
    assert "marisolq" in page.text
    token = standin.token("WrenField")
    proof = prove(session, access(standin, token=token))
    assert proof == Proof("WrenField")
    with pytest.raises(AuthorizationRevoked):
        prove(session, access(standin, token=token))


def test_a_token_nobody_allowed_or_grown_old_proves_nothing(
    standin: LastfmStandin, session: requests.Session
) -> None:
    with pytest.raises(AuthorizationRevoked):
        prove(session, access(standin, token=standin.token(None)))
    standin.token_life = 0
    with pytest.raises(AuthorizationRevoked):
        prove(session, access(standin, token=standin.token("WrenField")))


def test_a_wrong_key_or_secret_is_the_host_s_to_mend(
    standin: LastfmStandin, session: requests.Session
) -> None:
    token = standin.token("WrenField")
    for wrong in ({"app_secret": "wrong"}, {"app_key": "wrong"}):
        with pytest.raises(AppRefused):
            prove(session, access(standin, token=token, **wrong))
    standin.key_is_suspended = True
    with pytest.raises(AppRefused):
        prove(session, access(standin, token=token))


# --- Faults ---------------------------------------------------------------

FAULTS: dict[str, tuple[dict[str, Any], type[SourceError]]] = {
    "429": ({"status": 429, "retry_after": 7}, RateLimited),
    "500": ({"status": 500}, SourceUnavailable),
    "503": ({"status": 503}, SourceUnavailable),
    "half": ({"kind": "cut"}, SourceUnavailable),
    "a page": ({"kind": "garbage"}, SourceUnavailable),
    "silence": ({"kind": "slow", "seconds": 2}, SourceUnavailable),
    **{
        f"error {code}": ({"kind": "code", "code": code}, error)
        for code, error in {
            4: AuthorizationRevoked,
            8: SourceUnavailable,
            9: AuthorizationRevoked,
            10: AppRefused,
            11: SourceUnavailable,
            13: AppRefused,
            16: SourceUnavailable,
            26: AppRefused,
            29: RateLimited,
        }.items()
    },
}


@pytest.mark.parametrize("errors_as_200", [True, False])
@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("name", CALLS)
def test_a_fault_is_one_of_four_errors_and_passes(
    name: str,
    fault: str,
    errors_as_200: bool,
    as_user: Open,
    standin: LastfmStandin,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    standin.errors_as_200 = errors_as_200
    (method, call), (options, error) = CALLS[name], FAULTS[fault]
    source = as_user("marisolq")
    standin.fault(f"/2.0/{method}", times=1, **options)
    with monkeypatch.context() as patch:
        if options.get("kind") == "slow":
            patch.setattr(http, "_READ_SECONDS", 0.5)
        with pytest.raises(SourceError) as caught:
            call(source)
    assert type(caught.value) is error
    if options.get("retry_after"):
        assert isinstance(caught.value, RateLimited)
        assert caught.value.retry_after == 7
    assert call(source)


@pytest.mark.parametrize("name", ["artists", "tracks", "scrobbles"])
def test_an_answer_about_somebody_else_is_not_believed(
    name: str, as_user: Open, standin: LastfmStandin
) -> None:
    method, call = CALLS[name]
    standin.fault(f"/2.0/{method}", kind="other_user", times=1)
    source = as_user("marisolq")
    with pytest.raises(SourceUnavailable, match="somebody else"):
        call(source)
    assert call(source)


@pytest.mark.parametrize("kind", ["missing_keys", "wrong_types"])
@pytest.mark.parametrize("name", CALLS)
def test_what_can_be_read_of_a_spoilt_answer_is_read(
    name: str, kind: str, as_user: Open, standin: LastfmStandin
) -> None:
    method, call = CALLS[name]
    standin.fault(f"/2.0/{method}", kind=kind)
    assert call(as_user("bram-hagen"))
