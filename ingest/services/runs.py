"""Queueing imports: by hand, after a consent, when due, and after a crash."""

import uuid
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef, Q

from accounts import gate, keeping
from ingest.models import ImportRun, Source, SourceLink
from ingest.services import steps

RECENT_EVERY = timedelta(hours=1)
ACTIVE_WITHIN = timedelta(days=7)
# Queued this long, a run's message was lost on the way to a worker.
_LOST_AFTER = timedelta(seconds=20)
_DUE_AT_ONCE = 200


def enqueue(run_id: uuid.UUID) -> None:
    """Hand a run to a worker after commit. Beat finds it again if that fails."""

    def send() -> None:
        from ingest.tasks import advance_run_task

        advance_run_task.apply_async(kwargs={"run_id": str(run_id)})

    transaction.on_commit(send, robust=True)


def run_queue(
    *,
    person_id: int,
    source: Source,
    now: datetime,
    kind: ImportRun.Kind = ImportRun.Kind.FULL,
) -> ImportRun:
    """Queue an import, or return the one that is already on its way."""
    runs = ImportRun.objects.filter(person_id=person_id, source=source)
    if run := runs.active().first():
        return _widened(run, source, kind)
    try:
        with transaction.atomic():
            runs.filter(finished_at__lt=now - keeping.IMPORT_RUNS).delete()
            run = _new_run(person_id, source, kind, now)
    except IntegrityError:
        # Somebody was faster; theirs may even have ended since.
        latest = ImportRun.objects.latest_of(person_id, source)
        if latest is None:
            raise
        return latest
    enqueue(run.pk)
    return run


def _widened(run: ImportRun, source: Source, kind: ImportRun.Kind) -> ImportRun:
    """Turn a waiting run for recent listens into one for everything, if asked for."""
    if kind != ImportRun.Kind.FULL or run.kind == kind:
        return run
    total = len(steps.plan(source, kind))
    waiting = (ImportRun.State.QUEUED, ImportRun.State.WAITING)
    resting = ImportRun.objects.filter(pk=run.pk, state__in=waiting)
    if resting.update(kind=kind, total_steps=total):
        run.kind, run.total_steps = kind, total
    return run


def _new_run(
    person_id: int, source: Source, kind: ImportRun.Kind, now: datetime
) -> ImportRun:
    plan = steps.plan(source, kind)
    return ImportRun.objects.create(
        person_id=person_id,
        source=source,
        kind=kind,
        queued_at=now,
        total_steps=len(plan),
        stage_label=plan[0].label,
    )


def runs_requeue_stalled(*, now: datetime) -> int:
    """Give runs that no worker holds to a worker again; returns how many."""
    on_its_way = Q(state=ImportRun.State.QUEUED, queued_at__gt=now - _LOST_AFTER)
    stalled = ImportRun.objects.stalled(now).exclude(on_its_way)
    ids = list(stalled.order_by("queued_at", "pk").values_list("pk", flat=True))
    for run_id in ids:
        enqueue(run_id)
    return len(ids)


def imports_queue_due(*, now: datetime) -> int:
    """Queue daily refreshes, and hourly recent listens of active people.

    Returns how many were queued: none of a service that asks for patience.
    """
    return sum(
        _queue_due(source, now)
        for source in Source
        if source.door.open is not None and gate.closure(source, now) is None
    )


def _queue_due(source: Source, now: datetime) -> int:
    mine = ImportRun.objects.active().filter(
        person=OuterRef("person"), source=OuterRef("source")
    )
    links = SourceLink.objects.filter(~Exists(mine), source=source, is_used=True)
    state = SourceLink.State
    due = links.filter(
        state__in=[state.CONNECTED, state.FAILED], next_import_at__lte=now
    ).order_by("next_import_at", "pk")
    # A source whose latest import failed waits for its daily turn.
    recent = links.filter(
        state=state.CONNECTED,
        next_import_at__gt=now,
        latest_recent_at__lte=now - RECENT_EVERY,
        person__last_active_at__gte=now - ACTIVE_WITHIN,
    ).order_by("latest_recent_at", "pk")
    queued = 0
    for kind, rows in ((ImportRun.Kind.FULL, due), (ImportRun.Kind.RECENT, recent)):
        for person_id in rows.values_list("person_id", flat=True)[:_DUE_AT_ONCE]:
            run_queue(person_id=person_id, source=source, kind=kind, now=now)
            queued += 1
    return queued
