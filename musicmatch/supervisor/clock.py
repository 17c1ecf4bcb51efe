"""Beat alone: it knows the schedule and none of the code.

Beat only sends names of tasks at their times. Without Django, numpy and Celery's
command line it takes half the memory and starts at once.
"""

import sys
import tempfile
from pathlib import Path

from celery import Celery

app = Celery("musicmatch", fixups=[])
app.config_from_object("musicmatch.settings", namespace="CELERY")


def run(schedule: str = "") -> None:
    """Send due tasks until SIGTERM; ``schedule`` is the file of their last times.

    Where none is named it lies in the folder for passing things: tasks that are due
    come again within minutes, whatever was known of the last time.
    """
    schedule = schedule or str(Path(tempfile.gettempdir(), "beat"))
    app.Beat(schedule=schedule, loglevel="INFO").run()


if __name__ == "__main__":
    run(*sys.argv[1:])
