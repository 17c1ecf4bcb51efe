"""The stand-in as a process of its own: start, restart, stop."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import requests

from musicmatch.standins.spotify import CLIENT_ID, CLIENT_SECRET, SpotifyStandin

TIMEOUT = 10
REDIRECT = "http://127.0.0.1:8000/back/"


@contextmanager
def running(*arguments: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    command = [sys.executable, "-m", "musicmatch.standins.spotify", *arguments]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        try:
            yield process, process.stdout.readline().strip()
        finally:
            process.kill()


def tokens_from(base: str) -> dict[str, str]:
    response = requests.get(
        f"{base}/authorize",
        params={
            "client_id": CLIENT_ID,
            "response_type": "code",
            "redirect_uri": REDIRECT,
            "listener": "percy",
        },
        allow_redirects=False,
        timeout=TIMEOUT,
    )
    code = response.headers["Location"].partition("code=")[2]
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": REDIRECT,
    }
    answer: dict[str, str] = ask_token(base, form).json()
    return answer


def ask_token(base: str, form: dict[str, str]) -> requests.Response:
    return requests.post(
        f"{base}/api/token",
        data=form,
        auth=(CLIENT_ID, CLIENT_SECRET),
        timeout=TIMEOUT,
    )


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_process_serves_and_stops_on_a_signal(number: signal.Signals) -> None:
    arguments = ("--mode", "extended", "--redirect", REDIRECT)
    with running("--port", "0", *arguments) as (process, base):
        token = tokens_from(base)["access_token"]
        profile = requests.get(
            f"{base}/v1/me",
            headers={"Authorization": f"Bearer {token}"},
            timeout=TIMEOUT,
        ).json()
        process.send_signal(number)
        assert process.wait(TIMEOUT) == 0
        assert process.communicate() == ("", "")
    assert profile["display_name"] == "Percy Halfmoon"
    assert "followers" in profile


def test_tokens_outlive_a_restart() -> None:
    with SpotifyStandin(redirects=[REDIRECT]) as first:
        token = tokens_from(first.accounts_url)["refresh_token"]
    form = {"grant_type": "refresh_token", "refresh_token": token}
    with SpotifyStandin() as second:
        assert "access_token" in ask_token(second.accounts_url, form).json()
        second.revoke("percy")
        refused = ask_token(second.accounts_url, form).json()
    assert refused["error_description"] == "Refresh token revoked"


def test_taken_port_is_said_in_words() -> None:
    with SpotifyStandin() as standin:
        port = standin.accounts_url.rpartition(":")[2]
        with running("--port", port) as (process, _):
            _, complaint = process.communicate(timeout=TIMEOUT)
    assert process.returncode == 1
    assert f"Port {port} cannot be used" in complaint


def test_standin_can_be_stopped_and_started_again() -> None:
    standin = SpotifyStandin()
    standin.stop()
    for _ in range(2):
        standin.start()
        url = f"{standin.accounts_url}/_standin/log"
        assert requests.get(url, timeout=TIMEOUT).json() == {"calls": []}
        standin.stop()
        with pytest.raises(requests.exceptions.ConnectionError):
            requests.get(url, timeout=TIMEOUT)


def test_stopping_cuts_slow_answers_short() -> None:
    with SpotifyStandin() as standin:
        standin.fault("/v1/me", kind="slow", seconds=60)
        url = f"{standin.api_url}/me"
        with pytest.raises(requests.exceptions.ReadTimeout):
            requests.get(url, timeout=0.1)
        standin.stop()
    assert standin.stopping.is_set()
