"""The Celery application: configured from settings, tasks found in each app."""

import logging
import os
import sys
from typing import Any

from celery import Celery, Task
from celery.signals import (
    beat_init,
    setup_logging,
    task_postrun,
    task_prerun,
    worker_init,
    worker_process_init,
)

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "musicmatch.settings")

logger = logging.getLogger(__name__)

app = Celery("musicmatch")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
# Celery hangs up on the database before and after every task, and on Postgres a new
# connection costs more than an import. Django knows how long one may live.
app.conf["CELERY_DB_REUSE_MAX"] = sys.maxsize


@task_prerun.connect
@task_postrun.connect
def close_old_connections(task: Task[..., Any], **_: Any) -> None:
    """Let go of connections that are too old or broken, as the web does."""
    from django import db

    # Such a task runs in the middle of somebody else's work.
    if not task.request.is_eager:
        db.close_old_connections()


@worker_init.connect
@beat_init.connect
def check_settings(**_: Any) -> None:
    """Refuse to work under settings that the web refuses to serve under.

    Celery logs what a receiver raises and goes on: only leaving stops it.
    """
    from django.core.exceptions import ImproperlyConfigured

    from musicmatch.checks import refuse_wrong_settings

    try:
        refuse_wrong_settings()
    except ImproperlyConfigured as error:
        sys.exit(str(error))


@worker_init.connect
def hang_up(**_: Any) -> None:
    """Leave no connection to the processes that a worker is about to fork."""
    from django import db

    db.connections.close_all()


@setup_logging.connect
def log_as_the_site_does(**_: Any) -> None:
    """Leave logging as Django set it up: Celery would write lines of its own kind."""


@worker_init.connect
def count(**_: Any) -> None:
    """Keep the counts of this worker where the metrics are read from."""
    from django.conf import settings

    from musicmatch.watching import folders, metrics, server

    if not settings.METRICS_TOKEN:
        return
    try:
        group = folders.claim(settings.METRICS_DIR, "worker")
        metrics.keep_in(group.folder, "0")
        if settings.METRICS_BIND:
            server.serve(
                settings.METRICS_BIND,
                root=settings.METRICS_DIR,
                token=settings.METRICS_TOKEN,
            )
    except OSError as error:
        logger.warning("The metrics of this worker cannot be read: %s", error)


@worker_process_init.connect
def take_place(**_: Any) -> None:
    """Count in a file of one's own, where a worker is more than one process."""
    from billiard import current_process

    from musicmatch.watching import metrics

    metrics.take_place(str(getattr(current_process(), "index", -1) + 1))
