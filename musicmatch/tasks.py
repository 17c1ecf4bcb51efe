"""What workers do for the site itself."""

from typing import Any

from celery import shared_task
from django.utils import timezone

from musicmatch import health


@shared_task(soft_time_limit=10, time_limit=15)
def note_heartbeat_task(**_: Any) -> None:
    """Say that beat, queue and worker are alive: only together do they get here."""
    health.note_heartbeat(timezone.now())
