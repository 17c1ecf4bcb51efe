"""``manage.py up`` as a person starts it: real processes, a real queue, one folder."""

import os
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
import requests

from musicmatch.supervisor.ports import free_port

process_marks = [
    pytest.mark.process,
    # The site they start is always on SQLite.
    pytest.mark.once,
    pytest.mark.skipif(
        not sys.platform.startswith("linux"), reason="reads the process list of Linux"
    ),
]

ROOT = Path(__file__).parents[1]
START_SECONDS = 90.0
SOON = 20.0
STOP_SECONDS = 8.0
# What the tests' own process is told must not reach the site under test.
NOT_PASSED_ON = re.compile(
    r"DATABASE_URL|REDIS_URL|SPOTIFY_|LASTFM_|LISTENBRAINZ_|MUSICBRAINZ_|RECCOBEATS_"
    r"|GENRE_LOOKUP|DJANGO_|DEBUG|SITE_URL"
)


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


class Visitor:
    """A browser without a screen, signed in with the stand-in."""

    def __init__(self, up: Up) -> None:
        self.site = f"http://127.0.0.1:{up.port}"
        self.standin = re.findall(r"on port (\d+)", up.log.read_text())[0]
        self.session = requests.Session()

    def page(self, path: str) -> str:
        return self.session.get(self.site + path, timeout=10).text

    def send(self, form_at: str, path: str, **values: str) -> requests.Response:
        token = re.findall(
            r'name="csrfmiddlewaretoken" value="([^"]+)"', self.page(form_at)
        )[0]
        return self.session.post(
            self.site + path,
            data={"csrfmiddlewaretoken": token, **values},
            headers={"Referer": self.site},
            allow_redirects=False,
            timeout=10,
        )

    def sign_in(self, listener: str) -> None:
        answer = self.send("/accounts/login/", "/accounts/spotify/login/")
        consent = f"{answer.headers['Location']}&listener={listener}"
        assert self.session.get(consent, timeout=10).url == f"{self.site}/welcome/"

    def join(self, handle: str) -> None:
        answer = self.send("/welcome/", "/welcome/", handle=handle, consent="on")
        assert answer.headers.get("Location") == "/matches/", answer.text

    def control(self, action: str, **body: object) -> None:
        url = f"http://127.0.0.1:{self.standin}/_standin/{action}"
        requests.post(url, json=body, timeout=10).raise_for_status()

    def calls(self) -> Counter[str]:
        url = f"http://127.0.0.1:{self.standin}/_standin/log"
        rows = requests.get(url, timeout=10).json()["calls"]
        return Counter(
            f"{row['path']} {row['query'].get('time_range', '')}".strip()
            for row in rows
            if row["path"].startswith("/v1/me/")
        )

    def state_of_source(self) -> str:
        """The state of the latest import, once one has joined."""
        runs = re.findall(r'href="(/sources/runs/[^"]+)"', self.page("/sources/"))
        found = (
            re.findall(r'data-run-state="(\w+)"', self.page(runs[0])) if runs else []
        )
        return found[0] if found else ""

    def state(self) -> str:
        found = re.findall(r'data-run-state="(\w+)"', self.page("/welcome/"))
        return found[0] if found else ""
