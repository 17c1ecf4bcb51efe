"""The machine: room on its disks, what may be written, and how the site was kept."""

import os
import resource
import shutil
import tempfile
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

from django.conf import settings

from musicmatch.care.doctor.lines import (
    Line,
    age_in_words,
    fail,
    ok,
    size_in_words,
    warn,
)
from musicmatch.care.retention import EVERY
from musicmatch.models import CareRun

_MB = 1024 * 1024
# Less than that, and one upload or one build may fill it.
_LITTLE, _NOTHING = 2048 * _MB, 256 * _MB
_LEAST_FILES = 1024
_BACKUP_OLD = timedelta(days=7)


def folders(now: datetime) -> Iterator[Line]:
    """Every folder the site writes: may it, and is there room?"""
    for name in ("DATA_DIR", "INDEX_DIR"):
        yield _folder(name, Path(getattr(settings, name)))


def _folder(name: str, path: Path) -> Line:
    try:
        path.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path):
            free = shutil.disk_usage(path).free
    except OSError as error:
        said = f"{path} cannot be written: {error.strerror}."
        return fail(name, said, f"Let user {os.getuid()} write there, or make room.")
    # A build writes the next index beside the one in use.
    held = sum(part.stat().st_size for part in path.glob("*.part"))
    said = f"{path}: {size_in_words(free)} free."
    if free < max(_NOTHING, held):
        return fail(name, said, "Make room now.")
    if free < max(_LITTLE, 2 * held):
        return warn(name, said, "Make room soon.")
    return ok(name, said)


def static_files(now: datetime) -> Iterator[Line]:
    """Whether pages find their styles."""
    if settings.DEBUG:
        yield ok("static files", "With DEBUG on they are served from the source.")
        return
    manifest = Path(settings.STATIC_ROOT) / "staticfiles.json"
    if manifest.is_file():
        yield ok("static files", "They are collected.")
    else:
        said = f"{manifest} is missing: every page would fail."
        yield fail("static files", said, "manage.py collectstatic --no-input")


def limits(now: datetime) -> Iterator[Line]:
    """How many files one process may have open."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < _LEAST_FILES:
        said = f"A process may open {soft} files only."
        yield warn("open files", said, f"ulimit -n {_LEAST_FILES}, or more.")
    else:
        yield ok("open files", f"A process may open {soft}.")


def backups(now: datetime) -> Iterator[Line]:
    """When the last backup was made."""
    advice = "manage.py backup FOLDER --keep 14, every night, to another machine."
    last = CareRun.objects.newest_whole(CareRun.Kind.BACKUP)
    if last is None:
        make = ok if settings.DEBUG else warn
        yield make("backup", "None was ever made here.", advice)
        return
    age = now - last.started_at
    said = f"{last.facts.get('file', 'The last')} was made {age_in_words(age)} ago."
    yield warn("backup", said, advice) if age > _BACKUP_OLD else ok("backup", said)


def retention(now: datetime) -> Iterator[Line]:
    """When what was kept long enough was last deleted."""
    last = CareRun.objects.newest_whole(CareRun.Kind.RETENTION)
    if last is not None and now - last.started_at <= 2 * EVERY:
        age = age_in_words(now - last.started_at)
        yield ok("retention", f"What was kept long enough was deleted {age} ago.")
        return
    yield warn(
        "retention",
        "What was kept long enough was not deleted for two days.",
        "A worker does that once a day: is it running? By hand: manage.py retain",
    )
