"""Reports of errors: a view and a task break with secrets at hand, and none is sent."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from musicmatch.watching import errors
from tests.musicmatch.test_production import PRODUCTION, ROOT

# What is in locals, in the form, in the address, in cookies and in headers.
PRIVATE = (
    "hush-local",
    "hush-form",
    "hush-query",
    "hush-cookie",
    "hush-header",
    "hush-task",
    "hush-logged",
    "dee_blocked",
)

BREAK = """
import json, logging, os
import django
django.setup()
from django.conf import settings
from django.core.management import call_command
from django.http import HttpResponse
from django.test import Client
from django.urls import path
import sentry_sdk
from sentry_sdk.transport import Transport
from musicmatch.celery import app
from musicmatch.watching import errors, work

sent = []

class Kept(Transport):
    def capture_envelope(self, envelope):
        sent.append(envelope.serialize().decode())

sentry_sdk.init(**{**errors.options(settings.SENTRY_DSN), "transport": Kept})

def broken(request, handle):
    token, message = "hush-local", request.POST["message"]
    logging.getLogger("matching.x").error("It broke for %s", "hush-logged")
    raise LookupError(f"no {handle!r}, {token!r}, {message!r}, {request.path}")

urlpatterns = [path("people/<slug:handle>/break/", broken, name="break")]
settings.ROOT_URLCONF = __name__
settings.SESSION_ENGINE = "django.contrib.sessions.backends.cache"
plain = "django.contrib.staticfiles.storage.StaticFilesStorage"
settings.STORAGES["staticfiles"]["BACKEND"] = plain

@app.task(name="matching.tasks.broken")
def broken_task(**kwargs):
    token = kwargs["token"]
    raise LookupError(f"no {token!r}")

client = Client(raise_request_exception=False)
client.cookies["sessionid"] = "hush-cookie"
response = client.post(
    "/people/dee_blocked/break/?token=hush-query",
    {"message": "hush-form"},
    headers={"Authorization": "hush-header", "X-Request-ID": "a" * 16,
             "Host": "musicmatch.example", "X-Forwarded-Proto": "https"},
)
assert response.status_code == 500, response.status_code
from celery.app.trace import build_tracer
from celery.app.task import Context
broken_task.request_stack.push(None)
tracer = build_tracer(broken_task.name, broken_task, app=app)
tracer("t-1", (), {"token": "hush-task"}, {"request_id": "b" * 16, "id": "t-1"})
sentry_sdk.flush()
print(json.dumps(sent))
"""


@pytest.fixture(scope="module")
def sent() -> list[str]:
    """What would go to Sentry, each as it would lie on the wire."""
    environment = {
        "PATH": os.environ["PATH"],
        "DATA_DIR": str(Path(os.environ["DATA_DIR"], "sentry")),
        "DJANGO_SETTINGS_MODULE": "musicmatch.settings",
        "SENTRY_DSN": "https://key@reports.example/1",
        "DATABASE_URL": "sqlite://:memory:",
        **PRODUCTION,
    }
    done = subprocess.run(
        [sys.executable, "-c", BREAK],
        env=environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return list(json.loads(done.stdout.splitlines()[-1]))


def events(sent: list[str]) -> list[dict[str, Any]]:
    found = [json.loads(line) for one in sent for line in one.splitlines() if line]
    return [one for one in found if "event_id" in one and "platform" in one]


def test_what_broke_is_reported(sent: list[str]) -> None:
    tags = [one["tags"] for one in events(sent)]
    assert {"request_id": "a" * 16} in tags
    assert any(one.get("task") == "matching.tasks.broken" for one in tags)
    types = [
        value["type"]
        for one in events(sent)
        for value in one.get("exception", {}).get("values", ())
    ]
    assert types.count("LookupError") == 2
    assert "broken" in "".join(sent)
    messages = [one["logentry"]["message"] for one in events(sent) if "logentry" in one]
    assert "It broke for %s" in messages


@pytest.mark.parametrize("private", PRIVATE)
def test_nothing_private_is_reported(sent: list[str], private: str) -> None:
    assert private not in "\n".join(sent)


def test_an_event_is_built_of_what_may_leave() -> None:
    event = {
        "event_id": "1",
        "request": {"url": "https://x/dee/", "cookies": "c", "data": "d"},
        "user": {"username": "dee"},
        "extra": {"sys.argv": ["dee"]},
        "breadcrumbs": {"values": [{"message": "dee"}]},
        "contexts": {"celery": {"args": ["dee"]}},
        "server_name": "web-1",
        "something_new": "dee",
        "exception": {
            "values": [
                {
                    "type": "KeyError",
                    "value": "'dee'",
                    "stacktrace": {"frames": [{"function": "f", "vars": {"x": "dee"}}]},
                }
            ]
        },
    }
    kept = errors.before_send(event, {})
    assert "dee" not in json.dumps(kept)
    assert kept["server_name"] == "web-1"
    [found] = kept["exception"]["values"]
    assert found["stacktrace"] == {"frames": [{"function": "f"}]}
