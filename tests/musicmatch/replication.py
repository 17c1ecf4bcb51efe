"""A PostgreSQL and a streaming replica of it, both of the test alone."""

import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.db import ConnectionHandler, connections

from musicmatch.supervisor.ports import free_port

_HOST = "127.0.0.1"
_USER = "postgres"


def _ports() -> tuple[int, int]:
    first = free_port(65536)
    return first, free_port(first + 1)


class Pair:
    """Two servers in folders of their own; ``primary_test`` and ``replica_test``."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.bin = max(Path("/usr/lib/postgresql").glob("*/bin"))
        self.ports = dict(zip(("primary_test", "replica_test"), _ports(), strict=True))
        self.running: dict[str, subprocess.Popen[bytes]] = {}
        # The server refuses to run as root.
        self.owner = "postgres" if os.geteuid() == 0 else None
        if self.owner:
            for place in (folder, *folder.parents):
                if place.name.startswith(("pytest", "replication")):
                    place.chmod(0o755)
            folder.chmod(0o777)

    def call(self, program: str, *arguments: str) -> None:
        subprocess.run(
            [str(self.bin / program), *arguments],
            check=True,
            capture_output=True,
            user=self.owner,
            cwd=self.folder,
            timeout=60,
        )

    def start(self) -> None:
        first, second = (str(self.folder / name) for name in self.ports)
        self.call("initdb", "-D", first, "-U", _USER, "-A", "trust", "--no-sync")
        self._serve("primary_test")
        address = ("-h", _HOST, "-p", str(self.ports["primary_test"]), "-U", _USER)
        self.call(
            "pg_basebackup", *address, "-D", second, "-R", "-X", "stream", "-c", "fast"
        )
        self._serve("replica_test")

    def _serve(self, name: str) -> None:
        options = {
            "port": self.ports[name],
            "listen_addresses": _HOST,
            "unix_socket_directories": "",
            "fsync": "off",
            "shared_buffers": "16MB",
        }
        arguments = [f"-c{key}={value}" for key, value in options.items()]
        with (self.folder / f"{name}.log").open("wb") as log:
            self.running[name] = subprocess.Popen(
                [str(self.bin / "postgres"), "-D", str(self.folder / name), *arguments],
                stdout=log,
                stderr=log,
                user=self.owner,
                cwd=self.folder,
            )
        latest = time.monotonic() + 20
        while True:
            try:
                self.call("pg_isready", "-h", _HOST, "-p", str(self.ports[name]))
            except subprocess.CalledProcessError:
                if time.monotonic() > latest:
                    raise
                time.sleep(0.1)
            else:
                return

    def databases(self) -> dict[str, dict[str, Any]]:
        wanted = {
            alias: {
                "ENGINE": "django.db.backends.postgresql",
                "HOST": _HOST,
                "PORT": str(port),
                "USER": _USER,
                "NAME": "postgres",
                "OPTIONS": {"connect_timeout": 2},
            }
            for alias, port in self.ports.items()
        }
        filled: dict[str, dict[str, Any]] = ConnectionHandler(
            {"default": {}, **wanted}
        ).settings
        return {alias: filled[alias] for alias in self.ports}

    def run(self, statement: str, alias: str = "primary_test") -> None:
        with connections[alias].cursor() as cursor:
            cursor.execute(statement)

    def count(self, alias: str) -> int:
        with connections[alias].cursor() as cursor:
            cursor.execute("SELECT to_regclass('block') IS NOT NULL")
            if not cursor.fetchone()[0]:
                return -1
            cursor.execute("SELECT count(*) FROM block")
            return int(cursor.fetchone()[0])

    def pause(self) -> None:
        self.run("SELECT pg_wal_replay_pause()", "replica_test")

    def resume(self) -> None:
        self.run("SELECT pg_wal_replay_resume()", "replica_test")

    def stop_replica(self) -> None:
        self._stop("replica_test")

    def _stop(self, name: str) -> None:
        process = self.running.pop(name, None)
        if process is not None:
            process.kill()
            process.wait()

    def stop(self) -> None:
        for name in list(self.running):
            process = self.running.pop(name)
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()


@contextmanager
def started(folder: Path) -> Iterator[Pair]:
    pair = Pair(folder)
    try:
        pair.start()
        yield pair
    finally:
        pair.stop()
