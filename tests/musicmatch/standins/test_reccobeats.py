"""The stand-in for ReccoBeats over real HTTP."""

from typing import Any

import pytest
import requests

from musicmatch.standins.reccobeats import ReccoBeatsStandin
from musicmatch.standins.reccobeats.shapes import is_known, own_id
from musicmatch.standins.shelf import Track, tracks_by_id

TIMEOUT = 5
KEYS = {
    *("id", "href", "isrc", "acousticness", "danceability", "energy", "key", "mode"),
    *("instrumentalness", "liveness", "loudness", "speechiness", "tempo", "valence"),
}


def get(standin: ReccoBeatsStandin, **query: Any) -> requests.Response:
    url = f"{standin.url}/audio-features"
    return requests.get(url, params=query, timeout=TIMEOUT)


def spotify_ids(response: requests.Response) -> list[str]:
    assert response.status_code == 200, response.text
    return [row["href"].rpartition("/")[2] for row in response.json()["content"]]


def some_tracks(number: int, *, are_known: bool = True) -> list[Track]:
    every = tracks_by_id().values()
    return [track for track in every if is_known(track) is are_known][:number]


def assert_error(response: requests.Response, status: int, code: int) -> None:
    assert response.status_code == status
    assert response.json()["status"] == code
    assert response.json()["errors"][0]["message"]


def test_features_have_what_they_should_and_nothing_else(
    reccobeats: ReccoBeatsStandin,
) -> None:
    track = some_tracks(1)[0]
    (row,) = get(reccobeats, ids=track.spotify_id).json()["content"]
    assert row.keys() == KEYS
    assert row["id"] == own_id(track)
    assert row["isrc"] == track.isrc
    for name in ("energy", "valence", "danceability", "acousticness"):
        assert 0 <= row[name] <= 1
        assert abs(row[name] - track.feature(name)) < 0.05
    assert 40 < row["tempo"] < 220


def test_some_keys_are_unknown(reccobeats: ReccoBeatsStandin) -> None:
    ids = ",".join(track.spotify_id for track in some_tracks(40))
    keys = {row["key"] for row in get(reccobeats, ids=ids).json()["content"]}
    assert -1 in keys
    assert keys <= set(range(-1, 12))


def test_order_and_length_do_not_follow_the_request(
    reccobeats: ReccoBeatsStandin,
) -> None:
    known, unknown = some_tracks(20), some_tracks(10, are_known=False)
    asked = [track.spotify_id for track in known]
    ids = ",".join([*asked, "nonsense", *(track.spotify_id for track in unknown)])
    found = spotify_ids(get(reccobeats, ids=ids))
    assert set(found) == set(asked)
    assert len(found) == 20
    assert found != asked
    backwards = spotify_ids(get(reccobeats, ids=",".join(reversed(asked))))
    assert backwards == found


def test_ids_beyond_the_fortieth_are_dropped_silently(
    reccobeats: ReccoBeatsStandin,
) -> None:
    asked = [track.spotify_id for track in some_tracks(45)]
    assert set(spotify_ids(get(reccobeats, ids=",".join(asked)))) == set(asked[:40])
    assert set(spotify_ids(get(reccobeats, ids=asked))) == set(asked[:40])


def test_repeats_are_answered_once(reccobeats: ReccoBeatsStandin) -> None:
    track = some_tracks(1)[0]
    ids = [track.spotify_id, own_id(track), track.spotify_id]
    assert spotify_ids(get(reccobeats, ids=ids)) == [track.spotify_id]


def test_isrc_may_bring_several_rows_with_another_href(
    reccobeats: ReccoBeatsStandin,
) -> None:
    numbers = set()
    for track in some_tracks(20):
        answer = get(reccobeats, ids=track.isrc)
        hrefs = spotify_ids(answer)
        numbers.add(len(hrefs))
        assert track.spotify_id in hrefs
        assert len(set(hrefs)) == len(hrefs)
        assert {row["isrc"] for row in answer.json()["content"]} == {track.isrc}
    assert numbers == {1, 2}


def test_unknown_ids_alone_bring_an_empty_list(reccobeats: ReccoBeatsStandin) -> None:
    unknown = some_tracks(1, are_known=False)[0]
    for asked in (unknown.spotify_id, unknown.isrc, own_id(unknown), "x"):
        assert get(reccobeats, ids=asked).json() == {"content": []}


def test_missing_ids_are_4001(reccobeats: ReccoBeatsStandin) -> None:
    for query in ({}, {"ids": ""}, {"ids": ",,"}):
        assert_error(get(reccobeats, **query), 400, 4001)


def test_single_track_takes_only_its_own_id(reccobeats: ReccoBeatsStandin) -> None:
    track = some_tracks(1)[0]

    def one(asked: str) -> requests.Response:
        url = f"{reccobeats.url}/track/{asked}/audio-features"
        return requests.get(url, timeout=TIMEOUT)

    row = one(own_id(track)).json()
    assert row == get(reccobeats, ids=track.spotify_id).json()["content"][0]
    assert_error(one(track.spotify_id), 404, 4041)
    assert_error(one(own_id(some_tracks(1, are_known=False)[0])), 404, 4041)


def test_wrong_paths_and_methods(reccobeats: ReccoBeatsStandin) -> None:
    wrong = requests.get(f"{reccobeats.url}/audio-feature", timeout=TIMEOUT)
    assert_error(wrong, 404, 4042)
    posted = requests.post(f"{reccobeats.url}/audio-features", timeout=TIMEOUT)
    assert posted.status_code == 405


@pytest.mark.parametrize("retry_after", [3, None])
def test_too_many_calls_are_4291(
    reccobeats: ReccoBeatsStandin, retry_after: int | None
) -> None:
    reccobeats.fault("/v1/", status=429, retry_after=retry_after)
    answer = get(reccobeats, ids="x")
    assert_error(answer, 429, 4291)
    told = None if retry_after is None else str(retry_after)
    assert answer.headers.get("Retry-After") == told
