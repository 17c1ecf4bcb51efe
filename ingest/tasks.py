"""What workers do for ingest: fetch nothing here, call one service."""

import uuid
from typing import Any

from celery import shared_task
from django.utils import timezone

from ingest import services


@shared_task
def advance_run_task(*, run_id: str, **_: Any) -> None:
    """Carry an import on, and come again when the service's gap has passed."""
    delay = services.run_advance(run_id=uuid.UUID(run_id), clock=timezone.now)
    if delay is not None:
        advance_run_task.apply_async(kwargs={"run_id": run_id}, countdown=delay)


@shared_task
def requeue_runs_task(**_: Any) -> None:
    services.runs_requeue_stalled(now=timezone.now())


@shared_task
def queue_due_imports_task(**_: Any) -> None:
    services.imports_queue_due(now=timezone.now())
