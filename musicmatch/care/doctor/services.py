"""What the site stands on: the database, Redis, the queue, the worker, the index."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import redis
from django.conf import settings
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.utils import timezone

from matching import preselect
from matching.services.index import why_due
from matching.verification.files import wrong_files
from musicmatch import health
from musicmatch.care.doctor.lines import Line, State, fail, ok, size_in_words, warn
from musicmatch.health import Finding

_CLOCKS_DIFFER, _CLOCKS_FAIL = timedelta(seconds=2), timedelta(seconds=30)
_ADVICE = {
    "database": "Is it running? Look at DATABASE_URL.",
    "cache": "Is Redis running? Look at REDIS_URL.",
    "broker": "Is Redis running? Look at REDIS_URL.",
    "worker": "Start the worker and beat, and look at what they last wrote.",
    "index": "manage.py rebuild_index",
}


def database(now: datetime) -> Iterator[Line]:
    found = health.database()
    if not found.ok:
        yield _line(found)
        return
    version, least = (
        connection.get_database_version(),
        connection.features.minimum_database_version or (0,),
    )
    said = f"{connection.display_name} {'.'.join(map(str, version))}"
    if version < least:
        needed = ".".join(map(str, least))
        yield fail(
            "database", f"{said} is too old.", f"Update it to {needed} or later."
        )
    else:
        yield ok("database", f"{said} answers.")
    yield _migrations()
    if settings.MATCHING_PRESELECT:
        yield _preselect()


def _migrations() -> Line:
    loader = MigrationLoader(connection)
    missing = sorted(set(loader.disk_migrations) - set(loader.applied_migrations))
    unknown = sorted(set(loader.applied_migrations) - set(loader.disk_migrations))
    if missing:
        app, name = missing[0]
        return fail(
            "migrations",
            f"{len(missing)} are not applied, {app}.{name} among them.",
            "manage.py backup FOLDER, then manage.py migrate",
        )
    if unknown:
        app, name = unknown[-1]
        return warn(
            "migrations",
            f"The database is of a newer version: {app}.{name} is not known here.",
            "Finish the update: this process runs the code of before.",
        )
    return ok("migrations", "All are applied.")


def _preselect() -> Line:
    missing = preselect.what_is_missing()
    if missing:
        advice = "On PostgreSQL with pgvector: manage.py preselect_setup"
        return warn("pgvector", f"{missing} Everyone is compared meanwhile.", advice)
    if preselect.filled() is None:
        advice = "A worker fills them after the next build of the index."
        return warn("pgvector", "The tables are there, and empty.", advice)
    return ok("pgvector", "The preselection has its tables.")


def queue(now: datetime) -> Iterator[Line]:
    """The cache, the queue, and whoever works on it."""
    for found in (health.cache_store(), health.broker(), health.worker(now)):
        yield _line(found)


def redis_itself(now: datetime) -> Iterator[Line]:
    """Whether Redis keeps what it is given."""
    if not settings.REDIS_URL:
        make = ok if settings.DEBUG else warn
        said = "REDIS_URL is not set: cache and queue are files."
        yield make("redis", said, "For a public site run Redis.")
        return
    try:
        with redis.Redis.from_url(settings.REDIS_URL, socket_timeout=5) as client:
            about: dict[str, Any] = client.info()
            seconds, micros = client.time()
    except (OSError, redis.RedisError, ValueError) as error:
        said = f"It does not answer ({type(error).__name__})."
        yield fail("redis", said, _ADVICE["cache"])
        return
    yield from _memory(about)
    yield _persistence(about)
    yield _clock("redis clock", timedelta(seconds=seconds, microseconds=micros))


def _memory(about: dict[str, Any]) -> Iterator[Line]:
    most, used = int(about.get("maxmemory", 0)), int(about.get("used_memory", 0))
    policy = str(about.get("maxmemory_policy", "unknown"))
    said = f"Redis {about.get('redis_version', '')}, {size_in_words(used)} used."
    if policy != "noeviction":
        make = fail if most else warn
        yield make(
            "redis",
            f"{said} When it is full it throws things away ({policy}): also tasks.",
            "Set maxmemory-policy noeviction.",
        )
    elif most and used > 0.9 * most:
        yield warn("redis", f"{said} It is nearly full.", "Raise maxmemory.")
    else:
        yield ok("redis", said)


def _persistence(about: dict[str, Any]) -> Line:
    if about.get("aof_last_write_status", "ok") != "ok":
        advice = "Is its disk full? Look at its log."
        return fail("redis file", "It could not write its file.", advice)
    if not about.get("aof_enabled"):
        return warn(
            "redis file",
            "It does not write down what it is given: a restart forgets the queue.",
            "Set appendonly yes and appendfsync everysec.",
        )
    return ok("redis file", "It writes down what it is given.")


def clocks(now: datetime) -> Iterator[Line]:
    """Whether the database's clock is ours."""
    if connection.vendor != "postgresql":
        yield ok("database clock", "It is this machine's.")
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT extract(epoch FROM clock_timestamp())")
        seconds = float(cursor.fetchone()[0])
    yield _clock("database clock", timedelta(seconds=seconds))


def _clock(name: str, theirs: timedelta) -> Line:
    """Compare with ours, as a span since 1970: a date may be past what we can write."""
    ours = timezone.now() - datetime(1970, 1, 1, tzinfo=UTC)
    apart = abs(ours - theirs)
    if apart < _CLOCKS_DIFFER:
        return ok(name, "It agrees with ours.")
    make = warn if apart < _CLOCKS_FAIL else fail
    said = f"It is {apart.total_seconds():.0f} seconds from ours."
    return make(name, said, "Let every machine follow a time server (chrony, ntpd).")


def index(now: datetime) -> Iterator[Line]:
    found = health.index(now)
    if not found.ok or found.words:
        yield _line(found)
        return
    facts = found.facts
    wrong = list(wrong_files(Path(settings.INDEX_DIR)))
    if wrong:
        advice = "manage.py verify_index says more; manage.py rebuild_index mends it."
        yield warn("index", f"Its folder: {wrong[0]}.", advice)
        return
    why = why_due(now=now)
    said = f"Generation {facts['generation']}, {facts['people']} people, whole."
    yield ok("index", said, f"A worker builds it anew: {why}." if why else "")


def _line(found: Finding) -> Line:
    if found.ok and not found.words:
        return ok(found.name, "It answers.")
    state = State.WARN if found.ok else State.FAIL
    return Line(found.name, state, found.words, _ADVICE[found.name])
