"""Beat alone: it knows the schedule and none of the code.

Beat only sends names of tasks at their times. Without Django, numpy and Celery's
command line it takes half the memory and starts at once.
"""

import sys
import tempfile
from logging.config import dictConfig
from pathlib import Path
from typing import Any

from celery import Celery
from celery.signals import setup_logging

from musicmatch import settings
from musicmatch.watching import stamps  # noqa: F401

app = Celery("musicmatch", fixups=[])
app.config_from_object("musicmatch.settings", namespace="CELERY")


@setup_logging.connect
def log_as_the_site_does(**_: Any) -> None:
    dictConfig(settings.LOGGING)


def run(schedule: str = "") -> None:
    """Send due tasks until SIGTERM; ``schedule`` is the file of their last times.

    Where none is named it lies in the folder for passing things: tasks that are due
    come again within minutes, whatever was known of the last time.
    """
    schedule = schedule or str(Path(tempfile.gettempdir(), "beat"))
    # Its banner is no line of a log.
    app.Beat(schedule=schedule, quiet=True).run()


if __name__ == "__main__":
    run(*sys.argv[1:])
