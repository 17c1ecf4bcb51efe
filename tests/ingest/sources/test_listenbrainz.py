"""Answers of ListenBrainz become items, or one of four errors."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests
import responses
from hypothesis import given

from ingest.sources import listenbrainz
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
from ingest.sources.listenbrainz import ListenBrainzSource, prove
from tests.ingest.sources.odd_json import NO_ANSWERS, odd_rows, payload, survives

NOW = datetime(2026, 11, 22, 12, 0, 0, 700_000, tzinfo=UTC)
API = "https://api.listenbrainz.example"
STATS = f"{API}/1/stats/user/ana"
LISTENS = f"{API}/1/user/ana/listens"
TAGS = f"{API}/1/metadata/artist/"
TOKEN = "6f5a0000-0000-4000-8000-00000000beef"
ONE, TWO = (f"{d * 8}-aaaa-4aaa-8aaa-{d * 12}" for d in "12")
PELTER = ArtistItem("Pelter & Vane", mbid=ONE)
BRAE = ArtistItem("Brae", mbid=TWO)

Call = Callable[[ListenBrainzSource], object]
CALLS: dict[str, tuple[str, Call]] = {
    "artists": (f"{STATS}/artists", lambda s: s.top_artists("long_term")),
    "tracks": (f"{STATS}/recordings", lambda s: s.top_tracks("long_term")),
    "listens": (LISTENS, lambda s: s.recently_played("", before="", now=NOW)),
    "tags": (TAGS, lambda s: s.tags([ONE])),
}


@pytest.fixture
def source() -> ListenBrainzSource:
    access = Access(url=f"{API}/", user_name="ana")
    return ListenBrainzSource(requests.Session(), access)


@pytest.fixture
def service() -> Any:
    with responses.RequestsMock() as mock:
        yield mock


def listen(moment: int, track: str = "Rehearsal") -> dict[str, Any]:
    metadata = {"artist_name": "Brae", "track_name": track}
    return {"listened_at": moment, "track_metadata": metadata}


def page_of(rows: list[Any]) -> dict[str, Any]:
    return {"payload": {"count": len(rows), "user_id": "ana", "listens": rows}}


def full_page(newest: int, step: int = 60) -> dict[str, Any]:
    return page_of([listen(newest - place * step) for place in range(1000)])


def seconds(moment: datetime) -> int:
    return int(moment.timestamp())


# --- Lists ----------------------------------------------------------------


def test_artists_with_and_without_an_id(
    source: ListenBrainzSource, service: responses.RequestsMock
) -> None:
    service.get(f"{STATS}/artists", json=payload("listenbrainz", "top_artists"))
    assert source.top_artists("short_term") == (
        PELTER,
        ArtistItem("月と海月"),
        ArtistItem("The Kitchen Tapes"),
        ArtistItem("Odd Identity"),
    )
    request = service.calls[0].request
    assert request.params == {"range": "this_month", "count": "100"}
    assert "Authorization" not in request.headers


def test_tracks_stand_under_the_first_artist_they_are_credited_to(
    source: ListenBrainzSource, service: responses.RequestsMock
) -> None:
    service.get(f"{STATS}/recordings", json=payload("listenbrainz", "top_recordings"))
    assert source.top_tracks("medium_term") == (
        TrackItem("Lantern, Going Out", PELTER),
        TrackItem("Second Winter", BRAE),
        # Two ids and one name: whose of the two it is cannot be told.
        TrackItem("Both of Us", ArtistItem("Brae & Grimmauve")),
        TrackItem("Rehearsal", ArtistItem("The Kitchen Tapes")),
    )
    assert service.calls[0].request.params == {"range": "half_yearly", "count": "50"}


def test_the_long_range_is_a_year(
    source: ListenBrainzSource, service: responses.RequestsMock
) -> None:
    service.get(f"{STATS}/artists", json={"payload": {"artists": []}})
    assert source.top_artists("long_term") == ()
    assert service.calls[0].request.params["range"] == "year"


@pytest.mark.parametrize("name", ["artists", "tracks"])
def test_what_is_not_counted_yet_cannot_be_said(
    name: str, source: ListenBrainzSource, service: responses.RequestsMock
) -> None:
    url, call = CALLS[name]
    service.get(url, status=204)
    assert call(source) is None


@pytest.mark.parametrize("name", ["listens", "tags"])
def test_no_answer_where_there_must_be_one_is_an_error(
    name: str, source: ListenBrainzSource, service: responses.RequestsMock
) -> None:
    url, call = CALLS[name]
    service.get(url, status=204)
    with pytest.raises(SourceUnavailable):
        call(source)


@pytest.mark.parametrize(("name", "key"), [("artists", "artists"), ("tracks", None)])
def test_a_list_of_which_nothing_can_be_read_is_an_error(
    name: str,
    key: str | None,
    source: ListenBrainzSource,
    service: responses.RequestsMock,
) -> None:
    url, call = CALLS[name]
    service.get(url, json={"payload": {key or "recordings": [{"listen_count": 1}, 3]}})
    with pytest.raises(SourceUnavailable):
        call(source)


# --- Listens --------------------------------------------------------------


def test_listens_are_taken_as_musicbrainz_knows_them(
    source: ListenBrainzSource, service: responses.RequestsMock
) -> None:
    service.get(LISTENS, json=payload("listenbrainz", "listens"))
    page = source.recently_played("", before="", now=NOW)
    lantern, rehearsal, winter, jellyfish = (item.track for item in page.listens)
    assert lantern == TrackItem(
        "Lantern, Going Out", PELTER, isrc="ZZSTI2600001", duration_ms=207959
    )
    tapes = ArtistItem("The Kitchen Tapes", mbid="44444444-aaaa-4aaa-8aaa-444444444444")
    assert rehearsal == TrackItem("Rehearsal", tapes, duration_ms=61_000)
    assert winter == TrackItem("Second Winter", BRAE)
    assert jellyfish == TrackItem("水母", ArtistItem("月と海月"))
    assert [seconds(item.listened_at) for item in page.listens] == [
        1795172509,
        1795169999,
        1795166000,
        1795165000,
    ]
    assert page.listens[0].listened_at.tzinfo is UTC


def test_a_first_import_begins_with_the_newest(
    source: ListenBrainzSource, service: responses.RequestsMock
) -> None:
    service.get(LISTENS, json=payload("listenbrainz", "listens"))
    page = source.recently_played("", before="", now=NOW)
    assert service.calls[0].request.params == {"count": "1000"}
    assert (page.cursor, page.before) == ("1795172509", "")


def test_a_later_import_goes_on_from_the_cursor(
    source: ListenBrainzSource, service: responses.RequestsMock
) -> None:
    service.get(LISTENS, json=page_of([listen(1795172600), listen(1795172509)]))
    page = source.recently_played("1795172509", before="", now=NOW)
    assert service.calls[0].request.params == {"count": "1000", "min_ts": "1795172509"}
    assert page.cursor == "1795172600"
    service.upsert("GET", LISTENS, json=page_of([]))
    page = source.recently_played("1795172600", before="", now=NOW)
    assert (page.listens, page.cursor, page.before) == ((), "1795172600", "")


@pytest.mark.parametrize("cursor", ["1000", "soon", "-5"])
def test_no_cursor_leads_further_back_than_a_year(
    cursor: str, source: ListenBrainzSource, service: responses.RequestsMock
) -> None:
    old = seconds(NOW - timedelta(days=366))
    service.get(LISTENS, json=page_of([listen(1795172600), listen(old)]))
    page = source.recently_played(cursor, before="", now=NOW)
    assert len(page.listens) == 1
    since = service.calls[0].request.params.get("min_ts")
    assert since == (str(seconds(NOW) - 365 * 86_400) if cursor == "1000" else None)


def test_a_full_page_is_followed_by_the_one_before_it(
    source: ListenBrainzSource, service: responses.RequestsMock
) -> None:
    service.get(LISTENS, json=full_page(1795172509))
    first = source.recently_played("", before="", now=NOW)
    oldest = 1795172509 - 999 * 60
    # The second the page ends in may go on: it is left to the next one.
    assert len(first.listens) == 999
    rows = [listen(oldest), listen(oldest, "Another"), listen(oldest - 1)]
    service.upsert("GET", LISTENS, json=page_of(rows))
    second = source.recently_played("", before=first.before, now=NOW)
    request = service.calls[1].request
    assert request.params == {"count": "1000", "max_ts": str(oldest + 1)}
    assert (len(second.listens), second.before) == (3, "")
    assert first.cursor == "1795172509"


def test_five_pages_are_enough(
    source: ListenBrainzSource, service: responses.RequestsMock
) -> None:
    newest, before, pages = 1795172509, "", 0
    while pages == 0 or before:
        service.upsert("GET", LISTENS, json=full_page(newest))
        before = source.recently_played("", before=before, now=NOW).before
        newest, pages = newest - 60_000, pages + 1
    assert pages == 5


def test_a_page_that_reaches_back_a_year_is_the_last(
    source: ListenBrainzSource, service: responses.RequestsMock
) -> None:
    service.get(LISTENS, json=full_page(1795172509, step=40_000))
    page = source.recently_played("", before="", now=NOW)
    assert 0 < len(page.listens) < 1000
    assert page.before == ""


def test_the_same_page_again_is_not_asked_for_forever(
    source: ListenBrainzSource, service: responses.RequestsMock
) -> None:
    service.get(LISTENS, json=full_page(1795172509))
    first = source.recently_played("", before="", now=NOW)
    assert first.before
    second = source.recently_played("", before=first.before, now=NOW)
    assert (len(second.listens), second.before) == (1000, "")


def test_a_moment_just_ahead_does_not_move_the_cursor_past_now(
    source: ListenBrainzSource, service: responses.RequestsMock
) -> None:
    ahead = seconds(NOW) + 1800
    service.get(LISTENS, json=page_of([listen(ahead), listen(1795172509)]))
    page = source.recently_played("", before="", now=NOW)
    assert len(page.listens) == 2
    assert page.cursor == str(seconds(NOW))


# --- Tags -----------------------------------------------------------------


def test_tags_with_a_genre_are_curated(
    source: ListenBrainzSource, service: responses.RequestsMock
) -> None:
    service.get(TAGS, json=payload("listenbrainz", "artist_tags"))
    assert source.tags([ONE.upper(), TWO, "unknown"]) == {
        ONE.upper(): (Tag("trip hop", 13, is_curated=True), Tag("trip-hop", 7)),
        TWO: (),
    }
    assert service.calls[0].request.params == {
        "artist_mbids": f"{ONE.upper()},{TWO},unknown",
        "inc": "tag",
    }


# --- Names ----------------------------------------------------------------


@pytest.mark.parametrize("name", ["artists", "tracks", "listens"])
def test_somebody_unknown_is_told_so_in_words(
    name: str, source: ListenBrainzSource, service: responses.RequestsMock
) -> None:
    url, call = CALLS[name]
    service.get(url, status=404, json={"code": 404, "error": "Cannot find user: ana"})
    with pytest.raises(NotAllowed) as caught:
        call(source)
    assert "knows no “ana” any more" in caught.value.advice


@pytest.mark.parametrize("name", ["", "  ", ".", "..", "\x00"])
def test_a_name_that_is_none_is_never_asked_for(
    name: str, service: responses.RequestsMock
) -> None:
    access = Access(url=API, user_name=name)
    with pytest.raises(NotAllowed):
        ListenBrainzSource(requests.Session(), access).top_artists("long_term")
    assert len(service.calls) == 0


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("a/../b", "a%2F..%2Fb"),
        ("a b?c#d", "a%20b%3Fc%23d"),
        ("Röyksopp", "R%C3%B6yksopp"),
        ("\ud800x", "%3Fx"),
    ],
)
def test_a_name_stays_one_part_of_the_address(
    name: str, path: str, service: responses.RequestsMock
) -> None:
    service.get(f"{API}/1/stats/user/{path}/artists", status=204)
    access = Access(url=API, user_name=name)
    assert ListenBrainzSource(requests.Session(), access).top_artists("long_term") is (
        None
    )


# --- Proof ----------------------------------------------------------------


def proof_of(name: str, token: str = TOKEN) -> Proof:
    access = Access(url=API, token=token, user_name=name)
    return prove(requests.Session(), access)


@pytest.mark.parametrize("name", ["Ana", "ANA", "ana", ""])
def test_a_token_proves_whose_profile_it_is(
    name: str, service: responses.RequestsMock
) -> None:
    answer = {"code": 200, "message": "Token valid.", "valid": True, "user_name": "Ana"}
    service.get(f"{API}/1/validate-token", json=answer)
    assert proof_of(name, f" {TOKEN}\n") == Proof("Ana")
    request = service.calls[0].request
    assert request.headers["Authorization"] == f"Token {TOKEN}"
    assert TOKEN not in str(request.url)


@pytest.mark.parametrize(
    "answer",
    [
        {"json": {"code": 200, "message": "Token invalid.", "valid": False}},
        {"status": 401, "json": {"code": 401, "error": "Invalid token"}},
    ],
)
def test_a_wrong_token_is_told_in_words(
    answer: dict[str, Any], service: responses.RequestsMock
) -> None:
    service.get(f"{API}/1/validate-token", **answer)
    with pytest.raises(AuthorizationRevoked) as caught:
        proof_of("ana")
    assert "does not know this token" in caught.value.advice


@pytest.mark.parametrize("token", ["", "   ", "two words", "a\nb", "ключ", "x" * 201])
def test_what_is_no_token_is_never_sent(
    token: str, service: responses.RequestsMock
) -> None:
    with pytest.raises(AuthorizationRevoked) as caught:
        proof_of("ana", token)
    assert caught.value.advice
    assert len(service.calls) == 0


def test_a_token_of_somebody_else_proves_nothing(
    service: responses.RequestsMock,
) -> None:
    answer = {"valid": True, "user_name": "ben"}
    service.get(f"{API}/1/validate-token", json=answer)
    with pytest.raises(NotAllowed) as caught:
        proof_of("ana")
    assert "belongs to “ben”" in caught.value.advice
    assert len(caught.value.advice) <= 300


@pytest.mark.parametrize(
    "answer",
    [
        *NO_ANSWERS,
        {"json": {"valid": True}},
        {"json": {"valid": True, "user_name": ""}},
        {"json": {"valid": "yes", "user_name": "ana"}},
        {"json": {"user_name": "ana"}},
    ],
)
def test_an_odd_answer_proves_nothing(
    answer: dict[str, Any], service: responses.RequestsMock
) -> None:
    service.get(f"{API}/1/validate-token", **answer)
    with pytest.raises(SourceUnavailable) as caught:
        proof_of("ana")
    assert caught.value.__context__ is None or TOKEN not in repr(
        caught.value.__context__
    )


# --- Errors and limits ----------------------------------------------------


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize(
    ("answer", "error"),
    [
        *((answer, SourceUnavailable) for answer in NO_ANSWERS),
        ({"status": 401}, AppRefused),
        ({"status": 403, "body": "blocked"}, AppRefused),
        ({"status": 429}, RateLimited),
        ({"status": 503}, SourceUnavailable),
        ({"json": {"payload": {"artists": None, "listens": {}}}}, SourceUnavailable),
        ({"json": {"payload": []}}, SourceUnavailable),
    ],
)
def test_every_failure_is_one_of_four_errors(
    name: str,
    answer: dict[str, Any],
    error: type[SourceError],
    source: ListenBrainzSource,
    service: responses.RequestsMock,
) -> None:
    url, call = CALLS[name]
    service.get(url, **answer)
    with pytest.raises(SourceError) as caught:
        call(source)
    assert type(caught.value) is error


@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        ({"X-RateLimit-Reset-In": "9", "X-RateLimit-Remaining": "0"}, 9),
        ({"Retry-After": "3", "X-RateLimit-Reset-In": "9"}, 3),
        ({"X-RateLimit-Reset-In": "soon"}, None),
        ({}, None),
    ],
)
def test_a_limit_says_how_long(
    headers: dict[str, str],
    wait: int | None,
    source: ListenBrainzSource,
    service: responses.RequestsMock,
) -> None:
    service.get(LISTENS, status=429, headers=headers)
    with pytest.raises(RateLimited) as caught:
        source.recently_played("", before="", now=NOW)
    assert (caught.value.retry_after, caught.value.is_quota) == (wait, False)


@pytest.mark.parametrize(
    ("remaining", "reset", "pause"),
    [
        ("0", "7", 7),
        ("1", "7", 0),
        ("0", None, 0),
        (None, "7", 0),
        ("0", "-3", 0),
        ("none", "7", 0),
    ],
)
def test_the_last_call_allowed_is_followed_by_a_pause(
    remaining: str | None,
    reset: str | None,
    pause: int,
    source: ListenBrainzSource,
    service: responses.RequestsMock,
) -> None:
    given = {"X-RateLimit-Remaining": remaining, "X-RateLimit-Reset-In": reset}
    headers = {name: value for name, value in given.items() if value is not None}
    assert source.pause == 0
    service.get(f"{STATS}/artists", status=204, headers=headers)
    source.top_artists("long_term")
    assert source.pause == pause
    service.upsert("GET", f"{STATS}/artists", status=204)
    source.top_artists("long_term")
    assert source.pause == 0


# --- Whatever comes, nothing breaks ---------------------------------------

NAMES = (
    "artist_name artist_mbid artist_mbids artists artist_credit_name track_name"
    " recording_name listened_at track_metadata mbid_mapping additional_info isrc"
    " duration_ms tag count genre_mbid"
)
ROWS = odd_rows(NAMES)


@given(ROWS)
def test_any_object_is_an_artist_or_nothing(row: dict[str, Any]) -> None:
    item = listenbrainz.artist_item(row)
    assert item is None or (0 < len(item.name) <= 200 and survives(item))


@given(ROWS)
def test_any_object_is_a_track_or_nothing(row: dict[str, Any]) -> None:
    item = listenbrainz.recording_item({"track_name": "A", "artist_name": "B", **row})
    assert item is None or (item.name and item.artist.name and survives(item))


@given(ROWS, ROWS)
def test_any_object_is_a_listen_or_nothing(
    row: dict[str, Any], metadata: dict[str, Any]
) -> None:
    item = listenbrainz.listen_item({**listen(1795172509), **row})
    assert item is None or survives(item)
    whole = {"artist_name": "B", "track_name": "A", **metadata}
    item = listenbrainz.listen_item({"listened_at": 1, "track_metadata": whole})
    assert item is None or survives(item)


@given(ROWS)
def test_any_object_is_a_tag_or_nothing(row: dict[str, Any]) -> None:
    tag = listenbrainz.tag_item({"tag": "rock", "count": 3, **row})
    assert tag is None or (0 < len(tag.name) <= 100 and tag.count >= 1)
