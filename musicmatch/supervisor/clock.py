"""Beat alone: it knows the schedule and none of the code.

Beat only sends names of tasks at their times. Without Django, numpy and Celery's
command line it takes half the memory and starts at once.
"""

import sys

from celery import Celery

app = Celery("musicmatch", fixups=[])
app.config_from_object("musicmatch.settings", namespace="CELERY")


def run(schedule: str) -> None:
    """Send due tasks until SIGTERM; ``schedule`` is the file of their last times."""
    app.Beat(schedule=schedule, loglevel="INFO").run()


if __name__ == "__main__":
    run(sys.argv[1])
