"""A deploy from one revision to this one and back, with people on the site."""

import os
import secrets
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from django.conf import settings
from psycopg import sql

from musicmatch.deploying.journey import Crowd, Tally
from musicmatch.keys import new_encryption_key, new_secret_key
from musicmatch.supervisor.ports import free_port, page_answers

_PASSWORD = "listen-along"  # noqa: S105 - of the demonstration
_START_SECONDS = 90.0
_STOP_SECONDS = 30.0
_DRAIN_SECONDS = 1.0
_PAIRS = 4
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the people did, and what the database has of it in the end.

    ``lost`` were sent and are not there, ``doubled`` are there more than once.
    """

    tally: Tally
    lost: int
    doubled: int

    @property
    def is_good(self) -> bool:
        return not (self.lost or self.doubled or self.tally.broken)


class Release:
    """A checkout, and the processes that run its code."""

    def __init__(self, folder: Path, data: Path, shared: Mapping[str, str]) -> None:
        self.folder = folder
        self.port = free_port(20_000 + secrets.randbelow(20_000))
        self.environment = {
            **os.environ,
            **shared,
            "DATA_DIR": str(data),
            "PORT": str(self.port),
            "BIND": f"127.0.0.1:{self.port}",
            "SITE_URL": f"http://127.0.0.1:{self.port}",
        }
        data.mkdir()
        self._log = data / "log"
        self._web: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def manage(self, *arguments: str) -> str:
        return subprocess.run(  # noqa: S603
            [sys.executable, "manage.py", *arguments],
            cwd=self.folder,
            env=self.environment,
            check=True,
            stdout=subprocess.PIPE,
            text=True,
        ).stdout

    def start(self) -> None:
        with self._log.open("ab") as log:
            self._web = subprocess.Popen(  # noqa: S603
                [
                    *(sys.executable, "-m", "gunicorn", "musicmatch.wsgi"),
                    *("-c", "musicmatch/gunicorn_config.py"),
                ],
                cwd=self.folder,
                env=self.environment,
                stdout=log,
                stderr=log,
            )
        until = time.monotonic() + _START_SECONDS
        while not page_answers(self.port, "/healthz"):
            if time.monotonic() > until or self._web.poll() is not None:
                raise RuntimeError(self._log.read_text()[-2000:])
            time.sleep(0.2)

    def reload(self) -> None:
        """Let new workers take over, as gunicorn does on SIGHUP."""
        if self._web is not None:
            self._web.send_signal(signal.SIGHUP)

    def stop(self) -> None:
        if self._web is None:
            return
        self._web.terminate()
        try:
            self._web.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._web.kill()
        self._web = None


def rehearse(*, old: str, seconds: float, people: int, say: Say) -> Outcome:
    """Go from ``old`` to this code and back; each phase lasts some seconds."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        url, rows = stack.enter_context(_database())
        shared = {
            "DATABASE_URL": url,
            "SECRET_KEY": new_secret_key(),
            "FIELD_ENCRYPTION_KEYS": new_encryption_key(),
            "DEBUG": "1",
            "LOG_LEVEL": "WARNING",
            "OPENBLAS_NUM_THREADS": "1",
        }
        checkout = stack.enter_context(_checkout(old, folder / "old"))
        before = Release(checkout, folder / "data-old", shared)
        after = Release(Path(settings.BASE_DIR), folder / "data-new", shared)
        for release in (before, after):
            stack.callback(release.stop)
        say(f"Setting up {old} with {people} people.")
        before.manage("migrate", "--verbosity", "0")
        before.manage("seed_demo", "--people", str(people))
        names = rows(
            "SELECT username, handle FROM accounts_user ORDER BY id LIMIT %s",
            2 * _PAIRS,
        )
        crowd = Crowd(names, _PASSWORD)
        _phases(before, after, crowd, seconds, say)
        kept = dict(
            rows("SELECT body, count(*) FROM social_message GROUP BY body", None)
        )
        return Outcome(
            crowd.tally,
            lost=sum(words not in kept for words in crowd.tally.sent),
            doubled=sum(kept.get(words, 0) > 1 for words in crowd.tally.sent),
        )


def _phases(
    before: Release, after: Release, crowd: Crowd, seconds: float, say: Say
) -> None:
    def phase(name: str, what: Callable[[], object]) -> None:
        crowd.phase = name
        say(name)
        what()

    def rest() -> None:
        time.sleep(seconds)

    def turn_to(release: Release, other: Release) -> None:
        """The proxy sends nobody there any more; what was begun is answered."""
        crowd.webs = [release.address]
        time.sleep(_DRAIN_SECONDS)
        other.stop()
        rest()

    def both() -> None:
        after.manage("keep_index", "--once")
        after.start()
        crowd.webs = [before.address, after.address]
        rest()

    def back() -> None:
        before.start()
        crowd.webs = [before.address, after.address]
        rest()
        turn_to(before, after)

    def reloaded() -> None:
        after.reload()
        rest()

    before.start()
    crowd.webs = [before.address]
    crowd.phase = "the release before"
    crowd.begin()
    try:
        phase("the release before", rest)
        phase("migrating", lambda: after.manage("migrate", "--verbosity", "0"))
        phase("the release before, new schema", rest)
        phase("both releases", both)
        phase("this release", lambda: turn_to(after, before))
        phase("this release, web reloaded", reloaded)
        phase("back to the release before", back)
    finally:
        crowd.end()


@contextmanager
def _checkout(revision: str, folder: Path) -> Iterator[Path]:
    git = ("git", "-C", str(settings.BASE_DIR), "worktree")
    subprocess.run(  # noqa: S603
        [*git, "add", "--quiet", "--detach", str(folder), revision], check=True
    )
    try:
        yield folder
    finally:
        subprocess.run([*git, "remove", "--force", str(folder)], check=True)  # noqa: S603


Rows = Callable[[str, Any], list[tuple[Any, ...]]]


@contextmanager
def _database() -> Iterator[tuple[str, Rows]]:
    """A database of its own on the site's server, gone afterwards."""
    values = settings.DATABASES["default"]
    name = f"mm_try_{secrets.token_hex(4)}"
    server = {
        "host": values["HOST"],
        "port": values["PORT"] or 5432,
        "user": values["USER"],
        "password": values["PASSWORD"],
    }
    with psycopg.connect(**server, dbname=values["NAME"], autocommit=True) as own:
        own.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        try:

            def rows(statement: str, value: Any) -> list[tuple[Any, ...]]:
                with psycopg.connect(**server, dbname=name) as there:
                    values = None if value is None else [value]
                    return there.execute(statement, values).fetchall()

            secret = f":{server['password']}" if server["password"] else ""
            at = f"{server['host']}:{server['port']}"
            yield f"postgres://{server['user']}{secret}@{at}/{name}", rows
        finally:
            gone = sql.SQL("DROP DATABASE {} WITH (FORCE)")
            own.execute(gone.format(sql.Identifier(name)))
