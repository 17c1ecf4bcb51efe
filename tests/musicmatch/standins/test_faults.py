"""Trouble and controls that every stand-in has alike, over real HTTP."""

import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
import requests

from musicmatch.demo.catalogue import load_catalogue
from musicmatch.standins.lastfm import LastfmStandin
from musicmatch.standins.listenbrainz import ListenBrainzStandin
from musicmatch.standins.mbids import artist_mbid
from musicmatch.standins.musicbrainz import MusicBrainzStandin
from musicmatch.standins.reccobeats import ReccoBeatsStandin
from musicmatch.standins.reccobeats.shapes import is_known
from musicmatch.standins.shelf import tracks_by_id
from musicmatch.standins.standin import Standin

TIMEOUT = 5
NAME = "Musicmatch/0.1 ( https://musicmatch.example )"


@dataclass
class Door:
    """A service with one good call, and where the rows of its answer are."""

    standin: Standin[Any]
    path: str
    params: dict[str, str]
    rows_of: Callable[[Any], Any]

    def get(self, timeout: float = TIMEOUT) -> requests.Response:
        return requests.get(
            f"{self.standin.origin}{self.path}",
            params=self.params,
            headers={"User-Agent": NAME},
            timeout=timeout,
        )

    def rows(self) -> Any:
        answer = self.get()
        assert answer.status_code == 200, answer.text
        return self.rows_of(answer.json())

    def control(self, name: str, **options: Any) -> requests.Response:
        url = f"{self.standin.origin}/_standin/{name}"
        return requests.post(url, json=options, timeout=TIMEOUT)


def door_of_listenbrainz(standin: ListenBrainzStandin) -> Door:
    path = "/1/stats/user/marisol_q/artists"
    return Door(standin, path, {}, lambda data: data["payload"]["artists"])


def door_of_lastfm(standin: LastfmStandin) -> Door:
    params = {
        "method": "user.getTopArtists",
        "user": "marisolq",
        "api_key": standin.api_key,
        "format": "json",
    }
    return Door(standin, "/2.0/", params, lambda data: data["topartists"]["artist"])


def door_of_musicbrainz(standin: MusicBrainzStandin) -> Door:
    artist = next(a for a in load_catalogue() if a.name == "Radiohead")
    path = f"/ws/2/artist/{artist_mbid(artist)}"
    return Door(standin, path, {"fmt": "json", "inc": "genres"}, lambda data: [data])


def door_of_reccobeats(standin: ReccoBeatsStandin) -> Door:
    known = [key for key, track in tracks_by_id().items() if is_known(track)]
    params = {"ids": ",".join(known[:20])}
    return Door(standin, "/v1/audio-features", params, lambda data: data["content"])


@pytest.fixture(params=["listenbrainz", "lastfm", "musicbrainz", "reccobeats"])
def door(request: pytest.FixtureRequest) -> Door:
    doors: dict[str, Callable[[Any], Door]] = {
        "listenbrainz": door_of_listenbrainz,
        "lastfm": door_of_lastfm,
        "musicbrainz": door_of_musicbrainz,
        "reccobeats": door_of_reccobeats,
    }
    return doors[request.param](request.getfixturevalue(request.param))


@pytest.mark.parametrize("retry_after", [2, 81_654, None])
def test_too_many_requests(door: Door, retry_after: int | None) -> None:
    door.standin.fault(door.path, status=429, retry_after=retry_after, times=1)
    answer = door.get()
    assert answer.status_code == 429
    told = None if retry_after is None else str(retry_after)
    assert answer.headers.get("Retry-After") == told
    assert isinstance(answer.json(), dict)
    assert door.get().status_code == 200


@pytest.mark.parametrize("status", [500, 502, 503])
def test_server_trouble_ends_after_its_times(door: Door, status: int) -> None:
    door.standin.fault(door.path, status=status, times=2, skip=1)
    assert [door.get().status_code for _ in range(4)] == [200, status, status, 200]


def test_no_content_has_no_body(door: Door) -> None:
    door.standin.fault(door.path, status=204)
    answer = door.get()
    assert (answer.status_code, answer.content) == (204, b"")


def test_slow_answer_outlasts_a_time_out(door: Door) -> None:
    door.standin.fault(door.path, kind="slow", seconds=30, times=1)
    with pytest.raises(requests.exceptions.ReadTimeout):
        door.get(timeout=0.2)
    assert door.rows()


def test_slow_answer_comes_in_the_end(door: Door) -> None:
    door.standin.fault(door.path, kind="slow", seconds=0.15)
    started = time.monotonic()
    assert door.rows()
    assert time.monotonic() - started >= 0.15


def test_latency_delays_each_api_call(door: Door) -> None:
    door.standin.latency = 0.1
    started = time.monotonic()
    assert door.rows()
    assert time.monotonic() - started >= 0.1


def test_half_an_answer(door: Door) -> None:
    door.standin.fault(door.path, kind="cut", times=1)
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        door.get()
    assert door.rows()


def test_a_page_instead_of_json(door: Door) -> None:
    door.standin.fault(door.path, kind="garbage")
    answer = door.get()
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("text/html")
    with pytest.raises(requests.exceptions.JSONDecodeError):
        answer.json()


def test_wrong_types(door: Door) -> None:
    good = door.rows()
    door.standin.fault(door.path, kind="wrong_types")
    bad = door.rows()
    assert len(bad) == len(good)
    assert bad != good
    if len(bad) > 1:
        assert {type(row) for row in bad} > {dict}
        assert [row for place, row in enumerate(bad) if place % 3] == [
            row for place, row in enumerate(good) if place % 3
        ]


def test_missing_keys(door: Door) -> None:
    good = door.rows()
    door.standin.fault(door.path, kind="missing_keys")
    bad = door.rows()
    assert bad[0].keys() < good[0].keys()
    assert [row.keys() for row in bad[1:3]] == [row.keys() for row in good[1:3]]


def test_null_names(door: Door) -> None:
    names = door.standin.spoiling.names
    door.standin.fault(door.path, kind="null_names")
    row = door.rows()[0]
    assert {row[name] for name in names if name in row} == {None}


def test_empty_lists(door: Door) -> None:
    door.standin.fault(door.path, kind="empty")
    data = door.get().json()
    rows = door.rows_of(data)
    assert rows in ([], [data])
    assert data.get("genres", []) == []


def test_faults_are_cleared_by_path_or_all_at_once(door: Door) -> None:
    door.standin.fault(door.path, status=500)
    door.standin.fault("/elsewhere", status=500)
    door.standin.clear_faults("/elsewhere")
    assert door.get().status_code == 500
    door.standin.clear_faults()
    assert door.get().status_code == 200


@pytest.mark.parametrize(
    "options", [{"kind": "earthquake"}, {"times": -1}, {"status": "x"}, {"red": 1}]
)
def test_fault_that_makes_no_sense_is_refused(
    door: Door, options: dict[str, Any]
) -> None:
    with pytest.raises((TypeError, ValueError)):
        door.standin.fault(door.path, **options)
    answer = door.control("fault", path=door.path, **options)
    assert answer.status_code == 400
    assert answer.json()["error"]
    assert door.get().status_code == 200


@pytest.mark.parametrize("has_name", [True, False])
def test_controls_over_http_with_the_services_name_or_without(
    door: Door, has_name: bool
) -> None:
    prefix = f"{door.standin.name}/" if has_name else ""
    assert door.control(f"{prefix}fault", path=door.path, status=503).ok
    assert door.get().status_code == 503
    log = f"{door.standin.origin}/_standin/{prefix}log"
    (call,) = requests.get(log, timeout=TIMEOUT).json()["calls"]
    assert (call["status"], call["method"]) == (503, "GET")
    assert door.control(f"{prefix}clear").ok
    assert door.get().status_code == 200
    assert door.control(f"{prefix}mode", latency=0.001).ok
    assert door.standin.latency == 0.001
    assert door.control(f"{prefix}reset").ok
    assert door.standin.latency == 0
    assert door.standin.log == ()


def test_switches_take_only_what_makes_sense(door: Door) -> None:
    for name in door.standin.switches:
        before = getattr(door.standin, name)
        answer = door.control("mode", latency=1, **{name: "nonsense"})
        assert answer.status_code == 400
        assert name in answer.json()["error"]
        assert getattr(door.standin, name) == before
        assert door.control("mode", **{name: before}).ok
    assert door.standin.latency == 0
    assert door.control("mode", colour="red").status_code == 400


def test_controls_insist_on_json_objects(door: Door) -> None:
    url = f"{door.standin.origin}/_standin/reset"
    plain = requests.post(url, data="{}", timeout=TIMEOUT)
    listed = requests.post(url, json=[], timeout=TIMEOUT)
    unknown = door.control("other")
    assert [answer.status_code for answer in (plain, listed, unknown)] == [
        415,
        400,
        404,
    ]


def test_address_that_cannot_be_read_is_refused(
    reccobeats: ReccoBeatsStandin,
) -> None:
    port = int(reccobeats.origin.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port), TIMEOUT) as connection:
        connection.sendall(b"GET http://[ HTTP/1.1\r\nHost: x\r\n\r\n")
        assert connection.makefile("rb").readline().split()[1] == b"400"
    assert reccobeats.log == ()
