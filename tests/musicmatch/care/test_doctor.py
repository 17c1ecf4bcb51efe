"""The doctor names what is wrong and what to do, and finds nothing where all is well.

All of a laptop, unless a test says that it is of a public site.
"""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
import redis
from cryptography.fernet import Fernet
from django.core import mail
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection, connections
from django.db.migrations.recorder import MigrationRecorder

from accounts import gate
from accounts.models import SpotifyGrant, User
from matching.services import index_rebuild
from musicmatch import health
from musicmatch.care.doctor import configuration, looking, machine, services
from musicmatch.care.doctor.lines import Line, Question, State
from musicmatch.models import CareRun
from tests.conftest import NOW, require_or_skip

HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def _laptop(settings: Any) -> None:
    settings.DEBUG = True


def asked(question: Question, now: datetime = NOW) -> dict[str, Line]:
    return {line.name: line for line in question(now)}


def only(question: Question, now: datetime = NOW) -> Line:
    (line,) = question(now)
    return line


def note(kind: str, age: timedelta, **changes: Any) -> None:
    at = NOW - age
    CareRun.objects.create(kind=kind, started_at=at, finished_at=at, **changes)


# --- The command ------------------------------------------------------------


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> list[Line]:
    """What the questions answer, to fill in."""
    said: list[Line] = []

    def answer(_: datetime) -> Iterator[Line]:
        yield from said

    monkeypatch.setattr(looking, "QUESTIONS", {"all": answer})
    return said


def doctor(*options: str) -> str:
    out = StringIO()
    call_command("doctor", *options, stdout=out)
    return out.getvalue()


def test_it_ends_well_where_nothing_fails(lines: list[Line]) -> None:
    lines += [
        Line("one", State.OK, "It is there."),
        Line("other", State.WARN, "It is old.", "Make a new one."),
    ]
    said = doctor()
    assert "ok    one: It is there.\n" in said
    assert "warn  other: It is old.\n      → Make a new one.\n" in said


def test_it_ends_with_1_where_something_fails(lines: list[Line]) -> None:
    lines += [Line("one", State.FAIL, "It is away.", "Start it.")]
    with pytest.raises(CommandError, match="Something fails: one") as raised:
        doctor()
    assert raised.value.returncode == 1


def test_a_program_reads_the_same(lines: list[Line]) -> None:
    lines += [Line("one", State.WARN, "It is old.", "Make a new one.")]
    assert json.loads(doctor("--json")) == [
        {
            "name": "one",
            "state": "warn",
            "words": "It is old.",
            "advice": "Make a new one.",
        }
    ]


def test_a_question_that_breaks_is_a_line_and_no_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def breaks(_: datetime) -> Iterator[Line]:
        raise ZeroDivisionError("a secret")
        yield

    def works(_: datetime) -> Iterator[Line]:
        yield Line("after", State.OK, "Well.")

    monkeypatch.setattr(looking, "QUESTIONS", {"first": breaks, "after": works})
    first, after = looking.look(NOW)
    assert (first.state, after.state) == (State.FAIL, State.OK)
    assert "ZeroDivisionError" in first.words
    assert "secret" not in first.words


def test_every_question_can_be_asked_of_a_new_laptop(db: None) -> None:
    said = list(looking.look(NOW))
    assert not [line for line in said if "could not be looked at" in line.words]
    assert {"settings", "database", "index", "worker", "backup", "spotify"} <= {
        line.name for line in said
    }
    assert all(line.advice for line in said if line.state is not State.OK)


def test_a_mail_is_sent_when_asked_for(
    lines: list[Line], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "One was handed over" in doctor("--mail-to", "host@musicmatch.example")
    assert mail.outbox[0].to == ["host@musicmatch.example"]

    def refuses(*_: Any) -> None:
        raise ConnectionRefusedError("user:password")

    monkeypatch.setattr(configuration.mail, "send_mail", refuses)
    with pytest.raises(CommandError, match="mail to"):
        doctor("--mail-to", "host@musicmatch.example")


# --- What the host wrote down -----------------------------------------------


def test_settings(settings: Any, db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    # Pytest puts something of its own there, which is no text.
    plain = {**settings.TEMPLATES[0], "OPTIONS": {}}
    settings.TEMPLATES = [plain]
    before = set(configuration.all_settings(NOW))
    settings.REGISTRATION = "maybe"
    (line,) = set(configuration.all_settings(NOW)) - before
    assert line.state is State.FAIL
    assert "musicmatch.E008" in line.words
    monkeypatch.setattr(configuration.checks, "run_checks", lambda **_: [])
    assert only(configuration.all_settings).state is State.OK


def test_secrets_in_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "key"
    monkeypatch.setenv("SECRET_KEY_FILE", str(path))
    assert only(configuration.secrets).state is State.FAIL
    path.write_text("a key\n")
    line = only(configuration.secrets)
    assert line.state is State.WARN
    assert "a key" not in line.words + line.advice
    path.write_text("a key")
    assert only(configuration.secrets).state is State.OK
    path.chmod(0o666)
    assert "Everybody may write" in only(configuration.secrets).words


def test_keys_that_do_not_open_what_is_stored(settings: Any, ada: User) -> None:
    SpotifyGrant.objects.create(
        person=ada, access_token="x", authorized_at=NOW, expires_at=NOW
    )
    assert only(configuration.encryption).state is State.OK
    settings.FIELD_ENCRYPTION_KEYS = [Fernet.generate_key().decode()]
    line = only(configuration.encryption)
    assert line.state is State.FAIL
    assert "1 of 1" in line.words


@pytest.mark.parametrize(
    ("status", "body", "state", "words"),
    [
        (200, "ok\n", State.OK, "answers"),
        (200, "another site", State.WARN, "not as this site does"),
        (301, "", State.WARN, "leads elsewhere"),
        (502, "", State.WARN, "502"),
    ],
)
def test_the_address(
    settings: Any, status: int, body: str, state: State, words: str
) -> None:
    import responses

    settings.SITE_URL = "https://musicmatch.example"
    with responses.RequestsMock() as web:
        headers = {"Location": "https://elsewhere.example"} if status == 301 else {}
        url = "https://musicmatch.example/healthz"
        web.get(url, body=body, status=status, headers=headers)
        line = asked(configuration.address)["address"]
    assert line.state is state
    assert words in line.words


def test_proxies_of_a_public_site(settings: Any) -> None:
    settings.DEBUG, settings.SITE_URL = False, "http://127.0.0.1:9"
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 0
    assert asked(configuration.address)["proxy"].state is State.WARN
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 1
    assert "proxy" not in asked(configuration.address)


def test_sources_and_where_spotify_sends_people_back(settings: Any, db: None) -> None:
    settings.SPOTIFY_CLIENT_ID = settings.LISTENBRAINZ_URL = ""
    said = asked(configuration.sources)
    assert said["spotify"].words.startswith("Off")
    assert said["listenbrainz"].words.startswith("Off")
    settings.SPOTIFY_CLIENT_ID = "an id"
    settings.SITE_URL = "https://musicmatch.example"
    back = "https://musicmatch.example/accounts/spotify/login/callback/"
    assert back in asked(configuration.sources)["spotify"].words
    gate.close("lastfm", now=NOW, retry_after=600, is_quota=False)
    resting = asked(configuration.sources)["lastfm"]
    assert resting.state is State.WARN
    assert "2026-11-22 12:1" in resting.words


def test_mails(settings: Any) -> None:
    settings.DEBUG = False
    assert only(configuration.mails).state is State.WARN
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 9
    line = only(configuration.mails)
    assert line.state is State.FAIL
    assert "ConnectionRefusedError" in line.words


# --- What it stands on ------------------------------------------------------


def test_the_database_and_its_migrations(db: None) -> None:
    said = asked(services.database)
    assert said["database"].state is said["migrations"].state is State.OK
    recorder = MigrationRecorder(connection)
    recorder.record_applied("social", "9999_of_tomorrow")
    line = asked(services.database)["migrations"]
    assert line.state is State.WARN
    assert "social.9999_of_tomorrow" in line.words
    recorder.record_unapplied("musicmatch", "0001_care")
    line = asked(services.database)["migrations"]
    assert line.state is State.FAIL
    assert "manage.py migrate" in line.advice


def test_a_database_that_is_too_old(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    database = connections["default"]
    monkeypatch.setattr(database, "get_database_version", lambda: (3, 1))
    assert asked(services.database)["database"].state is State.FAIL


def test_the_preselection_that_is_on_and_not_there(settings: Any, db: None) -> None:
    assert "pgvector" not in asked(services.database)
    settings.MATCHING_PRESELECT = "pgvector"
    if connection.vendor == "postgresql":
        pytest.skip("whether it is there depends on the server")
    assert asked(services.database)["pgvector"].state is State.WARN


@pytest.mark.parametrize(
    ("about", "state"),
    [
        ({"maxmemory_policy": "noeviction"}, State.OK),
        ({"maxmemory_policy": "allkeys-lru"}, State.WARN),
        ({"maxmemory_policy": "allkeys-lru", "maxmemory": 10**9}, State.FAIL),
        (
            {"maxmemory_policy": "noeviction", "maxmemory": 100, "used_memory": 95},
            State.WARN,
        ),
    ],
)
def test_what_redis_does_when_it_is_full(about: dict[str, Any], state: State) -> None:
    (line,) = services._memory(about)
    assert line.state is state


@pytest.mark.parametrize(
    ("about", "state"),
    [
        ({"aof_enabled": 1, "aof_last_write_status": "ok"}, State.OK),
        ({"aof_enabled": 0}, State.WARN),
        ({"aof_enabled": 1, "aof_last_write_status": "err"}, State.FAIL),
    ],
)
def test_whether_redis_keeps_what_it_is_given(
    about: dict[str, Any], state: State
) -> None:
    assert services._persistence(about).state is state


def test_a_redis_that_answers_and_one_that_does_not(settings: Any) -> None:
    url = settings.REDIS_URL
    settings.REDIS_URL = "redis://127.0.0.1:9/0"
    assert only(services.redis_itself).state is State.FAIL
    settings.REDIS_URL = ""
    assert only(services.redis_itself).state is State.OK
    require_or_skip(bool(url), "Redis")
    settings.REDIS_URL = url
    said = asked(services.redis_itself)
    with redis.Redis.from_url(url) as client:
        assert client.info()["redis_version"] in said["redis"].words
    assert said["redis clock"].state is State.OK


@pytest.mark.parametrize(
    ("apart", "state"), [(0, State.OK), (-10, State.WARN), (3600, State.FAIL)]
)
def test_clocks_that_differ(apart: float, state: State) -> None:
    from django.utils import timezone

    theirs = timedelta(seconds=timezone.now().timestamp() + apart)
    assert services._clock("its clock", theirs).state is state


def test_the_clock_of_the_database(db: None) -> None:
    assert only(services.clocks).state is State.OK


def test_the_worker(db: None) -> None:
    assert asked(services.queue)["worker"].state is State.FAIL
    health.note_heartbeat(NOW)
    said = asked(services.queue)
    assert said["worker"].state is said["cache"].state is State.OK
    assert asked(services.queue, NOW + HOUR)["worker"].state is State.FAIL


def test_the_index(settings: Any, community: list[User]) -> None:
    line = only(services.index)
    assert line.state is State.OK
    assert "4 people" in line.words
    assert only(services.index, NOW + 48 * HOUR).state is State.WARN
    (Path(settings.INDEX_DIR) / "left-000009.part").touch()
    assert "left over" in only(services.index).words
    index_rebuild(now=NOW)
    for manifest in Path(settings.INDEX_DIR).glob("MANIFEST*.json"):
        manifest.unlink()
    assert only(services.index).state is State.FAIL


# --- The machine ------------------------------------------------------------


def test_folders(
    settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.DATA_DIR = tmp_path
    assert {line.state for line in machine.folders(NOW)} == {State.OK}
    for free, state in ((10**8, State.FAIL), (10**9, State.WARN)):
        usage = type("usage", (), {"free": free})
        monkeypatch.setattr(machine.shutil, "disk_usage", lambda _, u=usage: u)
        assert {line.state for line in machine.folders(NOW)} == {state}
    (tmp_path / "file").touch()
    settings.DATA_DIR = tmp_path / "file"
    line = asked(machine.folders)["DATA_DIR"]
    assert line.state is State.FAIL
    assert "cannot be written" in line.words


def test_static_files(settings: Any, tmp_path: Path) -> None:
    assert only(machine.static_files).state is State.OK
    settings.DEBUG, settings.STATIC_ROOT = False, tmp_path
    assert only(machine.static_files).state is State.FAIL
    (tmp_path / "staticfiles.json").write_text("{}")
    assert only(machine.static_files).state is State.OK


def test_open_files(monkeypatch: pytest.MonkeyPatch) -> None:
    for soft, state in ((256, State.WARN), (65_536, State.OK)):
        monkeypatch.setattr(machine.resource, "getrlimit", lambda _, s=soft: (s, s))
        assert only(machine.limits).state is state


def test_the_last_backup(settings: Any, db: None) -> None:
    settings.DEBUG = False
    assert only(machine.backups).state is State.WARN
    note("backup", 24 * 9 * HOUR, facts={"file": "old.tar"})
    assert "old.tar was made 9 days ago" in only(machine.backups).words
    assert only(machine.backups).state is State.WARN
    note("backup", HOUR, facts={"file": "new.tar"})
    assert only(machine.backups).state is State.OK


def test_the_last_clean_up(db: None) -> None:
    assert only(machine.retention).state is State.WARN
    note("retention", HOUR, is_whole=False)
    assert only(machine.retention).state is State.WARN
    note("retention", 47 * HOUR)
    assert only(machine.retention).state is State.OK
    assert only(machine.retention, NOW + 2 * HOUR).state is State.WARN
