"""The button that reads a source again."""

from datetime import datetime

from django.test import Client

from accounts.models import User
from ingest.models import ImportRun, Source, SourceLink
from ingest.services import run_queue, source_link
from tests.ingest.conftest import text

SYNC, SOURCES = "/sources/spotify/sync/", "/sources/"


def test_sync_starts_a_run_and_shows_it(mine: Client, ada: User, now: datetime) -> None:
    source_link(person_id=ada.pk, source=Source.SPOTIFY, now=now)
    response = mine.post(SYNC)
    run = ImportRun.objects.get()
    assert response["Location"] == run.get_absolute_url()
    assert (run.person, run.kind, run.state) == (ada, "full", "queued")


def test_a_run_on_its_way_costs_nothing(mine: Client, ada: User, now: datetime) -> None:
    source_link(person_id=ada.pk, source=Source.SPOTIFY, now=now)
    run = run_queue(person_id=ada.pk, source=Source.SPOTIFY, now=now)
    for _ in range(3):
        assert mine.post(SYNC)["Location"] == run.get_absolute_url()
    run.delete()
    assert mine.post(SYNC).status_code == 302


def test_sync_once_in_ten_minutes(
    mine: Client, ada: User, ben: User, now: datetime, client: Client
) -> None:
    for person in (ada, ben):
        source_link(person_id=person.pk, source=Source.SPOTIFY, now=now)
    mine.post(SYNC)
    ImportRun.objects.update(state="done")
    refused = mine.post(SYNC)
    assert refused.status_code == 429
    assert "once in ten minutes" in text(refused)
    assert "You can go on at" in text(refused)
    assert ImportRun.objects.count() == 1
    other = Client(HTTP_HOST="127.0.0.1:8000")
    other.force_login(ben)
    assert other.post(SYNC).status_code == 302


def test_sync_needs_a_source_that_can(mine: Client, ada: User, now: datetime) -> None:
    assert mine.post(SYNC).status_code == 404
    source_link(person_id=ada.pk, source=Source.MANUAL, now=now)
    assert mine.post("/sources/manual/sync/").status_code == 404


def test_sync_does_not_knock_at_a_closed_door(
    mine: Client, ada: User, now: datetime
) -> None:
    source_link(person_id=ada.pk, source=Source.SPOTIFY, now=now)
    SourceLink.objects.update(state="needs_reconnect", reason="Connect it again.")
    page = mine.post(SYNC, follow=True)
    assert page.redirect_chain[-1][0] == SOURCES
    assert "Connect it again." in text(page)
    assert not ImportRun.objects.exists()
