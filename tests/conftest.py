"""People, a music service and a clock for every test."""

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection
from django.db.backends.base.operations import BaseDatabaseOperations
from django.test import Client

from accounts.models import User
from matching import reader
from matching.services import index_rebuild
from musicmatch.standins.spotify import SpotifyStandin
from tests.factories import make_person, make_taste
from tests.stack.running import empty_cache

# Keeps the log of the whole suite, and fails a run in whose log a secret stands.
pytest_plugins = ["tests.logbook"]
NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
HOST = "127.0.0.1:8000"


def require_or_skip(present: bool, what: str) -> None:
    """Skip without a service, and fail where services are required."""
    if present:
        return
    if os.environ.get("REQUIRE_SERVICES") == "1":
        pytest.fail(f"{what} is required here and is not there")
    pytest.skip(f"{what} is not there")


# Arithmetic, payloads, stand-ins and measuring: no database changes what these prove.
_ONCE = tuple(
    str(Path(__file__).parent / place)
    for place in (
        "ingest/genres",
        "ingest/sources",
        "ingest/test_bench_import.py",
        "matching/engine",
        "matching/evaluation",
        "musicmatch/demo",
        "musicmatch/proofs",
        "musicmatch/standins",
        "musicmatch/test_bench_export.py",
        "musicmatch/test_supervisor.py",
        "musicmatch/test_ui.py",
    )
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if str(item.path).startswith(_ONCE):
            item.add_marker(pytest.mark.once)


def pytest_addoption(parser: pytest.Parser) -> None:
    words = "the browser's tests walk through the processes of make stack"
    parser.addoption("--stack", action="store_true", help=words)


# What migrating makes for every model, and the moderators that a migration makes.
_MIGRATED = {
    "auth_group",
    "auth_group_permissions",
    "auth_permission",
    "django_content_type",
}


@pytest.fixture(scope="session", autouse=True)
def _emptied_by_deleting() -> Iterator[None]:
    """Empty the tables after a test by deleting its few rows, and leave what migrated.

    Truncating makes new files of every table and index on Postgres: a second for each
    test that commits. Foreign keys are looked at when the transaction ends, so any
    order does.
    """

    def sql_flush(
        self: BaseDatabaseOperations, style: object, tables: list[str], **_: object
    ) -> list[str]:
        names = map(self.quote_name, sorted(set(tables) - _MIGRATED))
        return [f"DELETE FROM {name}" for name in names]  # noqa: S608 - our own names

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(type(connection.ops), "sql_flush", sql_flush)
        yield


@pytest.fixture(autouse=True)
def _own_state(
    settings: Any, tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[None]:
    """Every test has an index folder, a cache and a reader of its own."""
    if request.config.getoption("--stack"):
        # Before the first setting of a test, which is handed over.
        request.getfixturevalue("_awake")
        empty_cache()
    else:
        cache.clear()
    settings.INDEX_DIR = tmp_path / "index"
    reader.forget()
    yield
    reader.forget()


@pytest.fixture
def cache_away(settings: Any) -> None:
    """Nobody listens where the cache should be."""
    settings.CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": "redis://127.0.0.1:1",
        }
    }


@pytest.fixture
def now() -> datetime:
    return NOW


@pytest.fixture
def ada(db: None) -> User:
    """The owner: the person a test looks through."""
    return make_person("ada_owner")


@pytest.fixture
def ben(db: None) -> User:
    return make_person("ben_near")


@pytest.fixture
def cyd(db: None) -> User:
    """The stranger."""
    return make_person("cyd_stranger")


@pytest.fixture
def dee(db: None) -> User:
    """The one who is blocked."""
    return make_person("dee_blocked")


@pytest.fixture
def client() -> Client:
    return Client(HTTP_HOST=HOST)


@pytest.fixture
def community(ada: User, ben: User, cyd: User, dee: User) -> list[User]:
    """Four people who share some artists, and an index of them."""
    make_taste(ada, ["Portishead", "Grouper", "Sade", "Burial", "Can"])
    make_taste(ben, ["Grouper", "Portishead", "Sade", "Neu!"])
    make_taste(cyd, ["Sade", "Autechre", "Coil"])
    make_taste(dee, ["Portishead", "Burial", "Can", "Low"])
    index_rebuild(now=NOW)
    return [ada, ben, cyd, dee]


@pytest.fixture
def standin(settings: Any) -> Iterator[SpotifyStandin]:
    """A stand-in Spotify over real HTTP, and the site pointed at it."""
    with SpotifyStandin() as server:
        settings.SPOTIFY_CLIENT_ID = server.client_id
        settings.SPOTIFY_CLIENT_SECRET = server.client_secret
        settings.SPOTIFY_ACCOUNTS_URL = server.accounts_url
        settings.SPOTIFY_API_URL = server.api_url
        providers = settings.SOCIALACCOUNT_PROVIDERS
        app = {"client_id": server.client_id, "secret": server.client_secret}
        settings.SOCIALACCOUNT_PROVIDERS = {
            "spotify": {**providers["spotify"], "APPS": [app]}
        }
        yield server
