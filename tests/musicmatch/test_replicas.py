"""What may be some seconds old is read from a replica; nothing else ever is."""

import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.core.cache import cache
from django.db import OperationalError, connections
from django.http import HttpResponse
from django.test import RequestFactory
from redis.exceptions import ConnectionError as RedisAway

from accounts import replicas
from accounts.models import User
from ingest.models import Artist, ImportRun, Listen, TopArtist
from ingest.signals import listening_changed
from matching.models import FairnessReport, Taste
from musicmatch.checks import scaling
from social.models import Block
from tests.conftest import require_or_skip
from tests.musicmatch.replication import Pair, started

router = replicas.Router()


@pytest.fixture(autouse=True)
def _looked_at_anew() -> Iterator[None]:
    replicas._health.forget()
    yield
    replicas._health.forget()


@pytest.fixture
def near(settings: Any, monkeypatch: Any) -> dict[str, bool]:
    """Two replicas that say they are near; a test may say otherwise."""
    settings.DATABASE_REPLICAS = ["replica1", "replica2"]
    said = {"replica1": True, "replica2": True}
    monkeypatch.setattr(replicas, "_is_near", lambda alias: said[alias])
    return said


def test_only_named_tables_are_read_elsewhere() -> None:
    with replicas.reading("replica1", "ingest.TopArtist", "ingest.Artist"):
        assert router.db_for_read(TopArtist) == "replica1"
        assert router.db_for_read(Artist) == "replica1"
        for model in (User, Block, Taste, ImportRun, Listen):
            assert router.db_for_read(model) == "default"
        assert router.db_for_write(TopArtist) == "default"
    assert router.db_for_read(TopArtist) == "default"
    # Not where a row came from, either: what it points at is read from the primary.
    assert router.db_for_read(Artist, instance=Artist()) == "default"
    assert not router.allow_migrate("replica1", "ingest")


Asked = Callable[..., list[str]]


@pytest.fixture
def asked(ada: User) -> Asked:
    """Where a page reads from, for a request with this method."""

    def ask(method: str = "GET", fail: bool = False) -> list[str]:
        places: list[str] = []

        @replicas.may_be_old("ingest.TopArtist")
        def page(request: Any) -> HttpResponse:
            places.append(router.db_for_read(TopArtist))
            if fail and len(places) == 1:
                raise OperationalError
            return HttpResponse()

        request = RequestFactory().generic(method, "/taste/")
        request.user = ada
        page(request)  # type: ignore[arg-type]
        return places

    return ask


def test_a_page_is_read_from_a_replica(near: dict[str, bool], asked: Asked) -> None:
    assert asked() == ["replica1"]
    assert asked("POST") == ["default"]


def test_without_replicas_there_is_only_the_primary(asked: Asked) -> None:
    assert asked() == ["default"]


def test_who_has_just_written_reads_from_the_primary(
    near: dict[str, bool], asked: Asked, ada: User, ben: User
) -> None:
    replicas.wrote(ben.pk)
    assert asked() == ["replica1"]
    replicas.wrote(ada.pk)
    assert asked() == ["default"]


def test_every_post_counts_as_a_write(
    near: dict[str, bool], ada: User, client: Any
) -> None:
    client.force_login(ada)
    client.get("/about/")
    assert cache.get(f"wrote:{ada.pk}") is None
    client.post("/settings/notifications/", {})
    assert cache.get(f"wrote:{ada.pk}") is True


def test_an_import_counts_as_a_write(
    near: dict[str, bool],
    ada: User,
    now: datetime,
    django_capture_on_commit_callbacks: Any,
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        listening_changed.send(sender=User, person_id=ada.pk, now=now)
    assert cache.get(f"wrote:{ada.pk}") is True


def test_where_nobody_can_say_who_wrote_the_primary_is_asked(
    near: dict[str, bool], asked: Asked, monkeypatch: Any
) -> None:
    def away(*_: Any) -> None:
        raise RedisAway

    monkeypatch.setattr(replicas.cache, "get", away)
    monkeypatch.setattr(replicas.cache, "set", away)
    replicas.wrote(1)
    assert asked() == ["default"]


def test_the_next_replica_and_then_the_primary_stand_in(
    near: dict[str, bool], asked: Asked
) -> None:
    near["replica1"] = False
    assert asked() == ["replica2"]
    near["replica2"] = False
    replicas._health.forget()
    assert asked() == ["default"]


def test_a_replica_that_fails_in_the_middle_costs_no_page(
    near: dict[str, bool], asked: Asked, monkeypatch: Any
) -> None:
    class Gone:
        def close(self) -> None: ...

    monkeypatch.setattr(replicas, "connections", {"replica1": Gone()})
    assert asked(fail=True) == ["replica1", "default"]
    assert asked() == ["replica2"]


def test_own_pages_are_pages_that_may_be_old(
    near: dict[str, bool], community: list[User], client: Any, monkeypatch: Any
) -> None:
    """Both are asked for by somebody signed in, whom the primary knows."""
    seen: set[tuple[str, str]] = set()
    real = replicas.Router.db_for_read

    def noted(router: Any, model: Any, **hints: Any) -> str:
        seen.add((model._meta.label, real(router, model, **hints)))
        return "default"

    monkeypatch.setattr(replicas.Router, "db_for_read", noted)
    monkeypatch.setattr("django.db.router.routers", [replicas.Router()])
    client.force_login(community[0])
    for path in ("/taste/", "/taste/recent/", "/about/matching/"):
        assert client.get(path).status_code == 200
    elsewhere = {label for label, alias in seen if alias == "replica1"}
    assert {"ingest.TopArtist", "ingest.Listen"} <= elsewhere
    assert FairnessReport._meta.label in elsewhere
    assert not [label for label in elsewhere if label.startswith(("social", "acc"))]
    seen.clear()
    for path in ("/matches/", "/matches/ben_near/", "/people/ben_near/", "/messages/"):
        assert client.get(path).status_code == 200
    assert {alias for _, alias in seen} == {"default"}


@pytest.mark.parametrize(
    ("engine", "port", "ids"),
    [
        ("postgresql", "5433", []),
        ("postgresql", "5432", ["musicmatch.E061"]),
        ("sqlite3", "5433", ["musicmatch.E060"]),
    ],
)
def test_replicas_are_checked(
    monkeypatch: Any, engine: str, port: str, ids: list[str]
) -> None:
    server = {"HOST": "db", "NAME": "m", "ENGINE": "django.db.backends.postgresql"}
    other = {**server, "PORT": port, "ENGINE": f"django.db.backends.{engine}"}
    databases = {"default": {**server, "PORT": "5432"}, "replica1": other}
    told = SimpleNamespace(DATABASES=databases, DATABASE_REPLICAS=["replica1"])
    monkeypatch.setattr(scaling, "settings", told)
    found = [
        *scaling.replicas_are_of_the_database(),
        *scaling.replicas_are_others(),
    ]
    assert [message.id for message in found] == ids


# --- A real one -----------------------------------------------------------


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    require_or_skip(
        shutil.which("pg_ctlcluster") is not None
        and Path("/usr/lib/postgresql").is_dir(),
        "PostgreSQL's own programs",
    )
    try:
        with started(tmp_path_factory.mktemp("replication")) as servers:
            yield servers
    except (OSError, subprocess.SubprocessError) as error:
        require_or_skip(False, f"a pair of PostgreSQL ({error})")


@contextmanager
def connected(pair: Pair) -> Iterator[None]:
    for alias, values in pair.databases().items():
        connections.settings[alias] = values
    try:
        yield
    finally:
        for alias in pair.databases():
            connections[alias].close()
            del connections.settings[alias]
            del connections[alias]


def until(condition: Callable[[], bool], seconds: float = 15) -> bool:
    latest = time.monotonic() + seconds
    while not condition() and time.monotonic() < latest:
        time.sleep(0.1)
    return condition()


@pytest.mark.process
def test_a_streaming_replica_behind_and_gone(
    pair: Pair, settings: Any, django_db_blocker: Any
) -> None:
    """Followed while it is near, passed over when it lags and when it is down."""
    settings.DATABASE_REPLICAS = ["replica_test"]
    with django_db_blocker.unblock(), connected(pair):
        pair.run("CREATE TABLE block (pair int)")
        assert until(lambda: replicas._is_near("replica_test"))
        assert until(lambda: pair.count("replica_test") == 0)
        pair.pause()
        pair.run("INSERT INTO block VALUES (1)")
        # A block made now is seen now: where blocks are read from, always.
        assert pair.count("primary_test") == 1
        assert pair.count("replica_test") == 0
        assert router.db_for_read(Block) == "default"
        settings_of = replicas.MOST_BEHIND_SECONDS
        try:
            replicas.MOST_BEHIND_SECONDS = 0
            assert until(lambda: not replicas._is_near("replica_test"))
        finally:
            replicas.MOST_BEHIND_SECONDS = settings_of
        pair.resume()
        assert until(lambda: pair.count("replica_test") == 1)
        replicas._health.forget()
        assert replicas.good_replica() == "replica_test"
        pair.stop_replica()
        replicas._health.forget()
        start = time.monotonic()
        assert replicas.good_replica() is None
        assert time.monotonic() - start < 5
        assert replicas.read_anywhere(lambda: pair.count("primary_test")) == 1
