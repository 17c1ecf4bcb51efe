"""``make stack`` as a person starts it: real processes on a real Postgres and Redis."""

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import requests
from psycopg import sql

from musicmatch.stack.options import BASE_DIR
from musicmatch.supervisor.ports import free_port
from tests.conftest import require_or_skip
from tests.processes import START_SECONDS, command_line, process_marks, until

pytestmark = process_marks
DATABASE_URL = os.environ.get("DATABASE_URL", "")
REDIS_URL = os.environ.get("REDIS_URL", "")
NAME = f"stack_test_{os.getpid()}"


class Running:
    """One stack without a proxy, its folder and what it wrote."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port(65536)
        self.log = folder.with_suffix(".log")
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [
                    *(sys.executable, "-m", "musicmatch.stack", "--plain"),
                    *("--data-dir", folder, "--web-port", str(self.port)),
                ],
                env={
                    "PATH": os.environ["PATH"],
                    "DATABASE_URL": re.sub(r"/[^/]*$", f"/{NAME}", DATABASE_URL),
                    "REDIS_URL": REDIS_URL,
                },
                cwd=BASE_DIR,
                stdout=log,
                stderr=log,
            )

    def said(self) -> str:
        return self.log.read_text()

    def has_started(self) -> bool:
        ready = f"Musicmatch is at http://127.0.0.1:{self.port}"
        until(
            lambda: ready in self.said() or self.process.poll() is not None,
            START_SECONDS,
        )
        return ready in self.said()

    def pid(self, name: str) -> int:
        file = self.folder / "run" / f"{name}.pid"
        return int(file.read_text()) if file.exists() else 0


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    require_or_skip(DATABASE_URL.startswith("postgres"), "Postgres")
    require_or_skip(bool(REDIS_URL), "Redis")
    stack = Running(tmp_path / "stack")
    try:
        yield stack
    finally:
        stack.process.kill()
        stack.process.wait()
        with psycopg.connect(DATABASE_URL, dbname="postgres", autocommit=True) as own:
            # Children end with it, and some of them hold a connection until then.
            drop = "DROP DATABASE IF EXISTS {} WITH (FORCE)"
            own.execute(sql.SQL(drop).format(sql.Identifier(NAME)))


def test_it_comes_up_from_nothing_comes_back_and_leaves_in_order(
    running: Running,
) -> None:
    assert running.has_started(), running.said()
    names = ("web", "worker", "beat")
    first = {name: running.pid(name) for name in names}
    for name, words in (("web", "gunicorn"), ("worker", "celery"), ("beat", "clock")):
        assert words in command_line(first[name])
    page = f"http://127.0.0.1:{running.port}/about/"
    assert requests.get(page, timeout=10).status_code == 200
    # Nothing of production is left out: this is no laptop's page of errors.
    assert "DEBUG" not in requests.get(f"{page}none/", timeout=10).text

    os.kill(first["beat"], signal.SIGKILL)
    assert until(lambda: running.pid("beat") not in {0, first["beat"]})
    assert until(lambda: "clock" in command_line(running.pid("beat")))

    running.process.send_signal(signal.SIGINT)
    assert running.process.wait(90) == 0, running.said()
    assert not list((running.folder / "run").glob("*.pid"))
    left = [pid for pid in first.values() if command_line(pid)]
    assert not left


def test_a_port_that_is_taken_is_named(tmp_path: Path) -> None:
    """Before anything is made: neither secrets nor a database."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        done = subprocess.run(
            [
                *(sys.executable, "-m", "musicmatch.stack", "--plain"),
                *("--data-dir", tmp_path / "stack", "--web-port", str(port)),
            ],
            env={"PATH": os.environ["PATH"]},
            cwd=BASE_DIR,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    assert done.returncode == 1
    assert f"Port {port} (web) is taken." in done.stdout
    assert not (tmp_path / "stack" / "secrets").exists()
