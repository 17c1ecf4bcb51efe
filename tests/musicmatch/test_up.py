"""``manage.py up``: it starts, survives its worker, and leaves nothing behind."""

import os
import signal
from collections.abc import Callable
from http.client import HTTPConnection

from tests.processes import SOON, Up, process_marks, until

pytestmark = process_marks


def status_of(port: int, path: str) -> int:
    connection = HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    finally:
        connection.close()


def test_site_starts_survives_its_worker_and_stops(
    start: Callable[[int], Up],
) -> None:
    up = start(5)
    assert up.has_started(), up.log.read_text()
    assert status_of(up.port, "/") == 200
    assert up.said("stand-in Spotify")

    assert until(lambda: up.pid_of(" worker ") is not None)
    first = up.pid_of(" worker ")
    assert first is not None
    os.kill(first, signal.SIGKILL)
    assert until(lambda: up.said("[worker] runs again"))
    assert up.pid_of(" worker ") not in {first, None}

    assert up.end(signal.SIGTERM) == 0, up.log.read_text()
    assert up.processes() == {}


def test_folder_has_one_site_at_a_time(
    start: Callable[[int], Up],
) -> None:
    first = start(0)
    assert first.has_started(), first.log.read_text()

    second = start(0)
    assert second.process.wait(SOON) == 1
    assert second.said("already runs on")

    assert first.end(signal.SIGINT) == 0
    assert first.processes() == {}


def test_nothing_is_left_when_the_supervisor_is_killed(
    start: Callable[[int], Up],
) -> None:
    up = start(0)
    assert up.has_started(), up.log.read_text()
    assert until(lambda: up.pid_of("supervisor.clock") is not None)
    assert len(up.processes()) >= 5
    up.end(signal.SIGKILL)
    assert until(lambda: not up.processes()), up.processes()

    again = start(0)
    assert again.has_started(), again.log.read_text()
    assert not again.said("Preparing the database")
    assert again.end(signal.SIGTERM) == 0
