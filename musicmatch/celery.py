"""The Celery application: configured from settings, tasks found in each app."""

import os
import sys
from typing import Any

from celery import Celery
from celery.signals import beat_init, worker_init

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "musicmatch.settings")

app = Celery("musicmatch")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


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
