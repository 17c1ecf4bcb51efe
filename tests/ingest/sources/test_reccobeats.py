"""Answers of ReccoBeats become sound, or one of four errors."""

from typing import Any

import pytest
import requests
import responses
from hypothesis import given
from hypothesis import strategies as st

from ingest.sources.base import (
    Access,
    AppRefused,
    AudioItem,
    RateLimited,
    SourceError,
    SourceUnavailable,
)
from ingest.sources.reccobeats import ReccoBeats
from tests.ingest.sources.odd_json import (
    NO_ANSWERS,
    odd_json,
    only_unavailable,
    payload,
    survives,
)

API = "https://reccobeats.example/v1"
URL = f"{API}/audio-features"
LANTERN, SECOND = "00000000000000000Lantern", "000000000000000000Second"


@pytest.fixture
def beats() -> ReccoBeats:
    return ReccoBeats(requests.Session(), Access(url=f"{API}/"))


@pytest.fixture
def service() -> Any:
    with responses.RequestsMock() as mock:
        yield mock


def row(track_id: str, **values: Any) -> dict[str, Any]:
    return {"href": f"https://open.spotify.com/track/{track_id}", **values}


def test_sound_is_known_by_its_address_and_not_by_its_place(
    beats: ReccoBeats, service: responses.RequestsMock
) -> None:
    service.get(URL, json=payload("reccobeats", "audio_features"))
    assert beats.audio_features([LANTERN, SECOND, "unknown"]) == (
        AudioItem(SECOND),
        AudioItem(
            LANTERN,
            tempo=120.1,
            energy=0.74,
            valence=0.53,
            danceability=0.61,
            acousticness=0.02,
            loudness=-5.6,
        ),
    )
    assert service.calls[0].request.params == {"ids": f"{LANTERN},{SECOND},unknown"}


def test_of_several_rows_of_an_isrc_the_first_one_counts(
    beats: ReccoBeats, service: responses.RequestsMock
) -> None:
    service.get(URL, json=payload("reccobeats", "audio_features"))
    assert beats.audio_features(["ZZSTI2600003"]) == (
        AudioItem("0000000000000000ByIsrcA", tempo=90, energy=0.1),
    )


def test_of_several_rows_of_a_track_the_first_one_counts(
    beats: ReccoBeats, service: responses.RequestsMock
) -> None:
    rows = [row(SECOND, tempo=90), row(SECOND, tempo=180)]
    service.get(URL, json={"content": rows})
    assert beats.audio_features([SECOND]) == (AudioItem(SECOND, tempo=90),)


def test_two_tracks_may_share_an_isrc(
    beats: ReccoBeats, service: responses.RequestsMock
) -> None:
    rows = [row(i, isrc="ZZSTI2600001", tempo=90) for i in (LANTERN, SECOND)]
    service.get(URL, json={"content": rows})
    assert len(beats.audio_features([LANTERN, SECOND])) == 2


@pytest.mark.parametrize(
    "answer",
    [
        {"json": {"content": []}},
        {"json": {"content": [row("Elsewhere"), {"href": 5}, {}, None, "text"]}},
        {"status": 404, "json": {"status": 4041, "error": "not found"}},
        {"status": 200, "json": {"code": 4041}},
    ],
)
def test_what_is_unknown_is_left_out(
    answer: dict[str, Any], beats: ReccoBeats, service: responses.RequestsMock
) -> None:
    service.get(URL, **answer)
    assert beats.audio_features([LANTERN]) == ()


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        *((answer, SourceUnavailable) for answer in NO_ANSWERS),
        ({"status": 401}, AppRefused),
        ({"status": 403}, AppRefused),
        ({"status": 404}, SourceUnavailable),
        ({"status": 404, "json": {"status": 4042}}, SourceUnavailable),
        ({"status": 400, "json": {"status": 4001}}, SourceUnavailable),
        ({"status": 200, "json": {"status": 4002, "content": []}}, SourceUnavailable),
        ({"status": 429}, RateLimited),
        ({"status": 200, "json": {"status": 4291}}, RateLimited),
        ({"json": {"content": {}}}, SourceUnavailable),
    ],
)
def test_every_failure_is_one_of_four_errors(
    answer: dict[str, Any],
    error: type[SourceError],
    beats: ReccoBeats,
    service: responses.RequestsMock,
) -> None:
    service.get(URL, **answer)
    with pytest.raises(SourceError) as caught:
        beats.audio_features([LANTERN])
    assert type(caught.value) is error


@pytest.mark.parametrize(("header", "wait"), [("12", 12), (None, None)])
def test_a_limit_says_how_long(
    header: str | None,
    wait: int | None,
    beats: ReccoBeats,
    service: responses.RequestsMock,
) -> None:
    headers = {} if header is None else {"Retry-After": header}
    service.get(URL, status=429, json={"status": 4291}, headers=headers)
    with pytest.raises(RateLimited) as caught:
        beats.audio_features([LANTERN])
    assert caught.value.retry_after == wait


@given(st.lists(odd_json("href isrc id tempo energy valence loudness"), max_size=4))
def test_any_rows_are_sound_or_nothing(rows: list[Any]) -> None:
    spoilt = [{**row(SECOND), **odd} for odd in rows if isinstance(odd, dict)]
    beats = ReccoBeats(requests.Session(), Access(url=API))
    with responses.RequestsMock() as service:
        service.get(URL, json={"content": [*rows, *spoilt]})
        found = only_unavailable(lambda: beats.audio_features([SECOND]))
    for item in found or ():
        assert item.energy is None or 0 <= item.energy <= 1
        assert survives(item)
