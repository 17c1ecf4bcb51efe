"""A stand-in keeps a caller's connection, as the real services do."""

from http.client import HTTPConnection

import pytest

from musicmatch.standins.spotify import SpotifyStandin


def test_several_calls_over_one_connection() -> None:
    with SpotifyStandin() as standin:
        connection = HTTPConnection(standin.origin.removeprefix("http://"), timeout=5)
        connection.connect()
        kept = connection.sock
        for _ in range(3):
            connection.request("GET", "/v1/me")
            answer = connection.getresponse()
            assert (answer.status, len(answer.read()) > 0) == (401, True)
            assert connection.sock is kept
        connection.close()


def test_it_hangs_up_when_it_stops() -> None:
    standin = SpotifyStandin()
    standin.start()
    connection = HTTPConnection(standin.origin.removeprefix("http://"), timeout=5)
    connection.request("GET", "/v1/me")
    connection.getresponse().read()
    standin.stop()
    connection.request("GET", "/v1/me")
    with pytest.raises(ConnectionError):
        connection.getresponse()
    connection.close()


def test_a_cut_answer_and_one_too_large_end_the_connection() -> None:
    with SpotifyStandin() as standin:
        standin.fault("/v1/me", kind="cut")
        for body, path in ((b"", "/v1/me"), (b"x" * 70_000, "/v1/other")):
            address = standin.origin.removeprefix("http://")
            connection = HTTPConnection(address, timeout=5)
            connection.request("GET", path, body)
            assert connection.getresponse().headers["Connection"] == "close"
            connection.close()
