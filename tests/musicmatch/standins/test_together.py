"""The process that plays every service but Spotify on one port."""

import signal
import subprocess
import sys

import pytest
import requests

from musicmatch.standins.spotify import SpotifyStandin
from musicmatch.standins.together import Together

TIMEOUT = 10
NAME = {"User-Agent": "Musicmatch/0.1 ( https://musicmatch.example )"}


def status(url: str) -> int:
    return requests.get(url, headers=NAME, timeout=TIMEOUT).status_code


def test_each_service_is_found_by_its_path() -> None:
    with Together() as four:
        assert status(f"{four.listenbrainz.url}/1/user/marisol_q/listen-count") == 200
        asked = {
            "method": "user.getInfo",
            "user": "marisolq",
            "api_key": four.lastfm.api_key,
            "format": "json",
        }
        info = requests.get(four.lastfm.api_url, params=asked, timeout=TIMEOUT)
        assert info.json()["user"]["name"] == "marisolq"
        assert status(f"{four.lastfm.auth_url}?api_key=wrong") == 400
        assert status(f"{four.musicbrainz.url}/isrc/USABC2099999?fmt=json") == 404
        assert status(f"{four.reccobeats.url}/audio-features?ids=x") == 200
        assert status(f"{four.origin}/elsewhere") == 404
        services = (four.listenbrainz, four.lastfm, four.musicbrainz, four.reccobeats)
        assert [len(service.log) for service in services] == [1, 2, 1, 1]
        page = requests.get(four.origin, timeout=TIMEOUT).text
    assert "This is a stand-in for development" in page
    assert "/settings/" in page


def test_controls_carry_the_services_name() -> None:
    with Together() as four:
        url = f"{four.origin}/_standin"
        fault = {"path": "/", "status": 503}
        assert requests.post(f"{url}/reccobeats/fault", json=fault, timeout=TIMEOUT).ok
        assert status(f"{four.reccobeats.url}/audio-features?ids=x") == 503
        assert status(f"{four.listenbrainz.url}/1/validate-token") == 200
        nameless = requests.post(f"{url}/fault", json=fault, timeout=TIMEOUT)
        assert nameless.status_code == 404
        log = requests.get(f"{url}/reccobeats/log", timeout=TIMEOUT).json()
    assert [call["status"] for call in log["calls"]] == [503]


def test_stopping_cuts_slow_answers_short() -> None:
    with Together() as four:
        four.reccobeats.fault("/v1/", kind="slow", seconds=60)
        url = f"{four.reccobeats.url}/audio-features"
        with pytest.raises(requests.exceptions.ReadTimeout):
            requests.get(url, timeout=0.1)
        four.stop()
    assert four.reccobeats.stopping.is_set()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_process_serves_and_stops_on_a_signal(number: signal.Signals) -> None:
    command = [sys.executable, "-m", "musicmatch.standins", "--latency", "0.001"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            origin = process.stdout.readline().strip()
            assert status(f"{origin}/1/validate-token") == 200
            process.send_signal(number)
            assert process.wait(TIMEOUT) == 0
            assert process.communicate() == ("", "")
        finally:
            process.kill()


def test_taken_port_is_said_in_words() -> None:
    with SpotifyStandin() as standin:
        port = standin.origin.rpartition(":")[2]
        done = subprocess.run(
            [sys.executable, "-m", "musicmatch.standins", "--port", port],
            capture_output=True,
            text=True,
            timeout=TIMEOUT,
            check=False,
        )
    assert done.returncode == 1
    assert f"Port {port} cannot be used" in done.stderr
