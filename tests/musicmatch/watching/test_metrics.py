"""Metrics: who may read them, what is counted, and that nothing is counted twice."""

import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import requests
from django.conf import settings as site_settings
from django.db import transaction
from django.test import Client
from django.utils import timezone
from kombu import Connection
from prometheus_client.parser import text_string_to_metric_families

from accounts.models import User
from accounts.signals import spotify_called
from ingest.models import ImportRun
from ingest.signals import run_finished
from ingest.sources import http
from matching.services import index_rebuild
from musicmatch import gunicorn_config
from musicmatch.celery import app
from musicmatch.tasks import note_heartbeat_task
from musicmatch.watching import folders, metrics, outside, server
from musicmatch.watching.exposition import Counts, exposed, may_read
from tests.factories.threads import make_connection

TOKEN = "a-token-for-those-who-watch"
BEARER = {"Authorization": f"Bearer {TOKEN}"}


@pytest.fixture(autouse=True)
def _let_go() -> Iterator[None]:
    """Groups of a test live as long as it does."""
    yield
    while folders._held:
        folders._held.pop().close()


@pytest.fixture
def open_to_watchers(settings: Any, tmp_path: Path) -> None:
    settings.METRICS_TOKEN = TOKEN
    settings.METRICS_DIR = tmp_path / "metrics"


Sample = tuple[str, dict[str, str], float]


def samples(text: bytes) -> list[Sample]:
    families = text_string_to_metric_families(text.decode())
    return [(one.name, one.labels, one.value) for f in families for one in f.samples]


def value(text: bytes, name: str, **labels: str) -> float | None:
    """The sum of what has these labels; None where nothing has."""
    found = [
        amount
        for other, these, amount in samples(text)
        if other == name and labels.items() <= these.items()
    ]
    return sum(found) if found else None


def read(client: Client) -> bytes:
    response = client.get("/metrics", headers=BEARER)
    assert response.status_code == 200
    assert "no-store" in response["Cache-Control"]
    return response.content


# --- Who may read them ----------------------------------------------------


def test_without_a_token_there_is_no_such_page(client: Client, db: None) -> None:
    assert not site_settings.METRICS_TOKEN
    for headers in ({}, {"Authorization": "Bearer "}, BEARER):
        assert client.get("/metrics", headers=headers).status_code == 404


@pytest.mark.usefixtures("open_to_watchers")
@pytest.mark.parametrize(
    "given", ["", "Bearer", "Bearer no", f"Basic {TOKEN}", f"Bearer {TOKEN}x", TOKEN]
)
def test_another_token_reads_nothing(client: Client, given: str) -> None:
    response = client.get("/metrics", headers={"Authorization": given})
    assert (response.status_code, response.content) == (401, b"")
    assert response["WWW-Authenticate"] == "Bearer"


def test_no_token_is_no_key() -> None:
    assert may_read(f"bearer {TOKEN}", TOKEN)
    assert not may_read("Bearer ", "")
    assert not may_read("Bearer ä", TOKEN)


# --- What is counted ------------------------------------------------------


@pytest.mark.usefixtures("open_to_watchers")
def test_requests_are_counted_by_route(client: Client, ada: User) -> None:
    labels = {"route": "about", "method": "GET", "status": "200"}
    before = value(read(client), "musicmatch_requests_total", **labels) or 0
    client.get("/about/")
    client.get("/people/ada_owner/")
    found = read(client)
    assert value(found, "musicmatch_requests_total", **labels) == before + 1
    assert value(found, "musicmatch_request_seconds_count", route="about")
    assert b"ada_owner" not in found


@pytest.mark.usefixtures("open_to_watchers")
def test_the_site_says_how_it_stands(
    client: Client, ada: User, ben: User, monkeypatch: Any
) -> None:
    monkeypatch.setattr(app, "connection_for_write", lambda: Connection("memory://"))
    now = timezone.now()
    index_rebuild(now=now - timedelta(hours=2))
    note_heartbeat_task.delay()
    queued = now - timedelta(minutes=5)
    for person, state in ((ada, "queued"), (ben, "running")):
        ImportRun.objects.create(
            person=person, source="spotify", state=state, queued_at=queued
        )
    found = read(client)
    for what in ("database", "cache", "broker", "worker", "index"):
        assert value(found, "musicmatch_up", what=what) == 1
    for state in ("queued", "running"):
        active = {"source": "spotify", "state": state}
        assert value(found, "musicmatch_imports_active", **active) == 1
    waits = value(found, "musicmatch_import_oldest_queued_seconds")
    assert waits == pytest.approx(300, abs=60)
    age = value(found, "musicmatch_index_age_seconds")
    assert age == pytest.approx(7200, abs=60)
    assert value(found, "musicmatch_index_generation") == 1
    assert value(found, "musicmatch_index_bytes") or 0 > 0
    assert value(found, "musicmatch_queue_length") == 0


@pytest.mark.usefixtures("open_to_watchers")
def test_a_site_without_an_index_says_so(client: Client, db: None) -> None:
    found = read(client)
    assert value(found, "musicmatch_up", what="index") == 0
    assert value(found, "musicmatch_index_bytes") is None


def counted(name: str, **labels: str) -> float:
    return metrics.registry.get_sample_value(name, labels) or 0


def test_calls_of_services_are_counted(settings: Any, monkeypatch: Any) -> None:
    settings.LASTFM_URL = "http://127.0.0.1:1/2.0"
    labels = {"service": "lastfm", "status": "none"}
    before = counted("musicmatch_outside_calls_total", **labels)
    session = http.new_session("x")
    with pytest.raises(http.SourceUnavailable), session:
        http.get(session, settings.LASTFM_URL, params={"api_key": "hush"})
    assert counted("musicmatch_outside_calls_total", **labels) == before + 1
    assert outside.service_of("https://elsewhere.example/") == "other"


def test_calls_of_spotify_about_tokens_are_counted() -> None:
    labels = {"service": "spotify", "status": "429"}
    before = counted("musicmatch_outside_calls_total", **labels)
    spotify_called.send(sender=None, status=429, seconds=0.1)
    assert counted("musicmatch_outside_calls_total", **labels) == before + 1


def test_ends_of_imports_are_counted() -> None:
    labels = {"source": "spotify", "kind": "full", "state": "done"}
    before = counted("musicmatch_imports_finished_total", **labels)
    run_finished.send(sender=ImportRun, **labels)
    assert counted("musicmatch_imports_finished_total", **labels) == before + 1


def test_only_what_stays_is_counted_as_written(
    ada: User, ben: User, django_capture_on_commit_callbacks: Any
) -> None:
    before = counted("musicmatch_written_total", what="request")
    with django_capture_on_commit_callbacks(execute=True):
        make_connection(ada, ben)
        with transaction.atomic():
            transaction.set_rollback(True)
    assert counted("musicmatch_written_total", what="request") == before + 1


# --- Several processes ----------------------------------------------------

COUNT = """
import sys
from pathlib import Path
from musicmatch.watching import metrics
metrics.keep_in(Path(sys.argv[1]), sys.argv[2])
metrics.request_done("about", "GET", 200, 0.01)
"""


def process_counts(folder: Path, place: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", COUNT, str(folder), place],
        cwd=site_settings.BASE_DIR,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def total(root: Path, **labels: str) -> float | None:
    return value(exposed(Counts(root)), "musicmatch_requests_total", **labels)


def test_processes_are_added_up_and_a_dead_one_is_followed(tmp_path: Path) -> None:
    group = folders.claim(tmp_path, "web")
    for place in ("0", "1", "0"):
        process_counts(group.folder, place)
    assert total(tmp_path, process="web", group=group.name) == 3
    assert len(list(group.folder.glob("counter_*.db"))) == 2


def test_groups_are_told_apart(tmp_path: Path) -> None:
    one, other = folders.claim(tmp_path, "web"), folders.claim(tmp_path, "web")
    worker = folders.claim(tmp_path, "worker")
    assert other.name == f"{one.name}-2"
    for group in (one, other, worker):
        process_counts(group.folder, "0")
    assert total(tmp_path, group=other.name) == 1
    assert total(tmp_path, process="web") == 2
    assert total(tmp_path) == 3


def test_what_a_dead_group_left_is_swept(tmp_path: Path) -> None:
    dead = tmp_path / "web@gone"
    dead.mkdir()
    (dead / "lock").touch()
    process_counts(dead, "0")
    assert list(folders.groups(tmp_path)) == []
    alive = folders.claim(tmp_path, "web")
    assert not dead.exists()
    assert [one.folder for one in folders.groups(tmp_path)] == [alive.folder]


def test_a_group_begins_at_nothing(tmp_path: Path) -> None:
    folder = folders.claim(tmp_path, "web").folder
    process_counts(folder, "0")
    folders._held.pop().close()
    assert folders.claim(tmp_path, "web").folder == folder
    assert not list(folder.glob("*.db"))


def test_gunicorn_gives_the_place_of_the_dead_to_the_next() -> None:
    arbiter = SimpleNamespace(WORKERS={})
    made = [SimpleNamespace() for _ in range(4)]
    for pid, worker in enumerate(made[:3]):
        gunicorn_config.pre_fork(arbiter, worker)
        arbiter.WORKERS[pid] = worker
    assert [worker.place for worker in made[:3]] == [0, 1, 2]
    del arbiter.WORKERS[1]
    gunicorn_config.pre_fork(arbiter, made[3])
    assert made[3].place == 1


# --- A worker of its own --------------------------------------------------


def test_a_worker_answers_by_itself(tmp_path: Path) -> None:
    group = folders.claim(tmp_path, "worker")
    process_counts(group.folder, "1")
    serving = server.serve("127.0.0.1:0", root=tmp_path, token=TOKEN)
    origin = f"http://127.0.0.1:{serving.server_port}"
    try:
        answer = requests.get(f"{origin}/metrics", headers=BEARER, timeout=5)
        name = "musicmatch_requests_total"
        assert value(answer.content, name, process="worker") == 1
        for address, headers, status in (
            ("/metrics", {}, 401),
            ("/metrics", {"Authorization": "Bearer no"}, 401),
            ("/other", BEARER, 404),
        ):
            refused = requests.get(origin + address, headers=headers, timeout=5)
            assert (refused.status_code, refused.content) == (status, b"")
    finally:
        serving.shutdown()
        serving.server_close()
