"""The site under proof: the stack, stand-ins of the services, all to be thrown away."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import IO, Any, Self

from musicmatch.stack import options as stack_options
from musicmatch.stack import variables
from musicmatch.stack.options import BASE_DIR
from musicmatch.standins import addresses, credentials
from musicmatch.supervisor.ports import free_port

_START_SECONDS = 180.0
_STOP_SECONDS = 100.0
_LOOK_SECONDS = 0.2
_SETTINGS = "musicmatch.proofs.settings"
# The whole site's pace of calls: a proof waits for the site, not for good manners.
_GAP_MS = "10"
_CALLBACK = "/accounts/spotify/login/callback/"


class DidNotStart(Exception):
    """Something of the site did not come up; the message names its log."""


def until(condition: Callable[[], bool], seconds: float) -> bool:
    """Wait for it; returns whether it came."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(_LOOK_SECONDS)
    return True


class Site:
    """A stack of its own in a folder, with stand-ins for the services it asks.

    ``database_url`` and ``redis_url`` are those it may do as it likes with.
    """

    def __init__(
        self,
        folder: Path,
        *,
        database_url: str,
        redis_url: str,
        has_proxy: bool = False,
        more: Mapping[str, str] | None = None,
    ) -> None:
        self.folder = folder
        self._spotify_port, self._services_port, web, probe, http, https = _ports(6)
        shell = {
            "PATH": os.environ.get("PATH", os.defpath),
            "DATABASE_URL": database_url,
            "REDIS_URL": redis_url,
            "LOG_LEVEL": "WARNING",
            **self._addresses(),
            **(more or {}),
        }
        self.options = stack_options.read(
            [
                *("--data-dir", str(folder / "stack"), "--settings", _SETTINGS),
                *("--web-port", str(web), "--probe-port", str(probe)),
                *("--port", str(https), "--http-port", str(http)),
                *([] if has_proxy else ["--plain"]),
            ],
            shell,
            has_caddy=has_proxy,
        )
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self._open = ExitStack()

    @property
    def address(self) -> str:
        return self.options.site_url

    @property
    def run_folder(self) -> Path:
        return self.options.under("run")

    @property
    def data_folder(self) -> Path:
        return self.options.under("data")

    def spotify(self) -> str:
        return f"http://127.0.0.1:{self._spotify_port}"

    def services(self) -> str:
        return f"http://127.0.0.1:{self._services_port}"

    def _addresses(self) -> dict[str, str]:
        told = addresses.settings_for([*addresses.SERVICES], self.services(), {})
        return {
            **told,
            "GENRE_LOOKUP": "",
            "RECCOBEATS_URL": "",
            "SPOTIFY_CLIENT_ID": credentials.SPOTIFY_CLIENT_ID,
            "SPOTIFY_CLIENT_SECRET": credentials.SPOTIFY_CLIENT_SECRET,
            "SPOTIFY_ACCOUNTS_URL": self.spotify(),
            "SPOTIFY_API_URL": f"{self.spotify()}/v1",
            "SPOTIFY_MIN_GAP_MS": _GAP_MS,
            "LISTENBRAINZ_MIN_GAP_MS": _GAP_MS,
        }

    # --- Starting and stopping --------------------------------------------

    def __enter__(self) -> Self:
        self.folder.mkdir(parents=True, exist_ok=True)
        self._begin_standins()
        try:
            self.begin()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        for name in reversed([*self._processes]):
            self._end(name)
        self._open.close()

    def begin(self) -> None:
        """Start the stack, and wait until it says that it is there."""
        log = self.folder / "stack.log"
        options = self.options
        self._start(
            "stack",
            [
                *("-m", "musicmatch.stack", "--data-dir", str(options.data_dir)),
                *("--settings", options.settings, "--follow-parent"),
                *("--web-port", str(options.web_port), "--port", str(options.port)),
                *("--probe-port", str(options.probe_port)),
                *("--http-port", str(options.http_port)),
                *([] if options.has_proxy else ["--plain"]),
            ],
            environment={**options.shell, "LANG": "C.UTF-8"},
            log=log,
        )
        stack = self._processes["stack"]
        until(
            lambda: stack.poll() is not None or "Musicmatch is at" in log.read_text(),
            _START_SECONDS,
        )
        if "Musicmatch is at" not in log.read_text():
            raise DidNotStart(f"The stack did not start: {log.read_text()[-2000:]}")

    def _begin_standins(self) -> None:
        callback = f"{self.options.site_url}{_CALLBACK}"
        for name, module, port, more in (
            (
                "spotify",
                "musicmatch.standins.spotify",
                self._spotify_port,
                ["--redirect", callback],
            ),
            ("services", "musicmatch.standins", self._services_port, []),
        ):
            self._start(
                name,
                ["-m", module, "--port", str(port), "--latency", "0.02", *more],
                environment=dict(os.environ),
                log=self.folder / f"{name}.log",
            )

    def _start(
        self, name: str, arguments: list[str], *, environment: dict[str, str], log: Path
    ) -> None:
        out: IO[Any] = self._open.enter_context(log.open("wb"))
        self._processes[name] = subprocess.Popen(  # noqa: S603 - our own command
            [sys.executable, *arguments],
            cwd=BASE_DIR,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
        )

    def _end(self, name: str) -> None:
        process = self._processes.pop(name)
        if process.poll() is None:
            process.terminate()
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    # --- Its processes ----------------------------------------------------

    def pid(self, name: str) -> int:
        return int((self.run_folder / f"{name}.pid").read_text())

    def kill(self, pid: int, number: signal.Signals = signal.SIGKILL) -> None:
        with suppress(ProcessLookupError):
            os.kill(pid, number)

    def environment(self, **more: str) -> dict[str, str]:
        """What a process of the site is told."""
        told = variables.of_machine(self.options, "migrate")
        return told | variables.of_app(self.options) | more

    def manage(self, *arguments: str, check: bool = True) -> str:
        """Run a command of the site as its host would; returns what it said."""
        done = subprocess.run(  # noqa: S603 - our own command
            [sys.executable, "manage.py", *arguments],
            cwd=BASE_DIR,
            env=self.environment(),
            capture_output=True,
            text=True,
            check=False,
        )
        if check and done.returncode:
            raise DidNotStart(f"{arguments[0]}: {done.stdout}{done.stderr}")
        return done.stdout + done.stderr


def _ports(count: int) -> list[int]:
    found: list[int] = []
    while len(found) < count:
        port = free_port(65536)
        if port not in found:
            found.append(port)
    return found
