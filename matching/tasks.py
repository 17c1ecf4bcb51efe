"""What workers do for matching."""

import logging
from collections.abc import Sequence
from typing import Any

from celery import shared_task
from django.core.cache import cache
from django.db import transaction
from django.utils import timezone

from matching import engine, fairness, preselect, services

logger = logging.getLogger(__name__)

_ASK_EVERY_SECONDS = 20


@shared_task(soft_time_limit=600, time_limit=660)
def rebuild_index_when_due_task(**_: Any) -> None:
    """Keep the index of the machine this worker is on.

    Machines without a worker, or with several, have ``manage.py keep_index`` for it;
    both at once do no harm.
    """
    try:
        services.index_keep(now=timezone.now())
    except services.BuildRunning:
        logger.info("Another process builds the index.")
    except OSError:
        logger.exception("The index cannot be written; the one before serves on.")


@shared_task(soft_time_limit=120, time_limit=150)
def refresh_listeners_task(
    *, artist_ids: Sequence[int], after: int = 0, **_: Any
) -> None:
    """Compute the tastes of everyone who has one of these artists, by the hundred.

    Each hundred is a task of its own: one that is done twice changes nothing.
    """
    last = services.listeners_refresh(
        artist_ids=artist_ids, after=after, now=timezone.now()
    )
    if last is not None:
        refresh_listeners_task.delay(artist_ids=list(artist_ids), after=last)


@shared_task(soft_time_limit=540, time_limit=570)
def fairness_report_task(**_: Any) -> None:
    """Make the day's report; asked again, or twice at once, it is the same one."""
    now = timezone.now()
    if not fairness.report_is_due(now=now):
        return
    try:
        fairness.report_make(now=now)
    except (engine.IndexMissing, engine.IndexCorrupt):
        logger.info("There is no index yet to report on.")


@shared_task(soft_time_limit=6 * 3600, time_limit=6 * 3600 + 60)
def preselect_refresh_task(**_: Any) -> None:
    """Bring the tables of the preselection to the state of the index.

    Minutes after each build for every million people; seconds otherwise.
    """
    if not preselect.is_on() or preselect.what_is_missing():
        return
    try:
        preselect.preselect_refresh()
    except preselect.FillRunning:
        logger.info("Another process writes the preselection.")
    except (engine.IndexMissing, engine.IndexCorrupt):
        logger.info("There is no index yet to preselect from.")


@shared_task(soft_time_limit=540, time_limit=570)
def preselect_recall_task(**_: Any) -> None:
    """Measure the preselection once a day; asked again, it is measured already."""
    now = timezone.now()
    if not preselect.recall_is_due(now=now):
        return
    try:
        preselect.recall_measure(now=now)
    except (engine.IndexMissing, engine.IndexCorrupt):
        logger.info("There is no index yet to measure the preselection on.")


def ask_for_index() -> None:
    """Queue a build because someone waits for one; seldom, and never in the way."""
    if cache.add("index-asked", 1, _ASK_EVERY_SECONDS):
        transaction.on_commit(rebuild_index_when_due_task.delay, robust=True)
