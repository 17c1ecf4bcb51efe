"""What workers do for the site itself."""

from typing import Any

from celery import shared_task
from django.core.cache import cache
from django.utils import timezone

from musicmatch import health
from musicmatch.care import retention

# The rest of a long clean-up follows with the next turn.
_RETAIN_SECONDS = 300.0
_RETAINING = "retention-runs"


@shared_task(soft_time_limit=10, time_limit=15)
def note_heartbeat_task(**_: Any) -> None:
    """Say that beat, queue and worker are alive: only together do they get here."""
    health.note_heartbeat(timezone.now())


@shared_task(soft_time_limit=540, time_limit=570)
def retain_task(**_: Any) -> None:
    """Delete what was kept long enough; once a day, however often it is asked."""
    if not retention.retention_is_due(now=timezone.now()):
        return
    # Two at once would do no harm, and twice the work.
    if not cache.add(_RETAINING, 1, 600):
        return
    try:
        retention.retention_run(clock=timezone.now, seconds=_RETAIN_SECONDS)
    finally:
        cache.delete(_RETAINING)
