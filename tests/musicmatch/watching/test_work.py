"""Tasks: one line each, under the id of the request that queued them."""

import json
import logging
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from unittest import mock

import pytest
from celery.app.task import Context
from kombu import Connection
from kombu.transport.memory import Channel

from musicmatch.celery import app
from musicmatch.tasks import note_heartbeat_task
from musicmatch.watching import context, metrics, queue, work
from musicmatch.watching.context import Work, working


@pytest.fixture
def broker(monkeypatch: Any) -> Iterator[Connection]:
    """A queue in memory, and nothing done at once."""
    monkeypatch.setitem(app.conf, "task_always_eager", False)
    connection = Connection("memory://")
    monkeypatch.setattr(app, "connection_for_write", lambda: Connection("memory://"))
    yield connection
    Channel.queues.clear()


def sent(broker: Connection, **options: Any) -> dict[str, Any]:
    """Queue a task, and return the headers that a worker would find."""
    with app.connection_for_write() as connection, connection.Producer() as producer:
        note_heartbeat_task.apply_async(producer=producer, **options)
    with broker.SimpleQueue("celery") as lying:
        message = lying.get(timeout=1)
        message.ack()
        return dict(message.headers)


def task(headers: dict[str, Any], **more: Any) -> Any:
    request = Context({**headers, "is_eager": False, **more})
    return SimpleNamespace(request=request, name="matching.tasks.x")


# --- What is written on a task --------------------------------------------


def test_a_task_bears_the_id_of_its_request(broker: Connection) -> None:
    with working(Work("a" * 16)) as request:
        headers = sent(broker)
    assert headers["request_id"] == "a" * 16
    assert headers["published_at"] == pytest.approx(time.time(), abs=30)
    assert request.published == [headers["id"]]


def test_a_task_of_the_clock_bears_none(broker: Connection) -> None:
    headers = sent(broker)
    assert "request_id" not in headers
    assert headers["published_at"]


# --- What is told of it ---------------------------------------------------


def test_a_task_is_one_line_and_its_own_lines_join(caplog: Any) -> None:
    caplog.set_level(logging.INFO)
    before = count("matching.tasks.x", "SUCCESS")
    one = task({"request_id": "a" * 16, "published_at": time.time() - 3})
    work.begin(task_id="t-1", task=one)
    inside = context.current()
    assert inside is not None
    assert (inside.request_id, inside.task_id) == ("a" * 16, "t-1")
    work.end(task_id="t-1", task=one, state="SUCCESS")
    assert context.current() is None
    [record] = caplog.records
    assert record.getMessage().startswith("matching.tasks.x SUCCESS in ")
    assert record.fields["state"] == "SUCCESS"
    assert 3000 <= record.fields["waited_ms"] < 30_000
    assert count("matching.tasks.x", "SUCCESS") == before + 1


def test_a_task_that_is_done_at_once_is_no_work_of_its_own(caplog: Any) -> None:
    caplog.set_level(logging.INFO)
    one = task({}, is_eager=True)
    with working(Work("a" * 16)) as request:
        work.begin(task_id="t-1", task=one)
        assert context.current() is request
        work.end(task_id="t-1", task=one, state="SUCCESS")
    assert not caplog.records


def test_the_heartbeat_is_quiet(caplog: Any) -> None:
    caplog.set_level(logging.INFO)
    one = task({})
    one.name = note_heartbeat_task.name
    work.begin(task_id="t-1", task=one)
    work.end(task_id="t-1", task=one, state="SUCCESS")
    assert not caplog.records


def test_what_is_due_later_has_not_waited() -> None:
    due = datetime.now(UTC) + timedelta(seconds=60)
    headers = {"published_at": time.time() - 100, "eta": due.isoformat()}
    assert work._waited(Context(headers)) == 0


@pytest.mark.parametrize("expired", [True, False])
def test_a_task_that_nobody_did_is_counted(expired: bool) -> None:
    state = "EXPIRED" if expired else "REVOKED"
    before = count("matching.tasks.x", state)
    work.drop(request=Context({"task": "matching.tasks.x"}), expired=expired)
    assert count("matching.tasks.x", state) == before + 1


def count(name: str, state: str) -> float:
    labels = {"task": name, "state": state}
    return metrics.registry.get_sample_value("musicmatch_tasks_total", labels) or 0


# --- What waits -----------------------------------------------------------


def test_the_queue_says_how_long_it_is(broker: Connection) -> None:
    assert queue.waiting() == queue.Waiting(0)
    with app.connection_for_write() as connection, connection.Producer() as producer:
        note_heartbeat_task.apply_async(producer=producer)
        note_heartbeat_task.apply_async(producer=producer)
    assert queue.waiting() == queue.Waiting(2)


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (json.dumps({"headers": {"published_at": 12.5}}), 12.5),
        (json.dumps({"headers": {}}), None),
        ("no json", None),
        (None, None),
    ],
)
def test_the_oldest_task_says_when_it_came(raw: str | None, expected: Any) -> None:
    channel = SimpleNamespace(client=SimpleNamespace(lindex=lambda *_: raw))
    assert queue._oldest(channel, "celery") == expected


def test_a_queue_that_is_away_has_no_length(monkeypatch: Any) -> None:
    away = mock.Mock(side_effect=OSError)
    monkeypatch.setattr(app, "connection_for_write", away)
    assert queue.waiting() is None
