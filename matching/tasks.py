"""What workers do for matching."""

import logging
from typing import Any

from celery import shared_task
from django.core.cache import cache
from django.db import transaction
from django.utils import timezone

from matching import services

logger = logging.getLogger(__name__)

_ASK_EVERY_SECONDS = 20


@shared_task(soft_time_limit=600, time_limit=660)
def rebuild_index_when_due_task(**_: Any) -> None:
    now = timezone.now()
    if not services.index_is_due(now=now):
        return
    try:
        services.index_rebuild(now=now)
    except services.BuildRunning:
        logger.info("Another process builds the index.")


def ask_for_index() -> None:
    """Queue a build because someone waits for one; seldom, and never in the way."""
    if cache.add("index-asked", 1, _ASK_EVERY_SECONDS):
        transaction.on_commit(rebuild_index_when_due_task.delay, robust=True)
