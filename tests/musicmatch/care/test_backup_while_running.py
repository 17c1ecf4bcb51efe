"""A backup of a file that others write to, taken and given back by real processes."""

import os
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path

import pytest
from django.conf import settings as site

pytestmark = pytest.mark.process

BOTH = "UPDATE accounts_servicegate SET strikes = strikes + 1"


def manage(data_dir: Path, *command: str, ends_with: int = 0) -> str:
    environment = {"DATA_DIR": str(data_dir), "PATH": os.environ["PATH"]}
    done = subprocess.run(
        [sys.executable, "manage.py", *command],
        cwd=site.BASE_DIR,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == ends_with, done.stderr
    return done.stdout + done.stderr


class Writer(threading.Thread):
    """Keeps two rows equal, one transaction at a time."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path, self.is_over, self.written = path, threading.Event(), 0

    def run(self) -> None:
        with closing(sqlite3.connect(self.path, timeout=20)) as file:
            while not self.is_over.is_set():
                with file:
                    for name in ("one", "other"):
                        file.execute(f"{BOTH} WHERE service = ?", [name])
                self.written += 1


def strikes(path: Path) -> list[int]:
    with closing(sqlite3.connect(path)) as file:
        return [
            row[0] for row in file.execute("SELECT strikes FROM accounts_servicegate")
        ]


def test_a_backup_is_of_one_moment_and_comes_back_whole(tmp_path: Path) -> None:
    data_dir, file = tmp_path / "var", tmp_path / "site.tar"
    manage(data_dir, "migrate", "--verbosity=0")
    database = data_dir / "db.sqlite3"
    with closing(sqlite3.connect(database)) as own, own:
        for name in ("one", "other"):
            own.execute(
                "INSERT INTO accounts_servicegate VALUES (?, '2026-01-01', 'rate', 0,"
                " '2026-01-01')",
                [name],
            )
    writer = Writer(database)
    writer.start()
    try:
        said = manage(data_dir, "backup", str(file))
    finally:
        writer.is_over.set()
        writer.join()
    assert "Backup made" in said
    assert writer.written > 0
    of_now = strikes(database)

    # Somebody who has the file open sees the one or the other, and never nothing.
    with closing(sqlite3.connect(database)) as reader:
        assert reader.execute("SELECT count(*) FROM accounts_servicegate").fetchone()
        manage(data_dir, "restore", str(file), ends_with=1)
        assert strikes(database) == of_now
        manage(data_dir, "restore", str(file), "--replace")
        one, other = strikes(database)
        assert one == other <= of_now[0]
        seen = reader.execute("SELECT strikes FROM accounts_servicegate").fetchall()
        assert seen == [(one,), (other,)]
        assert reader.execute("PRAGMA journal_mode").fetchone() == ("wal",)
