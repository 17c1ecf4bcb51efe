"""Files people uploaded: kept in the database until their import has ended.

The web writes them and a worker reads them, perhaps on another machine. They go in and
out by the megabyte: nobody holds a whole file, in memory or in one transaction.
"""

import io
import shutil
import uuid
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import IO, Any, Protocol

from django.conf import settings
from django.db import reset_queries, transaction
from django.db.models import Count

from ingest.models import ImportRun, Source, UploadPart
from ingest.services.links import source_link
from ingest.services.runs import enqueue
from ingest.sources.export import LIMITS

PART = 1024 * 1024
_AT_ONCE = 4
# Parts without a run this old were left by a process that died.
_ORPHANED = timedelta(hours=1)


class Uploaded(Protocol):
    """A file as Django hands it over."""

    @property
    def name(self) -> str | None: ...

    @property
    def size(self) -> int | None: ...

    def chunks(self) -> Iterable[bytes]: ...


@dataclass(frozen=True, slots=True)
class _File:
    """A kept file; one without a size is in a folder of the release before."""

    name: str
    at: int
    size: int | None


class UploadBusy(Exception):
    """The files of an earlier upload are still being read."""


class UploadTooLarge(Exception):
    """The files are larger together than an upload may be."""


def export_receive(
    *, person_id: int, files: Sequence[Uploaded], now: datetime
) -> ImportRun:
    """Keep uploaded files and queue their import.

    Raises :class:`UploadBusy` and :class:`UploadTooLarge`; then nothing is kept.
    """
    if sum(file.size or 0 for file in files) > LIMITS.packed:
        raise UploadTooLarge
    runs = ImportRun.objects.filter(person_id=person_id, source=Source.EXPORT)
    if runs.active().exists():
        raise UploadBusy
    run_id = uuid.uuid4()
    try:
        kept = [_keep(run_id, at, file, now) for at, file in enumerate(files)]
        return _queue(run_id, person_id, kept, now)
    except BaseException:
        upload_forget(run_id)
        raise


def _keep(run_id: uuid.UUID, at: int, file: Uploaded, now: datetime) -> _File:
    rows: list[UploadPart] = []
    size = 0
    for place, data in enumerate(_parts(file.chunks())):
        size += len(data)
        rows.append(
            UploadPart(run_id=run_id, file=at, place=place, data=data, kept_at=now)
        )
        if len(rows) == _AT_ONCE:
            _write(rows)
    _write(rows)
    return _File(file.name or "", at, size)


def _write(rows: list[UploadPart]) -> None:
    UploadPart.objects.bulk_create(rows)
    rows.clear()
    if settings.DEBUG:
        # It would remember every statement, and with them the whole file.
        reset_queries()


def _parts(chunks: Iterable[bytes]) -> Iterator[bytes]:
    waiting = bytearray()
    for chunk in chunks:
        waiting += chunk
        while len(waiting) >= PART:
            yield bytes(waiting[:PART])
            del waiting[:PART]
    if waiting:
        yield bytes(waiting)


@transaction.atomic
def _queue(
    run_id: uuid.UUID, person_id: int, kept: list[_File], now: datetime
) -> ImportRun:
    source_link(person_id=person_id, source=Source.EXPORT, now=now)
    run = ImportRun.objects.create(
        pk=run_id,
        person_id=person_id,
        source=Source.EXPORT,
        queued_at=now,
        total_steps=100,
        stage_label="Reading your files",
        staged={
            # As a worker of the release before reads it: it waits for files it cannot
            # see, until the next worker is there.
            "files": [[file.name, str(file.at)] for file in kept],
            "sizes": [file.size for file in kept],
        },
    )
    enqueue(run.pk)
    return run


# --- Reading --------------------------------------------------------------


def uploaded_files(run: ImportRun) -> list[tuple[str, IO[bytes] | Path]]:
    """Return the files of an import by name; ``OSError`` when one is gone."""
    if not upload_is_whole(run):
        raise FileNotFoundError(f"The files of import {run.pk} are gone.")
    return [
        (
            file.name,
            _folder_of(run.pk) / str(file.at)
            if file.size is None
            else io.BufferedReader(_Kept(run.pk, file.at, file.size), PART),
        )
        for file in _files(run)
    ]


def upload_is_whole(run: ImportRun) -> bool:
    """Whether all that was uploaded for an import is still there."""
    parts = UploadPart.objects.of(run.pk).order_by("file").values_list("file")
    counts: dict[int, int] = dict(parts.annotate(Count("pk")))
    return all(
        (_folder_of(run.pk) / str(file.at)).is_file()
        if file.size is None
        else counts.get(file.at, 0) == -(-file.size // PART)
        for file in _files(run)
    )


def _files(run: ImportRun) -> list[_File]:
    named = run.staged.get("files", ())
    sizes = run.staged.get("sizes") or [None] * len(named)
    return [
        _File(name, int(place), size)
        for (name, place), size in zip(named, sizes, strict=True)
    ]


class _Kept(io.RawIOBase):
    """An uploaded file as the database has it, read where it is asked for."""

    def __init__(self, run_id: uuid.UUID, at: int, size: int) -> None:
        self._parts = UploadPart.objects.of(run_id).filter(file=at)
        self._size = size
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        if base + offset < 0:
            raise ValueError("There is nothing before the beginning.")
        self._at = base + offset
        return self._at

    def tell(self) -> int:
        return self._at

    def readinto(self, buffer: Any, /) -> int:
        if self._at >= self._size:
            return 0
        place, start = divmod(self._at, PART)
        row = self._parts.filter(place=place).values_list("data", flat=True).first()
        if row is None:
            raise FileNotFoundError("A part of an uploaded file is gone.")
        data = memoryview(row)[start : start + len(buffer)]
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)


# --- Forgetting -----------------------------------------------------------


def upload_forget(run_id: uuid.UUID) -> None:
    """Delete the files of an import that has ended."""
    UploadPart.objects.of(run_id).delete()
    shutil.rmtree(_folder_of(run_id), ignore_errors=True)


def uploads_kept() -> set[uuid.UUID]:
    """The imports whose files are there, and those of imports nobody knows."""
    rows = UploadPart.objects.order_by().values_list("run_id", flat=True).distinct()
    return set(rows)


def uploads_sweep(*, now: datetime) -> int:
    """Delete files that no import needs any more; returns of how many imports."""
    active = ImportRun.objects.active().filter(source=Source.EXPORT)
    needed = set(active.values_list("pk", flat=True))
    strays = UploadPart.objects.strays(needed, now - _ORPHANED)
    found = set(strays.order_by().values_list("run_id", flat=True).distinct())
    found |= {run_id for run_id in _former_folders(now) if run_id not in needed}
    for run_id in found:
        upload_forget(run_id)
    return len(found)


# --- What the release before kept -----------------------------------------


def _folder_of(run_id: uuid.UUID) -> Path:
    """Where uploads waited on the disk of a machine, before they were in parts."""
    return Path(settings.UPLOAD_DIR) / str(run_id)


def _former_folders(now: datetime) -> Iterator[uuid.UUID]:
    oldest = (now - _ORPHANED).timestamp()
    for path in Path(settings.UPLOAD_DIR).glob("*-*-*-*-*"):
        if path.is_dir() and path.stat().st_mtime < oldest:
            yield uuid.UUID(path.name)
