"""Two beats, or two workers with the same task, do what one does.

Whatever the schedule names is held to it: a task that is new here is in the test, too.
"""

from datetime import timedelta
from threading import Barrier, Thread
from typing import Any

import pytest
from django.apps import apps
from django.conf import settings as site
from django.core.cache import cache
from django.db import connection
from django.utils import timezone

from accounts.models import User
from ingest.models import ImportRun, Source, SourceLink
from ingest.services import source_link
from matching.models import Edition
from musicmatch.celery import app
from tests.conftest import NOW
from tests.factories import make_person, make_taste
from tests.social.deciding import make_moderator, suspended

TASKS = sorted({entry["task"] for entry in site.CELERY_BEAT_SCHEDULE.values()})
# Moments at which something was looked at, and how often; nobody is told of them.
_OF_THE_LOOK = {"seen_at", "attempts", "lease_until", "resume_at", "queued_at"}
# A measurement more of the same thing.
_MAY_GROW = {"matching.PreselectRecall"}


def state() -> dict[str, list[dict[str, Any]]]:
    """Every row of every table, but for the moments of looking."""
    found = {}
    for model in apps.get_models():
        label = model._meta.label
        if model._meta.managed and label not in _MAY_GROW:
            rows = model._base_manager.order_by("pk").values()
            found[label] = [
                {k: v for k, v in row.items() if k not in _OF_THE_LOOK} for row in rows
            ]
    return found


def run(name: str) -> None:
    app.tasks[name].apply(throw=True)


@pytest.fixture
def busy(transactional_db: None, settings: Any) -> list[User]:
    """A site where every scheduled task finds something to do."""
    now = timezone.now()
    people = [make_person(f"person_{number}") for number in range(6)]
    for number, person in enumerate(people):
        make_taste(person, ["Sade", "Low", f"Artist {number % 3}"])
    link = source_link(person_id=people[0].pk, source=Source.LASTFM, now=now)
    SourceLink.objects.filter(pk=link.pk).update(
        state="connected", next_import_at=now - timedelta(hours=1)
    )
    source_link(person_id=people[1].pk, source=Source.EXPORT, now=now)
    ImportRun.objects.create(
        person=people[1],
        source=Source.EXPORT,
        queued_at=now - timedelta(minutes=5),
        staged={"files": [], "sizes": []},
    )
    suspended(people[2], people[3], make_moderator(), until=NOW + timedelta(days=1))
    return people


@pytest.fixture(autouse=True)
def _tasks(settings: Any) -> None:
    settings.LASTFM_API_KEY = settings.LASTFM_SECRET = ""
    app.loader.import_default_modules()


def test_a_task_done_twice_is_done_once(busy: list[User], subtests: Any) -> None:
    before = state()
    for name in TASKS:
        with subtests.test(name):
            run(name)
            once = state()
            run(name)
            cache.clear()
            run(name)
            assert state() == once
    # They had something to do.
    assert sum(state()[label] != rows for label, rows in before.items()) > 3


def test_a_task_done_twice_at_once_is_done_once(
    busy: list[User], subtests: Any
) -> None:
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has one writer at a time")
    for name in TASKS:
        with subtests.test(name):
            assert list(at_once(name)) == []
            done = state()
            run(name)
            assert state() == done
    active = ImportRun.objects.active().values_list("person_id", "source")
    assert len(active) == len(set(active))
    assert Edition.objects.count() == 1


def at_once(name: str) -> list[Exception]:
    """Run a task in two threads at the same time; return what went wrong."""
    both, wrong = Barrier(2), []

    def go() -> None:
        try:
            both.wait(10)
            run(name)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is told
            wrong.append(error)
        finally:
            connection.close()

    threads = [Thread(target=go) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return wrong
