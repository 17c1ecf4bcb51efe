"""Is the site ready: what is asked, what is said of it, and how long that takes."""

import json
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from time import monotonic
from types import SimpleNamespace
from typing import Any

import pytest
from django import db
from django.test import Client
from django.utils import timezone
from redis.exceptions import ConnectionError as RedisAway

from accounts.models import User
from matching.services import index_rebuild
from musicmatch import health
from musicmatch.celery import app
from musicmatch.tasks import note_heartbeat_task
from tests.conftest import NOW

NAMES = ["database", "cache", "broker", "worker", "index"]


def ready(client: Client, query: str = "") -> tuple[int, dict[str, Any]]:
    response = client.get(f"/readyz{query}")
    assert "no-store" in response["Cache-Control"]
    return response.status_code, json.loads(response.content)


def missing(said: dict[str, Any]) -> list[str]:
    return [name for name in NAMES if not said[name]["ok"]]


@pytest.fixture
def whole(ada: User) -> None:
    """A site that lacks nothing."""
    index_rebuild(now=timezone.now())
    note_heartbeat_task.delay()


# --- What is named --------------------------------------------------------


@pytest.mark.usefixtures("whole")
@pytest.mark.parametrize("query", ["", "?all"])
def test_it_is_content_when_all_is_there(client: Client, query: str) -> None:
    status, said = ready(client, query)
    assert (status, said["ok"], missing(said)) == (200, True, [])
    assert [*said] == ["ok", *NAMES]
    assert said["index"] == {"ok": True, "generation": 1, "age_seconds": 0, "people": 0}
    assert said["worker"] == {"ok": True, "age_seconds": 0}
    assert said["database"] == {"ok": True}


@pytest.mark.usefixtures("whole")
def test_it_tells_nothing_of_where_things_are(client: Client, settings: Any) -> None:
    settings.INDEX_DIR = Path("/nowhere")
    said = client.get("/readyz").content.decode()
    for secret in (settings.SECRET_KEY, "/nowhere", str(settings.DATA_DIR)):
        assert secret not in said


@pytest.mark.usefixtures("whole")
def test_a_missing_index_is_named(client: Client, settings: Any) -> None:
    (settings.INDEX_DIR / "MANIFEST.json").unlink()
    status, said = ready(client)
    assert (status, missing(said)) == (503, ["index"])
    assert said["index"]["words"].startswith("There is none yet")


@pytest.mark.usefixtures("whole")
def test_a_corrupt_index_is_named(client: Client, settings: Any) -> None:
    (settings.INDEX_DIR / "MANIFEST.json").write_text("[]")
    status, said = ready(client)
    assert (status, missing(said)) == (503, ["index"])
    assert "cannot be read" in said["index"]["words"]


@pytest.mark.usefixtures("whole")
@pytest.mark.parametrize("error", [OSError, RedisAway])
def test_a_cache_that_is_away_is_named(
    client: Client, monkeypatch: Any, error: type[Exception]
) -> None:
    def away(*_: Any) -> None:
        raise error

    monkeypatch.setattr(health, "cache", SimpleNamespace(set=away, get=away))
    status, said = ready(client)
    # Only the cache knows of the worker.
    assert (status, missing(said)) == (503, ["cache", "worker"])


@pytest.mark.usefixtures("whole")
def test_a_database_that_is_away_is_named(client: Client, monkeypatch: Any) -> None:
    class Away:
        def cursor(self) -> None:
            raise db.OperationalError

    monkeypatch.setattr(db, "connection", Away())
    status, said = ready(client)
    assert (status, missing(said)) == (503, ["database"])


@pytest.mark.usefixtures("whole")
def test_a_broker_that_is_away_is_named(client: Client, monkeypatch: Any) -> None:
    connect = app.connection_for_write
    # Nothing listens on port 1 of any machine.
    away = "redis://127.0.0.1:1/0"
    monkeypatch.setattr(app, "connection_for_write", lambda: connect(away))
    status, said = ready(client)
    assert (status, missing(said)) == (503, ["broker"])


# --- The worker -----------------------------------------------------------


@pytest.mark.parametrize("query", ["", "?all"])
def test_a_worker_that_is_away_costs_nobody_a_page(
    client: Client, ada: User, query: str
) -> None:
    index_rebuild(now=NOW)
    status, said = ready(client, query)
    assert (said["ok"], missing(said)) == (False, ["worker"])
    assert said["worker"]["words"] == "No worker has been heard of yet."
    assert status == (503 if query else 200)


@pytest.mark.parametrize(
    ("seconds", "ok", "words"),
    [
        (0, True, ""),
        (90, True, ""),
        (91, False, "for 91 seconds"),
        (600, False, "for 10 minutes"),
        (3 * 86_400, False, "for 3 days"),
        (-15, True, ""),
        (-3600, True, "the clocks differ"),
    ],
)
def test_a_heartbeat_may_be_late_by_so_much(seconds: int, ok: bool, words: str) -> None:
    health.note_heartbeat(NOW - timedelta(seconds=seconds))
    found = health.worker(NOW)
    assert (found.ok, found.facts["age_seconds"]) == (ok, seconds)
    assert (words in found.words) if words else not found.words


def test_beat_asks_for_the_heartbeat(settings: Any) -> None:
    entry = settings.CELERY_BEAT_SCHEDULE["note-heartbeat"]
    assert entry["task"] == note_heartbeat_task.name
    assert entry["schedule"] == health.HEARTBEAT_EVERY.total_seconds()


# --- The index ------------------------------------------------------------


@pytest.mark.parametrize(
    ("hours", "words"), [(36, ""), (37, "37 hours old"), (-1, "the clocks differ")]
)
def test_an_old_index_is_still_an_index(ada: User, hours: int, words: str) -> None:
    index_rebuild(now=NOW - timedelta(hours=hours))
    found = health.index(NOW)
    assert found.ok
    assert (words in found.words) if words else not found.words


# --- Time -----------------------------------------------------------------


@pytest.fixture
def silence(monkeypatch: Any) -> Iterator[threading.Event]:
    """A broker that takes the call and says nothing until the event is set."""
    spoken = threading.Event()
    asked: list[int] = []

    def silent() -> health.Finding:
        asked.append(1)
        spoken.wait(10)
        return health.Finding("broker", True)

    monkeypatch.setattr(health, "broker", silent)
    spoken.asked = asked  # type: ignore[attr-defined]
    yield spoken
    spoken.set()
    health._running.pop("broker").result(10)


@pytest.mark.usefixtures("whole")
def test_what_hangs_holds_up_nobody(silence: Any) -> None:
    before = monotonic()
    for _ in range(3):
        found = {one.name: one for one in health.look(timezone.now(), seconds=0.1)}
        assert not found["broker"].ok
        assert "in time" in found["broker"].words
    assert monotonic() - before < 2
    # The question of the first stays open, and nobody asks it beside that.
    assert len(silence.asked) == 1


@pytest.mark.usefixtures("whole")
def test_whoever_asks_meanwhile_gets_the_same_answer(silence: Any) -> None:
    health.look(timezone.now(), seconds=0.01)
    threading.Timer(0.2, silence.set).start()
    assert all(one.ok for one in health.look(timezone.now()))
    assert len(silence.asked) == 1


@pytest.mark.usefixtures("whole")
def test_a_mistake_of_ours_is_no_answer(monkeypatch: Any) -> None:
    def broken() -> health.Finding:
        raise ZeroDivisionError

    monkeypatch.setattr(health, "broker", broken)
    with pytest.raises(ZeroDivisionError):
        health.look(timezone.now())
