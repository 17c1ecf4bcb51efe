"""The stack under test: started once, and quiet while a test empties the database."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import redis
from django.conf import settings
from django.core.cache import cache

from tests.processes import ROOT, START_SECONDS, until
from tests.stack.handing import Giver

# A worker ends what it has begun: the last import of a test, at most.
_QUIET_SECONDS = 30.0
_STOP_SECONDS = 90.0
_ERROR = re.compile(
    r'"level(?:name)?": "(ERROR|CRITICAL)"|^Traceback| (ERROR|CRITICAL) '
)


class RunningStack:
    """``python -m musicmatch.stack`` on the database of the tests."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.url = settings.SITE_URL
        self.terminal = folder / "terminal.log"
        (folder / "data").mkdir(parents=True)
        self.giver = Giver(folder / "data" / "handed-over.json")
        self.giver.begin()
        self._queue = redis.Redis.from_url(settings.REDIS_URL)
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        port = urlsplit(self.url).port or 0
        plain = [] if self.url.startswith("https") else ["--plain"]
        first = port + 1 if not plain else port
        ports = {"--port": port, "--web-port": first, "--http-port": port + 2}
        ports["--probe-port"] = port + 3
        arguments = [text for pair in ports.items() for text in map(str, pair)]
        with self.terminal.open("wb") as terminal:
            self._process = subprocess.Popen(
                [
                    *(sys.executable, "-m", "musicmatch.stack", *arguments, *plain),
                    *("--data-dir", self.folder, "--settings", "tests.stack.settings"),
                    # What a test writes, the site has to read, and the other way round.
                    *("--same-user", "--follow-parent"),
                ],
                env=os.environ | self._secrets(),
                cwd=ROOT,
                stdout=terminal,
                stderr=terminal,
            )
        ready = f"Musicmatch is at {self.url}"
        until(
            lambda: ready in self._said() or self._process.poll() is not None,
            START_SECONDS,
        )
        assert ready in self._said(), self._said()

    def stop(self) -> None:
        if self._process is not None and self._process.poll() is None:
            self._tell(signal.SIGCONT, "beat", "worker")
            self._process.terminate()
            assert self._process.wait(_STOP_SECONDS) == 0, self._said()

    @contextmanager
    def awake(self) -> Iterator[None]:
        """Let the clock run meanwhile, and see everything done at the end of it."""
        self.giver.begin()
        self._tell(signal.SIGCONT, "beat", "worker")
        try:
            yield
        finally:
            self._tell(signal.SIGSTOP, "beat")
            is_asleep = until(self._falls_asleep, _QUIET_SECONDS)
        assert is_asleep, "A task of this test does not end."

    def errors(self) -> list[str]:
        """Return the lines of all logs that tell of an error."""
        return [
            f"{path.name}: {line}"
            for path in sorted((self.folder / "log").glob("*.log"))
            for line in path.read_text(errors="replace").splitlines()
            if _ERROR.search(line)
        ]

    def _falls_asleep(self) -> bool:
        """Stop the worker, but not in the middle of a task."""
        if not self._is_quiet():
            return False
        self._tell(signal.SIGSTOP, "worker")
        if self._is_quiet():
            return True
        self._tell(signal.SIGCONT, "worker")
        return False

    def _is_quiet(self) -> bool:
        """Whether no task waits or runs; what is for later is held, and no matter."""
        now = datetime.now(UTC).isoformat()
        held = [json.loads(text)[0] for text in self._queue.hvals("unacked")]
        due = [one for one in held if (one["headers"].get("eta") or "") <= now]
        return not (self._queue.llen("celery") or due)

    def _tell(self, number: signal.Signals, *names: str) -> None:
        for name in names:
            pid = int((self.folder / "run" / f"{name}.pid").read_text())
            os.kill(pid, number)

    def _said(self) -> str:
        return self.terminal.read_text(errors="replace")

    @staticmethod
    def _secrets() -> dict[str, str]:
        """Sessions and secrets that a test writes are the site's own."""
        given = urlsplit(os.environ["DATABASE_URL"])
        path = f"/{settings.DATABASES['default']['NAME']}"
        return {
            "DATABASE_URL": urlunsplit(given._replace(path=path)),
            "SECRET_KEY": settings.SECRET_KEY,
            "FIELD_ENCRYPTION_KEYS": ",".join(settings.FIELD_ENCRYPTION_KEYS),
        }


def empty_cache() -> None:
    """Empty the cache, and not the queue beside it, as ``cache.clear`` would."""
    client = redis.Redis.from_url(settings.REDIS_URL)
    keys = list(client.scan_iter(match=f"{cache.key_prefix}:*"))
    if keys:
        client.delete(*keys)
