"""The status page: what it says, whom it says it to, what it costs."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from kombu import Connection

from accounts.models import User
from ingest.models import ImportRun
from matching.services import index_rebuild
from musicmatch.celery import app
from musicmatch.models import CareRun
from musicmatch.tasks import note_heartbeat_task
from musicmatch.watching import status
from musicmatch.watching.status import status_page
from tests.conftest import HOST
from tests.factories import make_person, make_user
from tests.matching.marks import words_of

pytestmark = [pytest.mark.django_db, pytest.mark.ignore_template_errors]
PAGE = "/admin/status/"


@pytest.fixture(autouse=True)
def _queue_in_memory(monkeypatch: Any) -> None:
    monkeypatch.setattr(app, "connection_for_write", lambda: Connection("memory://"))


@pytest.fixture
def staff(client: Client) -> Client:
    client.force_login(User.objects.create_superuser("root-login", password="x"))
    return client


def run(person: User, state: str, **fields: Any) -> None:
    now = timezone.now()
    row = {"source": "spotify", "queued_at": now, "finished_at": now, **fields}
    ImportRun.objects.create(person=person, state=state, **row)


def signed_in(user: User) -> Client:
    client = Client(HTTP_HOST=HOST)
    client.force_login(user)
    return client


def test_an_empty_site_says_what_is_away(staff: Client) -> None:
    page = words_of(staff.get(PAGE))
    assert "Database There" in page
    assert "Index Away There is none yet" in page
    assert "Worker and beat Away No worker has been heard of yet." in page
    assert "No task is in the queue." in page
    assert "Nobody has imported anything." in page
    assert "None is noted: no backup was made" in page
    assert "METRICS_TOKEN is empty" in page


def test_a_site_that_is_well_says_so(
    staff: Client, ada: User, ben: User, monkeypatch: Any
) -> None:
    # Tests are neither a laptop nor a host: no settings of theirs are right.
    monkeypatch.setattr(status, "run_checks", lambda **_: [])
    index_rebuild(now=timezone.now())
    note_heartbeat_task.delay()
    run(ada, "done")
    run(ben, "failed")
    run(ben, "queued", finished_at=None, source="lastfm")
    run(ada, "done", source="lastfm", finished_at=timezone.now() - timedelta(days=3))
    page = words_of(staff.get(PAGE))
    assert "Away" not in page
    expected = r"Index There Generation 1, 0 people, built \d+ seconds ago\."
    assert re.search(expected, page)
    assert "Spotify 1 1 0 just now" in page
    assert "Last.fm 0 0 1 3 days ago" in page
    assert "No check finds anything wrong." in page
    assert "Musicmatch 0.1.0" in page


def test_wrong_settings_are_named(staff: Client, settings: Any) -> None:
    settings.LOG_FORMAT = "xml"
    page = words_of(staff.get(PAGE))
    assert "musicmatch.E020: LOG_FORMAT is 'xml'." in page


def test_the_latest_care_is_named(staff: Client) -> None:
    now = timezone.now()
    for kind, _ in CareRun.Kind.choices:
        for days in (9, 2):
            at = now - timedelta(days=days)
            CareRun.objects.create(kind=kind, started_at=at, finished_at=at)
    page = words_of(staff.get(PAGE))
    for _, label in CareRun.Kind.choices:
        assert f"{label[:1].upper()}{label[1:]} 2 days ago" in page


def test_a_queue_that_is_away_is_named(staff: Client, monkeypatch: Any) -> None:
    def away() -> None:
        raise OSError

    monkeypatch.setattr(app, "connection_for_write", away)
    page = words_of(staff.get(PAGE))
    assert "The queue does not answer." in page
    assert "Queue Away" in page


def test_only_those_who_may_see_it(client: Client, ada: User) -> None:
    assert client.get(PAGE).status_code == 302
    assert signed_in(ada).get(PAGE).status_code == 302
    moderator = make_user("moderator-login", is_staff=True)
    moderator.groups.add(Group.objects.get(name="Moderators"))
    theirs = signed_in(moderator)
    assert theirs.get(PAGE).status_code == 403
    assert PAGE not in theirs.get("/admin/").content.decode()
    operator = make_user("operator-login", is_staff=True)
    operator.user_permissions.add(Permission.objects.get(codename="view_carerun"))
    theirs = signed_in(operator)
    assert theirs.get(PAGE).status_code == 200
    assert PAGE in theirs.get("/admin/").content.decode()


def test_it_is_only_read(staff: Client) -> None:
    assert "<script" not in staff.get(PAGE).content.decode().split("content-main")[1]
    assert staff.post(PAGE).status_code == 405


def test_the_cost_does_not_grow(db: None) -> None:
    counts = []
    for size in (1, 12):
        for n in range(size):
            run(make_person(f"fan_{size}_{n}"), "done")
        with CaptureQueriesContext(connection) as caught:
            status_page(timezone.now())
        counts.append(len(caught))
    assert counts[0] == counts[1] <= 9
