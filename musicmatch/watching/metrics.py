"""What is counted, and where each process keeps its counts.

A process counts in a file that the processes of its group share a folder for: several
web processes, or a worker and its children. Whoever is asked for the metrics adds up
the files, so that it does not matter who answers. A file belongs to a place in the
group and not to a process: one that follows a dead one in its place counts on, no count
goes back, and no files pile up.
"""

import os
from pathlib import Path

from prometheus_client import CollectorRegistry, Counter, Histogram, values

_QUICK = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_LONG = (0.1, 0.5, 1.0, 5.0, 15.0, 60.0, 120.0, 300.0, 600.0)

registry = CollectorRegistry()
# Each has labels: one without would keep a value before it is known where.
_requests = Counter(
    "musicmatch_requests",
    "Requests answered, by route.",
    ("route", "method", "status"),
    registry=registry,
)
_request_seconds = Histogram(
    "musicmatch_request_seconds",
    "Seconds until a request was answered.",
    ("route", "method"),
    buckets=_QUICK,
    registry=registry,
)
_tasks = Counter(
    "musicmatch_tasks",
    "Tasks that ended, by Celery's name of how.",
    ("task", "state"),
    registry=registry,
)
_task_seconds = Histogram(
    "musicmatch_task_seconds",
    "Seconds a task took.",
    ("task",),
    buckets=_LONG,
    registry=registry,
)
_task_wait_seconds = Histogram(
    "musicmatch_task_wait_seconds",
    "Seconds a task waited for a worker after it was due.",
    ("task",),
    buckets=_LONG,
    registry=registry,
)
_calls = Counter(
    "musicmatch_outside_calls",
    "Calls of outside services; status none is no answer.",
    ("service", "status"),
    registry=registry,
)
_call_seconds = Histogram(
    "musicmatch_outside_call_seconds",
    "Seconds until an outside service answered, or did not.",
    ("service",),
    buckets=_QUICK,
    registry=registry,
)
_imports = Counter(
    "musicmatch_imports_finished",
    "Imports that ended.",
    ("source", "kind", "state"),
    registry=registry,
)
_written = Counter(
    "musicmatch_written",
    "What people wrote to each other: requests to connect, messages.",
    ("what",),
    registry=registry,
)


def request_done(route: str, method: str, status: int, seconds: float) -> None:
    _requests.labels(route, method, str(status)).inc()
    _request_seconds.labels(route, method).observe(seconds)


def task_done(task: str, state: str, seconds: float, waited: float) -> None:
    _tasks.labels(task, state).inc()
    _task_seconds.labels(task).observe(seconds)
    _task_wait_seconds.labels(task).observe(waited)


def task_dropped(task: str, state: str) -> None:
    _tasks.labels(task, state).inc()


def called(service: str, status: int | None, seconds: float) -> None:
    _calls.labels(service, "none" if status is None else str(status)).inc()
    _call_seconds.labels(service).observe(seconds)


def import_finished(source: str, kind: str, state: str) -> None:
    _imports.labels(source, kind, state).inc()


def written(what: str) -> None:
    _written.labels(what).inc()


# --- Where counts are kept ------------------------------------------------

_place = "0"


def keep_in(folder: Path, place: str) -> None:
    """Keep the counts of this process in a file of this folder, and of this place.

    Called once in a process, or before it forks: what it counted until then is lost.
    """
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(folder)
    take_place(place)
    values.ValueClass = values.MultiProcessValue(  # type: ignore[no-untyped-call]
        lambda: _place
    )


def take_place(place: str) -> None:
    """Take one's own place in the group, as a child does after it was forked."""
    global _place
    _place = place
