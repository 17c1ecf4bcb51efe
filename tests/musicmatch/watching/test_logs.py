"""Log lines: what stands in them, what joins them, and what never stands in them."""

import json
import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import IntegrityError
from django.http import HttpRequest, HttpResponse
from django.test import Client, override_settings
from django.urls import include, path

from accounts.models import User
from musicmatch.watching import logs
from musicmatch.watching.context import Work, request_id_from, working
from musicmatch.watching.scrubbing import describe, scrub_error, scrub_foreign
from tests.conftest import HOST

Said = Callable[[], list[dict[str, Any]]]


def record(message: str, *args: object, name: str = "matching.x", **more: Any) -> Any:
    made = logging.LogRecord(name, logging.INFO, "", 0, message, args, None)
    made.__dict__ |= more
    return made


@pytest.fixture
def said() -> Iterator[Said]:
    """Everything that is logged meanwhile, as a host would read it."""
    lines: list[str] = []

    class Kept(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(self.format(record))

    handler, root = Kept(), logging.getLogger()
    handler.setFormatter(logs.Json())
    handler.setLevel(logging.INFO)
    root.addHandler(handler)
    yield lambda: [json.loads(line) for line in lines]
    root.removeHandler(handler)


# --- Formats --------------------------------------------------------------


def test_a_line_for_a_machine() -> None:
    work = Work("a" * 16, "a task", "matching.tasks.x")
    with working(work):
        line = logs.Json().format(record("%d of %s", 3, "four", fields={"ms": 1.5}))
    found = json.loads(line)
    assert found.pop("time").endswith("Z")
    assert found == {
        "level": "INFO",
        "logger": "matching.x",
        "message": "3 of four",
        "request_id": "a" * 16,
        "task_id": "a task",
        "task": "matching.tasks.x",
        "ms": 1.5,
    }


def test_a_line_for_a_person() -> None:
    with working(Work("a" * 16)):
        line = logs.Line().format(record("three"))
    assert line.endswith(f" INFO matching.x: three [{'a' * 16}]")
    assert logs.Line().format(record("three")).endswith("matching.x: three")


@pytest.mark.parametrize("formatter", [logs.Json, logs.Line])
def test_other_extras_are_left_out(formatter: Any) -> None:
    """Celery hangs the arguments of tasks on its records, and Django the request."""
    line = formatter().format(record("x", data={"args": "private"}, body="private"))
    assert "private" not in line


@pytest.mark.parametrize("formatter", [logs.Json, logs.Line])
def test_known_secrets_are_left_out_wherever_they_stand(formatter: Any) -> None:
    line = formatter(secrets=["hush-hush-hush", "no"]).format(record("hush-hush-hush"))
    assert "hush" not in line
    assert "no" in formatter(secrets=["no"]).format(record("not a secret"))


@pytest.mark.parametrize("formatter", [logs.Json, logs.Line])
def test_errors_say_where_and_not_with_what(formatter: Any) -> None:
    try:
        try:
            int("dee_blocked")
        except ValueError as error:
            raise IntegrityError(
                'duplicate key "x"\nDETAIL:  Key (handle)=(cyd_stranger) exists.'
            ) from error
    except IntegrityError as error:
        found = record("It broke: %s", error)
        found.exc_info = (type(error), error, error.__traceback__)
    line = formatter().format(found)
    assert "test_logs.py" in line
    assert "ValueError: invalid literal for int() with base 10" in line
    assert "IntegrityError: duplicate key" in line
    # The code stands in a traceback, and in this test the names do, too.
    said = [part for part in line.splitlines() if "int(" not in part or "base" in part]
    assert "cyd_stranger" not in line
    assert formatter is logs.Json or "dee_blocked" not in "\n".join(said)


# --- Scrubbing ------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("invalid literal for int() with base 10: 'dee'", "with base 10: …"),
        ("doesn't match 'dee'", "doesn't match …"),
        ("isn't b'dee', isn't it", "isn't b…"),
        ("cut off 'dee", "cut off …"),
        ('a "dee" and "eve"', "a …"),
        ("Key (handle)=(dee_x) already exists.", "Key (handle)=…"),
        ("first\nDETAIL: dee", "first"),
        ("no answer from https://u:dee@host/dee?token=dee", "no answer from https://…"),
        ("dee@example.org was refused", "… was refused"),
        ("Not Found: /people/dee/ here", "Not Found: … here"),
        ("token BQDdee0123456789dee0123 x", "token … x"),
        (
            "import 3f2b8c1e-0000-4000-8000-0123456789ab is lost",
            "import 3f2b8c1e-0000-4000-8000-0123456789ab is lost",
        ),
        ("the answer is not sane JSON", "the answer is not sane JSON"),
    ],
)
def test_what_an_error_was_given_goes(text: str, left: str) -> None:
    found = scrub_error(text)
    assert "dee" not in found
    assert left in found


def test_what_a_library_quotes_goes() -> None:
    text = "Task matching.tasks.x[3f2b8c1e] raised unexpected: ValueError('dee', 'b')"
    assert scrub_foreign(text).startswith("Task matching.tasks.x[3f2b8c1e] raised")
    assert "dee" not in scrub_foreign(text)


def test_an_error_without_words_has_a_name() -> None:
    assert describe(ZeroDivisionError()) == "ZeroDivisionError"


# --- Requests -------------------------------------------------------------


def _break(request: HttpRequest, handle: str) -> HttpResponse:
    logging.getLogger("matching.x").error("About %s.", handle)
    raise LookupError(f"no {handle} in {request.path}, token {request.GET['token']}")


urlpatterns = [
    path("people/<slug:handle>/break/", _break, name="break"),
    path("", include("musicmatch.urls")),
]


@pytest.mark.parametrize("given", ["0123456789abcdef", "a-b_c" * 4])
def test_an_id_of_the_proxy_is_kept(client: Client, given: str) -> None:
    response = client.get("/healthz", headers={"X-Request-ID": given})
    assert response["X-Request-ID"] == given


@pytest.mark.parametrize("given", ["", "short", "x" * 65, "a b" * 9, "ä" * 20])
def test_another_id_is_made(given: str) -> None:
    made = request_id_from(given)
    assert made != given
    assert len(made) == 32
    assert made != request_id_from(given)


def test_a_request_is_one_line(
    client: Client, community: list[User], said: Said
) -> None:
    client.force_login(community[0])
    response = client.get("/people/ben_near/?as=stranger")
    [line] = [one for one in said() if one["logger"] == "musicmatch.watching.access"]
    assert line["ms"] > 0
    expected = {
        "method": "GET",
        "route": "social:person",
        "status": 200,
        "person": community[0].pk,
        "request_id": response["X-Request-ID"],
    }
    assert expected.items() <= line.items()
    assert "ben_near" not in json.dumps(said())
    assert "ada_owner" not in json.dumps(said())


def test_probes_are_quiet(client: Client, said: Said) -> None:
    client.get("/healthz")
    assert not said()


def test_a_line_costs_no_query(
    client: Client, db: None, said: Said, django_assert_num_queries: Any
) -> None:
    with django_assert_num_queries(0):
        client.get("/about/")
    assert said()[0]["route"] == "about"


@pytest.mark.parametrize(
    ("method", "address", "status"),
    [
        ("get", "/people/dee_blocked/", 404),
        ("get", "/no/dee_blocked/", 404),
        ("put", "/people/dee_blocked/", 405),
        ("get", "/people/dee_blocked/break/?token=BQDhush0123456789hush", 500),
    ],
)
def test_what_went_wrong_names_nobody(
    community: list[User], said: Said, method: str, address: str, status: int
) -> None:
    client = Client(HTTP_HOST=HOST, raise_request_exception=False)
    client.force_login(community[0])
    with override_settings(ROOT_URLCONF=__name__):
        if status == 404:
            User.objects.filter(handle="dee_blocked").delete()
        response = getattr(client, method)(address)
    assert response.status_code == status
    lines = said()
    # Letting somebody in by hand belongs to no request.
    ids = {line["request_id"] for line in lines if "request_id" in line}
    assert ids == {response["X-Request-ID"]}
    assert "django.request" in {line["logger"] for line in lines}
    assert "dee_blocked" not in json.dumps(lines)
    assert "hush" not in json.dumps(lines)


def test_a_form_that_is_too_old_names_nobody(ada: User, said: Said) -> None:
    client = Client(HTTP_HOST=HOST, enforce_csrf_checks=True)
    client.force_login(ada)
    assert client.post("/people/ben_near/block/").status_code == 403
    assert "ben_near" not in json.dumps(said())
    assert "django.security.csrf" in {line["logger"] for line in said()}
