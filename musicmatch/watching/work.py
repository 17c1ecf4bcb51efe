"""One line and one count for every task, under the id of the request it came from."""

import logging
import threading
import time
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from celery import Task
from celery.signals import task_postrun, task_prerun, task_revoked

from musicmatch.watching import metrics
from musicmatch.watching.context import Work, working
from musicmatch.watching.stamps import PUBLISHED_AT, REQUEST_ID

logger = logging.getLogger(__name__)

# Four times a minute for ever, and told by /readyz.
_QUIET = {"musicmatch.tasks.note_heartbeat_task"}


@dataclass(frozen=True, slots=True)
class _Begun:
    at: float
    waited: float
    context: ExitStack


# A thread of a worker does one task at a time.
_here = threading.local()


@task_prerun.connect
def begin(task_id: str, task: Task[..., Any], **_: Any) -> None:
    request = task.request
    # Such a task is part of somebody else's work, and told with it.
    if request.is_eager:
        return
    stack = ExitStack()
    work = Work(str(request.get(REQUEST_ID) or ""), task_id, str(task.name))
    stack.enter_context(working(work))
    _here.begun = _Begun(time.perf_counter(), _waited(request), stack)


@task_postrun.connect
def end(task_id: str, task: Task[..., Any], state: str | None, **_: Any) -> None:
    begun = getattr(_here, "begun", None)
    if task.request.is_eager or begun is None:
        return
    seconds = time.perf_counter() - begun.at
    name, state = str(task.name), state or "UNKNOWN"
    metrics.task_done(name, state, seconds, begun.waited)
    level = logging.DEBUG if name in _QUIET and state == "SUCCESS" else logging.INFO
    fields = {
        "state": state,
        "ms": round(seconds * 1000, 1),
        "waited_ms": round(begun.waited * 1000),
    }
    words = "%s %s in %.0f ms"
    logger.log(level, words, name, state, seconds * 1000, extra={"fields": fields})
    begun.context.close()
    _here.begun = None


@task_revoked.connect
def drop(request: Any, expired: bool, **_: Any) -> None:
    """Count what nobody did: it was too late for it, or somebody took it back."""
    metrics.task_dropped(str(request.task), "EXPIRED" if expired else "REVOKED")


def _waited(request: Any) -> float:
    """How long a task lay in the queue after it might have been done."""
    published = request.get(PUBLISHED_AT)
    if not isinstance(published, float):
        return 0.0
    if eta := request.get("eta"):
        published = max(published, datetime.fromisoformat(eta).timestamp())
    return max(0.0, time.time() - published)
