"""What waits for a worker, and for how long."""

import json
from dataclasses import dataclass
from typing import Any

import redis
from kombu.exceptions import OperationalError

from musicmatch.celery import app
from musicmatch.watching.stamps import PUBLISHED_AT


@dataclass(frozen=True, slots=True)
class Waiting:
    """``oldest_at`` is a moment in seconds; None where nothing waits or none can tell.

    What is due later is in a worker's hands, and does not wait here.
    """

    count: int
    oldest_at: float | None = None


def waiting() -> Waiting | None:
    """Look into the queue; None while it does not answer."""
    try:
        with app.connection_for_write() as connection:
            connection.ensure_connection(max_retries=1, interval_start=0)
            channel: Any = connection.default_channel
            name = app.conf.task_default_queue
            return Waiting(channel._size(name), _oldest(channel, name))
    except (OSError, OperationalError, redis.RedisError):
        return None


def _oldest(channel: Any, name: str) -> float | None:
    """When the task that is taken next was queued; tasks are taken from the end."""
    client = getattr(channel, "client", None)
    raw = client.lindex(name, -1) if client is not None else None
    if raw is None:
        return None
    try:
        found = json.loads(raw)["headers"].get(PUBLISHED_AT)
    except (KeyError, ValueError, AttributeError):
        return None
    return found if isinstance(found, float) else None
