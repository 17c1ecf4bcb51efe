"""Making a backup, and restoring one."""

import logging
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

from django.conf import settings
from django.core.cache import cache
from django.core.cache.backends.redis import RedisCache
from django.db import connection
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

from matching.services import index_forget
from musicmatch.care import rotation
from musicmatch.care.backup import (
    archive,
    crossing,
    postgres,
    sealing,
    sqlite,
    states,
)
from musicmatch.care.backup.archive import Archive, Manifest
from musicmatch.care.backup.errors import BackupError
from musicmatch.celery import app
from musicmatch.models import CareRun
from musicmatch.supervisor.errors import SupervisorError
from musicmatch.supervisor.folder import claim
from social.services import LogCheck, log_check

logger = logging.getLogger(__name__)

_PREFIX, _ENDING = "musicmatch-", ".tar"


@dataclass(frozen=True, slots=True)
class Made:
    """A backup that was made. ``dropped`` are the older ones that had to go."""

    path: Path
    size: int
    keys: str
    dropped: list[Path]


@dataclass(frozen=True, slots=True)
class Restored:
    """What was restored, and what the host should know of it.

    ``unopened`` counts encrypted values that no key of this site opens.
    """

    manifest: Manifest
    log: LogCheck
    unopened: int
    is_queue_empty: bool


# --- Making ---------------------------------------------------------------


def backup_make(
    target: Path, *, has_keys: bool, passphrase: str, now: datetime, keep: int = 0
) -> Made:
    """Write the database and the keys into one file, readable by its owner alone.

    ``target`` is a file, or a folder to name one in; of those so named in a folder the
    newest ``keep`` stay, if it is not 0. Raises ``BackupError``.
    """
    path = _path(target, now)
    archive.refuse_taken(path)
    try:
        with archive.workshop(path.parent) as parts:
            database = _engine().dump(parts)
            keys = sealing.write_keys(parts, passphrase) if has_keys else "none"
            archive.write(path, parts, _manifest(database, keys, now))
    except OSError as error:
        raise BackupError(f"{path} cannot be written: {error.strerror}.") from error
    dropped = _drop_older(path, keep) if target.is_dir() and keep else []
    size = path.stat().st_size
    facts = {"file": path.name, "bytes": size, "keys": keys, "dropped": len(dropped)}
    _note(CareRun.Kind.BACKUP, facts, now)
    logger.info("Backup made: %s, %d bytes.", path.name, size)
    return Made(path, size, keys, dropped)


def _path(target: Path, now: datetime) -> Path:
    if target.is_dir():
        return target / f"{_PREFIX}{now.astimezone(UTC):%Y-%m-%dT%H%M%SZ}{_ENDING}"
    if not target.parent.is_dir():
        raise BackupError(f"There is no folder {target.parent}.")
    return target


def _manifest(database: dict[str, object], keys: str, now: datetime) -> Manifest:
    return Manifest(
        made_at=now.astimezone(UTC).isoformat(timespec="seconds"),
        version=states.version(),
        engine=connection.vendor,
        migrations=[list(one) for one in states.applied()],
        database=database,
        keys=keys,
        key_marks=sealing.key_marks(),
    )


def _drop_older(newest: Path, keep: int) -> list[Path]:
    """Delete all but the newest of the backups named by this; their names tell when."""
    named = sorted(newest.parent.glob(f"{_PREFIX}*{_ENDING}"), reverse=True)
    older = named[keep:]
    for path in older:
        path.unlink()
    return older


# --- Restoring ------------------------------------------------------------


def backup_restore(
    path: Path, *, replaces: bool, is_stopped: bool, now: datetime
) -> Restored:
    """Put what is in an archive in place of what is there, all of it or nothing.

    Raises ``BackupError``, having changed nothing: without ``replaces`` where somebody
    was here already, without ``is_stopped`` while others use the database.
    """
    with archive.opened(path) as found, _alone(is_stopped):
        _refuse(found, replaces)
        _way(found.manifest.engine)(found)
        manifest = found.manifest
    index_forget()
    is_queue_empty = _forget_what_was_kept_beside()
    _note(CareRun.Kind.RESTORE, {"file": path.name, "made_at": manifest.made_at}, now)
    logger.warning("Restored the backup of %s.", manifest.made_at)
    unopened = sum(len(tally.unopened) for tally in rotation.keys_count())
    return Restored(manifest, log_check(), unopened, is_queue_empty)


def _refuse(found: Archive, replaces: bool) -> None:
    manifest = found.manifest
    _way(manifest.engine)
    states.refuse_newer(manifest)
    if not replaces and not states.is_empty():
        raise BackupError(
            "Somebody was here already. With --replace the archive takes the place of"
            " everything in this database."
        )


@contextmanager
def _alone(is_stopped: bool) -> Iterator[None]:
    """Refuse while the site runs, as far as that can be seen from here."""
    try:
        held = claim(Path(settings.DATA_DIR))
    except SupervisorError as error:
        raise BackupError(str(error)) from error
    with held:
        others = 0
        if connection.vendor == "postgresql" and not is_stopped:
            others = postgres.others_connected()
        if others:
            raise BackupError(
                f"Others use this database ({others} connections): stop web, worker"
                " and beat first. If it is none of them, add --site-is-stopped."
            )
        yield


def _forget_what_was_kept_beside() -> bool:
    """Empty the cache and the queue: they speak of rows that may now be others.

    Returns whether that could be done.
    """
    try:
        if isinstance(cache, RedisCache):
            _clear_own_keys(cache)
        else:
            cache.clear()
        if settings.REDIS_URL:
            app.control.purge()
        else:
            # A laptop's queue lies in a folder while nothing runs.
            shutil.rmtree(Path(settings.DATA_DIR) / "queue", ignore_errors=True)
    except (OSError, RedisError, OperationalError):
        logger.exception("The cache or the queue could not be emptied.")
        return False
    return True


def _clear_own_keys(store: RedisCache) -> None:
    """Not with ``clear``, which empties all of Redis, whosever it is."""
    client = store._cache.get_client(write=True)
    for key in client.scan_iter(match=f"{store.key_prefix}:*", count=1000):
        client.delete(key)


# --- Both -----------------------------------------------------------------


class _Engine(Protocol):
    def dump(self, parts: Path) -> dict[str, Any]: ...

    def restore(self, archive: Archive) -> None: ...


_ENGINES: dict[str, _Engine] = {"sqlite": sqlite, "postgresql": postgres}


def _engine() -> _Engine:
    engine = _ENGINES.get(connection.vendor)
    if engine is None:
        raise BackupError(f"Backups of {connection.vendor} are not made here.")
    return engine


def _way(engine: str) -> Callable[[Archive], None]:
    """How an archive of one engine comes into this one; from SQLite also across."""
    if engine == connection.vendor:
        return _engine().restore
    if (engine, connection.vendor) == ("sqlite", "postgresql"):
        return crossing.restore
    raise BackupError(
        f"This archive is of {engine}, and the site runs on {connection.vendor}."
        f" Restore it on {engine}."
    )


def _note(kind: CareRun.Kind, facts: dict[str, object], started_at: datetime) -> None:
    if CareRun._meta.db_table not in states.our_tables():
        # A host makes a backup before the first migration that knows this table.
        return
    finished_at = max(datetime.now(UTC), started_at)
    CareRun.objects.create(
        kind=kind, started_at=started_at, finished_at=finished_at, facts=facts
    )
