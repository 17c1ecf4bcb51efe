"""SQLite: the whole file by SQLite's own online copy, there and back.

Reading, the copy is of one moment, whoever writes meanwhile. Writing back is one
transaction of the file that is there: other processes see all of the old or all of the
new, and after a failure the old.
"""

import gzip
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection
from django.db.backends.sqlite3._functions import (  # type: ignore[import-untyped]
    register,
)

from musicmatch.care.backup import states
from musicmatch.care.backup.archive import Archive, damaged, workshop
from musicmatch.care.backup.errors import BackupError

ENGINE = "sqlite"
_NAME = "database.sqlite3.gz"
# The file is mostly text and numbers: more effort saves little.
_LEVEL = 5


def dump(parts: Path) -> dict[str, Any]:
    """Copy the database into a folder; returns what a restore has to know."""
    copy = parts / ".copy"
    with closing(sqlite3.connect(copy)) as file:
        _own().backup(file)
        # Overwritten, and not only no longer named.
        file.execute("PRAGMA secure_delete=ON")
        for table in {*states.left_out()} & {*states.our_tables()}:
            file.execute(f'DELETE FROM "{table}"')  # noqa: S608
        file.commit()
        # One file, that needs no other beside it.
        file.execute("PRAGMA journal_mode=DELETE")
        _check(file)
    with copy.open("rb") as plain, gzip.open(parts / _NAME, "wb", _LEVEL) as packed:
        shutil.copyfileobj(plain, packed)
    copy.unlink()
    return {"sqlite": sqlite3.sqlite_version}


def restore(archive: Archive) -> None:
    """Put the database of an archive in place of the one that is there."""
    with workshop(Path(settings.DATA_DIR)) as folder:
        copy = unpack(archive, folder)
        with closing(sqlite3.connect(copy)) as file, _unhindered():
            file.backup(_own())


def unpack(archive: Archive, folder: Path) -> Path:
    """Write the database of an archive as a file, in the state of this code."""
    copy = folder / "restored.sqlite3"
    with archive.member(_NAME) as packed, copy.open("wb") as plain:
        shutil.copyfileobj(gzip.GzipFile(fileobj=packed), plain)
    if states.missing(archive.manifest):
        _migrate(copy)
    with closing(sqlite3.connect(copy)) as file:
        _check(file)
    return copy


def _own() -> sqlite3.Connection:
    """The connection of the site; also where the database is only in memory."""
    connection.ensure_connection()
    own: sqlite3.Connection = connection.connection
    return own


@contextmanager
def _unhindered() -> Iterator[None]:
    """Without the settings of a connection that the copy does not outlive."""
    try:
        yield
    except sqlite3.OperationalError as error:
        raise BackupError(
            "The database is in use. Stop the site first; nothing was changed."
        ) from error
    finally:
        connection.close()


def _check(file: sqlite3.Connection) -> None:
    # Some constraints are written in functions that Django brings.
    register(file)
    found = file.execute("PRAGMA quick_check(1)").fetchone()
    if found != ("ok",):
        raise damaged(f"SQLite says of the database: {found}")


def _migrate(copy: Path) -> None:
    """Bring an older database to the state of this code, before it is anybody's."""
    environment = {**os.environ, "DATABASE_URL": f"sqlite:///{copy}"}
    # A file would be asked first.
    environment.pop("DATABASE_URL_FILE", None)
    done = subprocess.run(
        [sys.executable, "manage.py", "migrate", "--no-input", "--verbosity=0"],
        cwd=settings.BASE_DIR,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        lines = done.stderr.strip().splitlines() or ["no reason was given"]
        raise BackupError(f"The archive could not be migrated: {lines[-1]}")
