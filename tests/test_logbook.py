"""The log of the suite is read for secrets: that it would find them, and finds none."""

import logging
import os
import secrets
import subprocess
import sys
import uuid
from pathlib import Path
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.http import HttpRequest, HttpResponse
from django.test import Client, override_settings
from django.urls import include, path

from accounts.fields import encrypt
from accounts.models import User
from ingest.models import ImportRun, Source, SourceLink
from ingest.services import run_queue, source_link
from social.models import Message
from tests.conftest import HOST, NOW
from tests.factories.threads import make_connection
from tests.logbook import _BOOK, Logbook

ROOT = Path(__file__).parents[1]
logger = logging.getLogger("matching.tests")


@pytest.fixture
def book(request: pytest.FixtureRequest) -> Logbook:
    """The book of this very run."""
    return request.config.stash[_BOOK]


@pytest.fixture
def other(tmp_path: Path) -> Logbook:
    """A book of one's own, to write what must not be written."""
    return Logbook(tmp_path / "other.jsonl")


def written(book: Logbook, *lines: str) -> list[str]:
    from musicmatch.watching.logs import Json

    form = Json()
    records = [
        logging.LogRecord("celery.app", logging.INFO, "", 0, line, (), None)
        for line in lines
    ]
    book.path.write_text("".join(f"{form.format(record)}\n" for record in records))
    return book.leaks()


# --- It would find them ---------------------------------------------------


def test_a_secret_is_found_and_not_repeated(other: Logbook) -> None:
    other.note("dee_blocked", "a handle")
    other.note("Shall we go to the concert?", "a message")
    said = written(other, "About dee_blocked.", "x Shall we go to the concert? x")
    assert sorted(said) == [
        "a handle, written by celery.app",
        "a message, written by celery.app",
    ]


def test_parts_of_other_words_are_not_found(other: Logbook) -> None:
    other.note("dee_blocked", "a handle")
    assert written(other, "About dee_blocked_too and xdee_blocked.") == []


@pytest.mark.parametrize("plain", ["", "short", "portishead", "123456789", "a text"])
def test_what_stands_in_lines_anyway_is_not_looked_for(
    other: Logbook, plain: str
) -> None:
    other.note(plain, "a password")
    assert written(other, f"About {plain}.") == []


def test_an_empty_log_holds_nothing(other: Logbook) -> None:
    other.note("dee_blocked", "a handle")
    assert other.leaks() == []


def test_what_comes_into_being_is_noted(book: Logbook, ada: User, ben: User) -> None:
    token = secrets.token_urlsafe(32)
    encrypt("an-encrypted-token-1")
    User.objects.create_user("some-login-1", password="a-password-1")
    Client().force_login(ada)
    thread = make_connection(ada, ben)
    Message.objects.create(
        thread=thread,
        sender=ada,
        body="Only for your eyes.",
        sent_at=NOW,
        once_key=uuid.uuid4(),
    )
    expected = {
        token,
        "an-encrypted-token-1",
        "a-password-1",
        "ada_owner",
        "Only for your eyes.",
        Session.objects.latest("expire_date").session_key,
    }
    assert expected <= book.notes.keys()


LEAK = """
import logging, secrets

def test_it_leaks():
    token = secrets.token_urlsafe(32)
    logging.getLogger("matching.x").info("The token is %s.", token)

def test_it_does_not():
    logging.getLogger("matching.x").info("Something else.")
"""


@pytest.mark.parametrize(("name", "status"), [("leaks", 1), ("does_not", 0)])
def test_a_run_in_whose_log_a_secret_stands_has_failed(
    tmp_path: Path, name: str, status: int
) -> None:
    (tmp_path / "test_leak.py").write_text(LEAK)
    command = f"-m pytest {tmp_path} -k it_{name} -c pyproject.toml --noconftest"
    done = subprocess.run(
        [
            sys.executable,
            *command.split(),
            "-p",
            "tests.logbook",
            "-p",
            "no:cacheprovider",
        ],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == status, done.stdout
    assert "1 passed" in done.stdout
    assert ("a random token, written by matching.x" in done.stdout) is bool(status)


# --- Nasty places ---------------------------------------------------------


def lines_of(book: Logbook) -> list[str]:
    book.handler.flush()
    return book.path.read_text(encoding="utf-8").splitlines()


@pytest.fixture
def log(book: Logbook) -> Any:
    """What was logged since the test began."""
    before = len(lines_of(book)) if book.path.exists() else 0
    return lambda: "\n".join(lines_of(book)[before:])


def _throw(request: HttpRequest, handle: str) -> HttpResponse:
    body, password = request.POST["body"], request.POST["password"]
    key = request.session.session_key
    raise LookupError(f"{body!r}, {password!r}, {handle!r} in session {key}")


urlpatterns = [
    path("people/<slug:handle>/throw/", _throw),
    path("", include("musicmatch.urls")),
]


def test_an_error_with_everything_in_it(log: Any, ada: User, dee: User) -> None:
    client = Client(HTTP_HOST=HOST, raise_request_exception=False)
    client.force_login(ada)
    form = {"body": "Meet me at the pier at ten.", "password": "a-password-2"}
    with override_settings(ROOT_URLCONF=__name__):
        response = client.post("/people/dee_blocked/throw/?token=x", form)
    assert response.status_code == 500
    said = log()
    assert "Internal Server Error" in said
    assert "LookupError" in said
    for private in (*form.values(), "dee_blocked", client.cookies["sessionid"].value):
        assert private not in said


def test_a_blocked_pair_is_not_named(log: Any, ada: User, dee: User) -> None:
    client = Client(HTTP_HOST=HOST)
    client.force_login(ada)
    assert client.post("/people/dee_blocked/block/").status_code == 302
    client.force_login(dee)
    assert client.get("/people/ada_owner/").status_code == 404
    assert client.get("/messages/ada_owner/").status_code == 404
    said = log()
    assert "Not Found" in said
    assert "ada_owner" not in said
    assert "dee_blocked" not in said


# Not in the code of the test, which stands in a traceback.
LOGIN = "some-login-5"


def test_a_row_that_the_database_refuses(log: Any, ada: User) -> None:
    from django.db import DatabaseError, transaction

    try:
        with transaction.atomic():
            # Postgres repeats the row in what it says.
            User(username=LOGIN, handle=ada.handle).save()
    except DatabaseError:
        logger.exception("It could not be written: %s.", ada.pk)
    said = log()
    assert "It could not be written" in said
    assert "IntegrityError" in said
    assert ada.handle not in said
    assert LOGIN not in said


def test_a_service_that_repeats_the_token(
    log: Any, ada: User, settings: Any, monkeypatch: Any
) -> None:
    """An import breaks, and the error quotes what was sent."""
    from ingest.services import fetching

    token = secrets.token_urlsafe(32)

    def broken(*_: Any, **__: Any) -> None:
        raise ConnectionError(f"https://api.example/?token={token} and {token}")

    source_link(person_id=ada.pk, source=Source.LISTENBRAINZ, now=NOW)
    SourceLink.objects.update(state="connected")
    monkeypatch.setattr(fetching.steps, "plan", broken)
    with pytest.raises(ConnectionError):
        run_queue(
            person_id=ada.pk,
            source=Source.LISTENBRAINZ,
            kind=ImportRun.Kind.FULL,
            now=NOW,
        )
    try:
        broken()
    except ConnectionError as error:
        logger.warning("The import is given up: %s", error, exc_info=True)
    said = log()
    assert "The import is given up: ConnectionError" in said
    assert token not in said


def test_a_task_that_fails(log: Any) -> None:
    """Celery writes the error of a task, and its arguments at its finest level."""
    from celery.app.trace import build_tracer

    from musicmatch.celery import app

    token = secrets.token_urlsafe(32)

    @app.task(name="matching.tests.fails_task", shared=False)
    def fails_task(**given: Any) -> None:
        raise LookupError(f"no {given['token']}, {given['words']!r}")

    given = {"token": token, "words": "Wait for me outside."}
    tracer = build_tracer(fails_task.name, fails_task, app=app)
    tracer("t-1", (), given, {"id": "t-1", "request_id": "a" * 16})
    app.tasks.pop(fails_task.name)
    said = log()
    assert "LookupError" in said
    assert '"request_id": "aaaaaaaaaaaaaaaa"' in said
    assert token not in said
    assert "Wait for me" not in said


def test_a_mail_server_that_names_who_was_written_to(log: Any) -> None:
    from smtplib import SMTPRecipientsRefused

    refused = SMTPRecipientsRefused({"ada@private.example": (550, b"ada is unknown")})
    logger.warning("A mail is refused: %s", refused)
    assert "SMTPRecipientsRefused" in log()
    assert "private.example" not in log()
    assert "ada is" not in log()


def test_a_sign_in_that_fails(log: Any, client: Client, db: None) -> None:
    form = {"login": "some-login-2", "password": "a-password-3"}
    assert client.post("/accounts/login/", form).status_code == 200
    client.get("/accounts/spotify/login/callback/?code=a-code-4&state=forged-state")
    said = log()
    assert "account_login" in said
    for private in (*form.values(), "a-code-4", "forged-state"):
        assert private not in said
