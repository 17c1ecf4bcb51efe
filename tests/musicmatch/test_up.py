"""``manage.py up`` as a person starts it: real processes, a real queue, one folder."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from http.client import HTTPConnection
from pathlib import Path

import pytest

from musicmatch.supervisor.ports import free_port

pytestmark = [
    pytest.mark.process,
    pytest.mark.skipif(
        not sys.platform.startswith("linux"), reason="reads the process list of Linux"
    ),
]

ROOT = Path(__file__).parents[2]
START_SECONDS = 90.0
SOON = 20.0
STOP_SECONDS = 8.0
# What the tests' own process is told must not reach the site under test.
NOT_PASSED_ON = re.compile(r"DATABASE_URL|REDIS_URL|SPOTIFY_|DJANGO_|DEBUG|SITE_URL")


def until(condition: Callable[[], bool], seconds: float = SOON) -> bool:
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.1)
    return condition()


def command_line(pid: int) -> str:
    try:
        raw = Path(f"/proc/{pid}/cmdline").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return ""
    return raw.replace(b"\0", b" ").decode()


class Up:
    """One running ``manage.py up`` and what it wrote."""

    def __init__(self, folder: Path, demo_people: int) -> None:
        self.folder = folder
        self.port = free_port(65536)
        self.log = folder / f"terminal-{self.port}.log"
        passed = {k: v for k, v in os.environ.items() if not NOT_PASSED_ON.match(k)}
        settings = {
            "PORT": str(self.port),
            "DATA_DIR": str(folder / "var"),
            "DEMO_PEOPLE": str(demo_people),
        }
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "manage.py", "up"],
                env=passed | settings,
                cwd=ROOT,
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def said(self, words: str) -> bool:
        return words in self.log.read_text()

    def has_started(self) -> bool:
        ready = f"Musicmatch is at http://127.0.0.1:{self.port}"
        until(
            lambda: self.said(ready) or self.process.poll() is not None, START_SECONDS
        )
        return self.said(ready)

    def processes(self) -> dict[int, str]:
        """Every living process of this site, its supervisor left out, by command."""
        mark = f"DATA_DIR={self.folder / 'var'}".encode()
        found = {}
        for entry in Path("/proc").iterdir():
            if not entry.name.isdigit() or int(entry.name) == self.process.pid:
                continue
            try:
                environment = (entry / "environ").read_bytes()
            except OSError:
                continue
            if mark in environment.split(b"\0"):
                found[int(entry.name)] = command_line(int(entry.name))
        return found

    def pid_of(self, words: str) -> int | None:
        pids = [pid for pid, line in self.processes().items() if words in line]
        return min(pids) if pids else None

    def end(self, number: signal.Signals) -> int:
        self.process.send_signal(number)
        return self.process.wait(STOP_SECONDS)


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[[int], Up]]:
    started: list[Up] = []

    def start_up(demo_people: int) -> Up:
        started.append(Up(tmp_path, demo_people))
        return started[-1]

    yield start_up
    for up in started:
        up.process.kill()
        up.process.wait()
    assert until(lambda: not any(up.processes() for up in started))


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
