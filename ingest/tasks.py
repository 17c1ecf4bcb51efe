"""What workers do for ingest: fetch nothing here, call one service."""

import uuid
from collections.abc import Sequence
from typing import Any

from celery import shared_task
from django.utils import timezone

from ingest import services
from ingest.services import lookups
from ingest.services.echoes import echoes_of_artists


# A long history takes longer than a call; it ends before the queue gives it up.
@shared_task(soft_time_limit=540, time_limit=570)
def advance_run_task(*, run_id: str, **_: Any) -> None:
    """Carry an import on, and come again when the service's gap has passed."""
    delay = services.run_advance(run_id=uuid.UUID(run_id), clock=timezone.now)
    if delay is not None:
        advance_run_task.apply_async(kwargs={"run_id": run_id}, countdown=delay)


@shared_task
def requeue_runs_task(**_: Any) -> None:
    now = timezone.now()
    services.runs_requeue_stalled(now=now)
    services.uploads_sweep(now=now)


@shared_task
def queue_due_imports_task(**_: Any) -> None:
    services.imports_queue_due(now=timezone.now())


@shared_task(soft_time_limit=120, time_limit=150)
def mark_echoes_task(*, artist_ids: Sequence[int], after: int = 0, **_: Any) -> None:
    """Mark echoes of these artists anew, by the hundred people.

    Each hundred is a task of its own: one that is done twice changes nothing.
    """
    last = echoes_of_artists(artist_ids=artist_ids, after=after)
    if last is not None:
        mark_echoes_task.delay(artist_ids=list(artist_ids), after=last)


# A turn takes about twenty seconds, and one whole answer more where a service trickles.
@shared_task(soft_time_limit=75, time_limit=90)
def look_up_genres_task(**_: Any) -> None:
    """Do nothing while ``GENRE_LOOKUP`` is empty, or while another worker asks."""
    lookups.genres_look_up(clock=timezone.now)


@shared_task(soft_time_limit=75, time_limit=90)
def look_up_sounds_task(**_: Any) -> None:
    """Do nothing while ``RECCOBEATS_URL`` is empty, or while another worker asks."""
    lookups.sounds_look_up(clock=timezone.now)
