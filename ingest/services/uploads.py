"""Files people uploaded: kept in a folder of their import until it has ended."""

import shutil
import uuid
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol

from django.conf import settings
from django.db import transaction

from ingest.models import ImportRun, Source
from ingest.services.links import source_link
from ingest.services.runs import enqueue
from ingest.sources.export import LIMITS

# A folder without a run this old was left by a process that died.
_ORPHANED = timedelta(hours=1)


class Uploaded(Protocol):
    """A file as Django hands it over."""

    @property
    def name(self) -> str | None: ...

    @property
    def size(self) -> int | None: ...

    def chunks(self) -> Iterable[bytes]: ...


class UploadBusy(Exception):
    """The files of an earlier upload are still being read."""


class UploadTooLarge(Exception):
    """The files are larger together than an upload may be."""


def folder_of(run_id: uuid.UUID) -> Path:
    return Path(settings.UPLOAD_DIR) / str(run_id)


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
    folder = folder_of(run_id)
    folder.mkdir(parents=True)
    try:
        kept = [_keep(file, folder / str(at)) for at, file in enumerate(files)]
        return _queue(run_id, person_id, kept, now)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def _keep(file: Uploaded, place: Path) -> list[str]:
    with place.open("xb") as kept:
        for chunk in file.chunks():
            kept.write(chunk)
    return [file.name or "", place.name]


@transaction.atomic
def _queue(
    run_id: uuid.UUID, person_id: int, kept: list[list[str]], now: datetime
) -> ImportRun:
    source_link(person_id=person_id, source=Source.EXPORT, now=now)
    run = ImportRun.objects.create(
        pk=run_id,
        person_id=person_id,
        source=Source.EXPORT,
        queued_at=now,
        total_steps=100,
        stage_label="Reading your files",
        staged={"files": kept},
    )
    enqueue(run.pk)
    return run


def upload_forget(run_id: uuid.UUID) -> None:
    """Delete the files of an import that has ended."""
    shutil.rmtree(folder_of(run_id), ignore_errors=True)


def uploads_sweep(*, now: datetime) -> int:
    """Delete folders that no import needs any more; returns how many."""
    root = Path(settings.UPLOAD_DIR)
    folders = [path for path in root.glob("*") if path.is_dir()]
    if not folders:
        return 0
    active = ImportRun.objects.active().filter(source=Source.EXPORT)
    needed = {str(pk) for pk in active.values_list("pk", flat=True)}
    oldest = (now - _ORPHANED).timestamp()
    swept = 0
    for folder in folders:
        if folder.name not in needed and folder.stat().st_mtime < oldest:
            shutil.rmtree(folder, ignore_errors=True)
            swept += 1
    return swept
