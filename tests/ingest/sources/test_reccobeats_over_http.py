"""Look-ups at ReccoBeats against the stand-in, over real HTTP."""

from collections.abc import Iterator
from typing import Any

import pytest

from ingest.sources import http
from ingest.sources.base import (
    Access,
    AppRefused,
    RateLimited,
    SourceError,
    SourceUnavailable,
)
from ingest.sources.http import new_session
from ingest.sources.reccobeats import PAGE, ReccoBeats
from musicmatch.standins.reccobeats import ReccoBeatsStandin
from musicmatch.standins.reccobeats.shapes import is_known, rows_for
from musicmatch.standins.shelf import tracks_by_id, tracks_by_isrc

TRACKS = list(tracks_by_id().values())
IDS = [track.spotify_id for track in TRACKS[:PAGE]]
KNOWN = {track.spotify_id for track in TRACKS[:PAGE] if is_known(track)}
TWO_ROWS = next(isrc for isrc in tracks_by_isrc() if len(rows_for(isrc)) > 1)


@pytest.fixture
def standin() -> Iterator[ReccoBeatsStandin]:
    with ReccoBeatsStandin() as running:
        yield running


@pytest.fixture
def beats(standin: ReccoBeatsStandin) -> Iterator[ReccoBeats]:
    with new_session("https://music.example") as session:
        yield ReccoBeats(session, Access(url=standin.url))


def test_a_page_of_tracks_in_any_order_and_with_gaps(beats: ReccoBeats) -> None:
    found = beats.audio_features(IDS)
    assert {item.spotify_id for item in found} == KNOWN
    assert 0 < len(KNOWN) < PAGE
    assert [item.spotify_id for item in found] != [i for i in IDS if i in KNOWN]
    for item in found:
        track = tracks_by_id()[item.spotify_id]
        assert item.energy == pytest.approx(track.feature("energy"), abs=0.05)
        assert item.tempo is not None


def test_of_several_rows_of_an_isrc_the_first_one_counts(beats: ReccoBeats) -> None:
    [item] = beats.audio_features([TWO_ROWS])
    hrefs = {row["href"].rpartition("/")[2] for row in rows_for(TWO_ROWS)}
    assert item.spotify_id in hrefs


def test_unknown_tracks_are_left_out(beats: ReccoBeats) -> None:
    unknown = [track.spotify_id for track in TRACKS if not is_known(track)]
    assert beats.audio_features(unknown[:PAGE]) == ()
    assert beats.audio_features(["0000000000000000000000"]) == ()


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
def test_a_fault_is_one_of_four_errors_and_passes(
    fault: str,
    beats: ReccoBeats,
    standin: ReccoBeatsStandin,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    options, error = FAULTS[fault]
    standin.fault("/v1/", times=1, **options)
    with monkeypatch.context() as patch:
        if options.get("kind") == "slow":
            patch.setattr(http, "_READ_SECONDS", 0.5)
        with pytest.raises(SourceError) as caught:
            beats.audio_features(IDS)
    assert type(caught.value) is error
    if isinstance(caught.value, RateLimited):
        assert caught.value.retry_after == 7
    assert beats.audio_features(IDS)


def test_an_address_that_leads_nowhere_is_not_taken_for_silence(
    standin: ReccoBeatsStandin,
) -> None:
    with new_session("https://music.example") as session:
        lost = ReccoBeats(session, Access(url=f"{standin.url}/v2"))
        with pytest.raises(SourceUnavailable):
            lost.audio_features(IDS)


@pytest.mark.parametrize("kind", ["missing_keys", "wrong_types", "empty"])
def test_what_can_be_read_of_a_spoilt_answer_is_read(
    kind: str, beats: ReccoBeats, standin: ReccoBeatsStandin
) -> None:
    standin.fault("/v1/", kind=kind, times=1)
    found = {item.spotify_id for item in beats.audio_features(IDS)}
    assert found < KNOWN
    assert bool(found) == (kind != "empty")
