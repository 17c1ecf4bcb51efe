"""A Postgres and a Redis of a proof's own, which it may kill."""

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Self

import psycopg

from musicmatch.proofs.site import DidNotStart, until
from musicmatch.supervisor.ports import free_port

_START_SECONDS = 60.0
_STOP_SECONDS = 60.0
_ADMIN = "postgres"


@contextmanager
def kept_or_temporary(folder: Path | None) -> Iterator[Path]:
    """Give a folder that Postgres and the stack, who run as others, can enter."""
    with ExitStack() as made:
        if folder is None:
            prefix = "musicmatch-proof-"
            folder = Path(made.enter_context(TemporaryDirectory(prefix=prefix)))
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o755)
        yield folder


def _run(command: list[str], *, user: str | None = None) -> None:
    done = subprocess.run(  # noqa: S603 - our own command
        command, user=user, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise DidNotStart(f"{command[0]}: {done.stdout}{done.stderr}")


class Postgres:
    """A cluster in a folder. It does not run as root, so root starts it as postgres."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._port = free_port(65536)
        self._user = _ADMIN if os.geteuid() == 0 else None
        self._programs = _programs()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"postgres://{_ADMIN}@127.0.0.1:{self._port}/musicmatch_proof"

    def __enter__(self) -> Self:
        self._folder.mkdir(parents=True)
        if self._user is not None:
            shutil.chown(self._folder, self._user, self._user)
        _run(
            [
                str(self._programs / "initdb"),
                *("-D", str(self._folder / "data"), "-U", _ADMIN, "-A", "trust"),
                *("-E", "UTF8", "--no-sync"),
            ],
            user=self._user,
        )
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Start it, and wait until it answers."""
        self._process = subprocess.Popen(  # noqa: S603 - our own command
            [
                str(self._programs / "postgres"),
                *("-D", str(self._folder / "data"), "-p", str(self._port)),
                *("-k", str(self._folder), "-h", "127.0.0.1"),
            ],
            user=self._user,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        if not until(self._answers, _START_SECONDS):
            raise DidNotStart("Postgres does not answer.")

    def _answers(self) -> bool:
        try:
            psycopg.connect(self.url, dbname=_ADMIN, connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True

    def stop(self, *, at_once: bool = False) -> None:
        """Break every connection and end; ``at_once`` as if the machine went off."""
        if self._process is None:
            return
        if at_once:
            _kill(self._folder / "data" / "postmaster.pid")
        else:
            self._process.send_signal(2)
        self._process.wait(_STOP_SECONDS)
        self._process = None


def _kill(pid_file: Path) -> None:
    """SIGQUIT is what Postgres itself calls an immediate shutdown."""
    os.kill(int(pid_file.read_text().split()[0]), 3)


def _programs() -> Path:
    found = shutil.which("initdb")
    if found:
        return Path(found).parent
    places = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    if not places:
        raise DidNotStart("There is no Postgres server here: initdb is missing.")
    return places[-1]


class Redis:
    """A server in a folder, append-only as hosted."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._port = free_port(65536)
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self._port}/0"

    def __enter__(self) -> Self:
        self._folder.mkdir(parents=True)
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        binary = shutil.which("redis-server")
        if binary is None:
            raise DidNotStart("There is no redis-server here.")
        self._process = subprocess.Popen(  # noqa: S603 - our own command
            [
                binary,
                *("--port", str(self._port), "--bind", "127.0.0.1"),
                *("--dir", str(self._folder), "--appendonly", "yes"),
                *("--appendfsync", "everysec", "--save", ""),
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        if not until(lambda: self.ask("PING").startswith("PONG"), _START_SECONDS):
            raise DidNotStart("Redis does not answer.")

    def ask(self, *words: str) -> str:
        """Say one thing by its own client; "" when it is not there."""
        done = subprocess.run(  # noqa: S603 - our own command
            ["redis-cli", "-p", str(self._port), *words],  # noqa: S607
            capture_output=True,
            text=True,
            check=False,
        )
        return done.stdout

    def stop(self, *, at_once: bool = False) -> None:
        if self._process is None:
            return
        with suppress(ProcessLookupError):
            self._process.kill() if at_once else self._process.terminate()
        self._process.wait(_STOP_SECONDS)
        self._process = None


def outage(server: Postgres | Redis, seconds: float, *, at_once: bool = False) -> None:
    """Stop a server and start it again after a while."""
    server.stop(at_once=at_once)
    time.sleep(seconds)
    server.start()
