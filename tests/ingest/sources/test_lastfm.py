"""Answers of Last.fm become items, or one of four errors."""

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
import responses
from hypothesis import given

from ingest.sources import lastfm
from ingest.sources.base import (
    Access,
    AppRefused,
    ArtistItem,
    AuthorizationRevoked,
    NotAllowed,
    Proof,
    RateLimited,
    SourceError,
    SourceUnavailable,
    Tag,
    TrackItem,
)
from ingest.sources.lastfm import LastfmSource, consent_url, prove
from tests.ingest.sources.odd_json import NO_ANSWERS, odd_rows, payload, survives

NOW = datetime(2026, 11, 22, 12, 0, 0, 700_000, tzinfo=UTC)
API = "https://audioscrobbler.example/2.0/"
KEY, SECRET, TOKEN = "the-key", "the-secret", "the-token"
ACCESS = Access(
    url=API,
    auth_url="https://last.example/api/auth/",
    user_name="ana-",
    app_key=KEY,
    app_secret=SECRET,
)
PELTER = ArtistItem("Pelter & Vane", mbid="11111111-aaaa-4aaa-8aaa-111111111111")
TAPES = ArtistItem("The Kitchen Tapes")

Call = Callable[[LastfmSource], object]
CALLS: dict[str, Call] = {
    "artists": lambda s: s.top_artists("long_term"),
    "tracks": lambda s: s.top_tracks("long_term"),
    "scrobbles": lambda s: s.recently_played("", before="", now=NOW),
    "tags": lambda s: s.tags(name="Brae"),
    "proof": lambda s: prove(requests.Session(), with_token(TOKEN)),
}
OF_USER = ["artists", "tracks", "scrobbles"]


def with_token(token: str) -> Access:
    return Access(url=API, token=token, app_key=KEY, app_secret=SECRET)


@pytest.fixture
def source() -> LastfmSource:
    return LastfmSource(requests.Session(), ACCESS)


@pytest.fixture
def service() -> Any:
    with responses.RequestsMock() as mock:
        yield mock


def asked(service: responses.RequestsMock, call: int = 0) -> dict[str, str]:
    params: dict[str, str] = service.calls[call].request.params
    return params


def scrobbles(
    *moments: int, page: int = 1, pages: object = "1", user: str = "ana-"
) -> Any:
    rows = [
        {"name": "A", "artist": {"#text": "B"}, "date": {"uts": str(moment)}}
        for moment in moments
    ]
    attributes = {"user": user, "page": str(page), "totalPages": pages}
    return {"recenttracks": {"track": rows, "@attr": attributes}}


# --- Lists ----------------------------------------------------------------


def test_artists_with_and_without_an_id(
    source: LastfmSource, service: responses.RequestsMock
) -> None:
    service.get(API, json=payload("lastfm", "top_artists"))
    assert source.top_artists("short_term") == (PELTER, ArtistItem("月と海月"), TAPES)
    assert asked(service) == {
        "method": "user.getTopArtists",
        "user": "ana-",
        "period": "1month",
        "limit": "100",
        "page": "1",
        "api_key": KEY,
        "format": "json",
    }


def test_a_list_of_one_may_be_the_one_alone(
    source: LastfmSource, service: responses.RequestsMock
) -> None:
    service.get(API, json=payload("lastfm", "top_artists_one"))
    assert source.top_artists("medium_term") == (ArtistItem("Brae"),)
    assert asked(service)["period"] == "6month"


def test_tracks_with_their_artists(
    source: LastfmSource, service: responses.RequestsMock
) -> None:
    service.get(API, json=payload("lastfm", "top_tracks"))
    assert source.top_tracks("long_term") == (
        TrackItem("Lantern, Going Out", PELTER),
        TrackItem("Rehearsal", TAPES),
    )
    assert asked(service)["method"] == "user.getTopTracks"
    assert (asked(service)["period"], asked(service)["limit"]) == ("12month", "50")


def test_an_empty_list_is_a_new_listener(
    source: LastfmSource, service: responses.RequestsMock
) -> None:
    empty = {"artist": [], "@attr": {"user": "ana-", "total": "0"}}
    service.get(API, json={"topartists": empty})
    assert source.top_artists("long_term") == ()


def test_a_list_of_which_nothing_can_be_read_is_an_error(
    source: LastfmSource, service: responses.RequestsMock
) -> None:
    odd = {"artist": [{"name": None}, 3], "@attr": {"user": "ana-"}}
    service.get(API, json={"topartists": odd})
    with pytest.raises(SourceUnavailable):
        source.top_artists("long_term")


@pytest.mark.parametrize("user", ["ben", "", None, 5, "ana"])
def test_an_answer_about_somebody_else_is_not_believed(
    user: object, source: LastfmSource, service: responses.RequestsMock
) -> None:
    answer = payload("lastfm", "top_artists")
    answer["topartists"]["@attr"]["user"] = user
    service.get(API, json=answer)
    with pytest.raises(SourceUnavailable, match="somebody else"):
        source.top_artists("long_term")
    wrong = scrobbles(1795172509, user="ben")
    service.upsert("GET", API, json=wrong)
    with pytest.raises(SourceUnavailable, match="somebody else"):
        source.recently_played("", before="", now=NOW)


def test_nobody_is_never_asked_for(service: responses.RequestsMock) -> None:
    source = LastfmSource(requests.Session(), Access(url=API, app_key=KEY))
    with pytest.raises(NotAllowed):
        source.top_artists("long_term")
    assert len(service.calls) == 0


# --- Scrobbles ------------------------------------------------------------


def test_scrobbles_without_what_is_playing_now(
    source: LastfmSource, service: responses.RequestsMock
) -> None:
    service.get(API, json=payload("lastfm", "recent_tracks"))
    page = source.recently_played("", before="", now=NOW)
    assert [item.track for item in page.listens] == [
        TrackItem("Lantern, Going Out", PELTER),
        TrackItem("Rehearsal", TAPES),
    ]
    assert page.listens[0].listened_at == datetime(2026, 11, 20, 11, 1, 49, tzinfo=UTC)
    assert (page.cursor, page.before) == ("1795172509", "")


def test_what_is_playing_now_is_no_scrobble_even_with_a_date(
    source: LastfmSource, service: responses.RequestsMock
) -> None:
    answer = scrobbles(1795172509, 1795172000)
    answer["recenttracks"]["track"][0]["@attr"] = {"nowplaying": "true"}
    service.get(API, json=answer)
    page = source.recently_played("", before="", now=NOW)
    assert (len(page.listens), page.cursor) == (1, "1795172000")


def test_a_first_import_goes_back_a_year(
    source: LastfmSource, service: responses.RequestsMock
) -> None:
    service.get(API, json=scrobbles())
    page = source.recently_played("", before="", now=NOW)
    assert (page.listens, page.cursor, page.before) == ((), "", "")
    year_ago = int((NOW - timedelta(days=365)).timestamp())
    assert asked(service)["from"] == str(year_ago)
    assert (asked(service)["limit"], asked(service)["page"]) == ("200", "1")


@pytest.mark.parametrize(
    ("cursor", "since"),
    [("1795172509", 1795172510), ("1000", 1763812800), ("soon", 1763812800)],
)
def test_a_later_import_begins_a_second_after_the_cursor(
    cursor: str, since: int, source: LastfmSource, service: responses.RequestsMock
) -> None:
    service.get(API, json=scrobbles())
    page = source.recently_played(cursor, before="", now=NOW)
    assert asked(service)["from"] == str(since)
    assert page.cursor == cursor


def test_pages_follow_until_the_last(
    source: LastfmSource, service: responses.RequestsMock
) -> None:
    service.get(API, json=scrobbles(1795172509, pages="2"))
    first = source.recently_played("", before="", now=NOW)
    service.upsert("GET", API, json=scrobbles(1795172000, page=2, pages="2"))
    second = source.recently_played("", before=first.before, now=NOW)
    assert (asked(service, 1)["page"], second.before) == ("2", "")
    assert first.cursor == "1795172509"


def test_ten_pages_are_enough(
    source: LastfmSource, service: responses.RequestsMock
) -> None:
    before, pages = "", 0
    while pages == 0 or before:
        service.upsert("GET", API, json=scrobbles(1795172509, pages="94618"))
        before = source.recently_played("", before=before, now=NOW).before
        pages += 1
    assert pages == 10


@pytest.mark.parametrize(
    ("moments", "pages"), [((), "9"), ((1795172509,), "many"), ((1795172509,), None)]
)
def test_a_page_that_leads_nowhere_is_the_last(
    moments: tuple[int, ...],
    pages: object,
    source: LastfmSource,
    service: responses.RequestsMock,
) -> None:
    service.get(API, json=scrobbles(*moments, pages=pages))
    assert source.recently_played("", before="", now=NOW).before == ""


def test_a_moment_just_ahead_does_not_move_the_cursor_past_now(
    source: LastfmSource, service: responses.RequestsMock
) -> None:
    now = int(NOW.timestamp())
    service.get(API, json=scrobbles(now + 1800, now - 5))
    page = source.recently_played("", before="", now=NOW)
    assert (len(page.listens), page.cursor) == (2, str(now))


# --- Tags -----------------------------------------------------------------


def test_tags_few_people_gave_are_left_out(
    source: LastfmSource, service: responses.RequestsMock
) -> None:
    service.get(API, json=payload("lastfm", "top_tags"))
    assert source.tags(name="pelter & vane") == (
        Tag("trip hop", 100),
        Tag("seen live", 78),
        Tag("downtempo", 10),
    )
    assert asked(service) == {
        "method": "artist.getTopTags",
        "artist": "pelter & vane",
        "autocorrect": "1",
        "api_key": KEY,
        "format": "json",
    }


def test_an_id_says_better_than_a_name_who_is_meant(
    source: LastfmSource, service: responses.RequestsMock
) -> None:
    service.get(API, json={"toptags": {"tag": {"name": "dub", "count": 100}}})
    assert source.tags(name="Pelter", mbid=PELTER.mbid) == (Tag("dub", 100),)
    assert asked(service)["mbid"] == PELTER.mbid
    assert "artist" not in asked(service)


@pytest.mark.parametrize("code", [6, 7])
@pytest.mark.parametrize("status", [200, 404])
def test_an_artist_nobody_knows_has_no_tags(
    code: int, status: int, source: LastfmSource, service: responses.RequestsMock
) -> None:
    service.get(API, status=status, json={"error": code, "message": "not found"})
    assert source.tags(name="Nobody") == ()


# --- Consent --------------------------------------------------------------


def test_the_way_to_consent_carries_the_way_back() -> None:
    back = "http://127.0.0.1:8000/sources/lastfm/back/?nonce=a&b"
    url = urlsplit(consent_url(ACCESS, back))
    assert f"{url.scheme}://{url.netloc}{url.path}" == ACCESS.auth_url
    assert parse_qs(url.query) == {"api_key": [KEY], "cb": [back]}
    assert SECRET not in consent_url(ACCESS, back)


def test_a_token_is_traded_for_the_name_alone(service: responses.RequestsMock) -> None:
    service.get(API, json=payload("lastfm", "session"))
    assert prove(requests.Session(), with_token(TOKEN)) == Proof("Ana-")
    signed = f"api_key{KEY}methodauth.getSessiontoken{TOKEN}{SECRET}"
    assert asked(service) == {
        "method": "auth.getSession",
        "api_key": KEY,
        "token": TOKEN,
        "api_sig": hashlib.md5(signed.encode()).hexdigest(),  # noqa: S324
        "format": "json",
    }


@pytest.mark.parametrize("token", ["", "two words", "a\nb", "ключ", "x" * 201])
def test_what_is_no_token_is_never_sent(
    token: str, service: responses.RequestsMock
) -> None:
    with pytest.raises(AuthorizationRevoked) as caught:
        prove(requests.Session(), with_token(token))
    assert caught.value.advice
    assert len(service.calls) == 0


@pytest.mark.parametrize("session", [None, [], {}, {"name": ""}, {"name": 5}])
def test_a_session_of_nobody_proves_nothing(
    session: object, service: responses.RequestsMock
) -> None:
    service.get(API, json={"session": session})
    with pytest.raises(SourceUnavailable):
        prove(requests.Session(), with_token(TOKEN))


# --- Errors ---------------------------------------------------------------

CODES: list[tuple[object, type[SourceError]]] = [
    *((code, SourceUnavailable) for code in (2, 3, 5, 8, 11, 16, 999)),
    *((code, AuthorizationRevoked) for code in (4, 9, 14, 15)),
    *((code, AppRefused) for code in (10, 13, 26)),
    (17, NotAllowed),
    (29, RateLimited),
    ("029", RateLimited),
    *((code, SourceUnavailable) for code in (None, "odd", {}, [6], True, -1)),
]


@pytest.mark.parametrize("status", [200, 400, 403, 500])
@pytest.mark.parametrize("name", [*OF_USER, "proof"])
@pytest.mark.parametrize(("code", "error"), CODES)
def test_the_body_is_looked_at_before_the_status(
    code: object,
    error: type[SourceError],
    name: str,
    status: int,
    source: LastfmSource,
    service: responses.RequestsMock,
) -> None:
    service.get(API, status=status, json={"error": code, "message": "Said so"})
    with pytest.raises(SourceError) as caught:
        CALLS[name](source)
    assert type(caught.value) is error


@pytest.mark.parametrize("code", [8, 10, 26, 29])
def test_tags_are_not_taken_for_none_when_the_service_fails(
    code: int, source: LastfmSource, service: responses.RequestsMock
) -> None:
    service.get(API, json={"error": code})
    with pytest.raises(SourceError):
        source.tags(name="Brae")


@pytest.mark.parametrize("name", OF_USER)
def test_somebody_unknown_is_told_so_in_words(
    name: str, source: LastfmSource, service: responses.RequestsMock
) -> None:
    service.get(API, json={"error": 6, "message": "User not found"})
    with pytest.raises(NotAllowed) as caught:
        CALLS[name](source)
    assert "knows no “ana-” any more" in caught.value.advice


@pytest.mark.parametrize("name", OF_USER)
def test_somebody_hidden_is_told_which_setting_to_change(
    name: str, source: LastfmSource, service: responses.RequestsMock
) -> None:
    service.get(API, status=403, json={"error": 17, "message": "Login: User required"})
    with pytest.raises(NotAllowed) as caught:
        CALLS[name](source)
    assert "Settings → Privacy" in caught.value.advice
    assert "Hide recent listening information" in caught.value.advice


@pytest.mark.parametrize("code", [4, 9, 14, 15])
def test_a_consent_that_does_not_hold_is_asked_for_again(
    code: int, service: responses.RequestsMock
) -> None:
    service.get(API, status=403, json={"error": code})
    with pytest.raises(AuthorizationRevoked) as caught:
        prove(requests.Session(), with_token(TOKEN))
    assert "Connect it once more" in caught.value.advice


def test_what_is_not_there_says_nothing(
    source: LastfmSource, service: responses.RequestsMock
) -> None:
    service.get(API, json={"error": 7, "message": "Invalid resource specified"})
    assert source.top_artists("long_term") is None
    assert source.top_tracks("long_term") is None
    page = source.recently_played("1795172509", before="", now=NOW)
    assert (page.listens, page.cursor, page.before) == ((), "1795172509", "")


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize(
    ("answer", "error"),
    [
        *((answer, SourceUnavailable) for answer in NO_ANSWERS),
        ({"status": 401}, AppRefused),
        ({"status": 403, "body": "blocked"}, AppRefused),
        ({"status": 429}, RateLimited),
        ({"status": 204}, SourceUnavailable),
    ],
)
def test_every_failure_is_one_of_four_errors(
    name: str,
    answer: dict[str, Any],
    error: type[SourceError],
    source: LastfmSource,
    service: responses.RequestsMock,
) -> None:
    service.get(API, **answer)
    with pytest.raises(SourceError) as caught:
        CALLS[name](source)
    assert type(caught.value) is error


@pytest.mark.parametrize(("header", "wait"), [("5", 5), (None, None), ("soon", None)])
def test_a_limit_says_how_long(
    header: str | None,
    wait: int | None,
    source: LastfmSource,
    service: responses.RequestsMock,
) -> None:
    headers = {} if header is None else {"Retry-After": header}
    service.get(API, status=429, json={"error": 29}, headers=headers)
    with pytest.raises(RateLimited) as caught:
        source.top_artists("long_term")
    assert (caught.value.retry_after, caught.value.is_quota) == (wait, False)


# --- Whatever comes, nothing breaks ---------------------------------------

ROWS = odd_rows("name #text mbid artist date uts @attr nowplaying count user track tag")


@given(ROWS)
def test_any_object_is_an_artist_or_nothing(row: dict[str, Any]) -> None:
    item = lastfm.artist_item(row)
    assert item is None or (0 < len(item.name) <= 200 and survives(item))


@given(ROWS)
def test_any_object_is_a_listen_or_nothing(row: dict[str, Any]) -> None:
    named = {"name": "A", "artist": {"name": "B"}, "date": {"uts": "1795172509"}}
    item = lastfm.listen_item({**named, **row})
    assert item is None or (item.track.artist.name and survives(item))


@given(ROWS)
def test_any_object_is_a_tag_or_nothing(row: dict[str, Any]) -> None:
    tag = lastfm.tag_item({"name": "rock", "count": 30, **row})
    assert tag is None or (0 < len(tag.name) <= 100 and tag.count >= 10)
