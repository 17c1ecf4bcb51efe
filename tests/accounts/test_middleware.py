"""On every request: the person's zone, that they were here, and limits in words."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.sessions.backends.db import SessionStore
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory
from django.utils import timezone

from accounts.middleware import PersonMiddleware, _note_activity
from accounts.models import User
from accounts.throttle import Limit, OverLimit

START = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def seen(person: User) -> datetime | None:
    person.refresh_from_db()
    return person.last_active_at


def test_being_here_is_noted_once_in_ten_minutes(client: Client, ada: User) -> None:
    client.force_login(ada)
    assert seen(ada) is None
    noted = {}
    for minutes in (0, 5, 9, 10, 19, 21):
        with time_machine.travel(START + timedelta(minutes=minutes), tick=False):
            client.get("/settings/privacy/")
        noted[minutes] = seen(ada)
    first, second, third = (START + timedelta(minutes=m) for m in (0, 10, 21))
    assert list(noted.values()) == [first, first, first, second, second, third]


def test_of_two_requests_at_once_one_writes(ada: User) -> None:
    stale = User.objects.get()
    with time_machine.travel(START, tick=False):
        _note_activity(ada)
    with time_machine.travel(START + timedelta(seconds=1), tick=False):
        _note_activity(stale)
    assert seen(ada) == START


@pytest.mark.django_db
def test_a_stranger_costs_no_query(
    client: Client, django_assert_num_queries: Any
) -> None:
    with django_assert_num_queries(0):
        assert client.get("/healthz").status_code == 200


def zone_during(person: User | None, rf: RequestFactory) -> str:
    """The zone that is active while a request is answered."""
    names = []

    def answer(_: HttpRequest) -> HttpResponse:
        names.append(timezone.get_current_timezone_name())
        return HttpResponse()

    request = rf.get("/")
    request.session = SessionStore()
    if person:
        request.session = SessionStore("long-enough-a-key")
        request.user = person
    PersonMiddleware(answer)(request)
    return names[0]


@pytest.mark.parametrize(
    ("stored", "active"),
    [
        ("Asia/Tokyo", "Asia/Tokyo"),
        ("UTC", "UTC"),
        ("", "UTC"),
        ("Europe", "UTC"),
        ("Mars/Base", "UTC"),
        ("../../etc/passwd", "UTC"),
        ("/etc/passwd", "UTC"),
    ],
)
def test_times_are_shown_in_the_persons_zone(
    ada: User, rf: RequestFactory, stored: str, active: str
) -> None:
    ada.time_zone = stored
    assert zone_during(ada, rf) == active
    assert timezone.get_current_timezone_name() == "UTC"


@pytest.mark.django_db
def test_a_stranger_sees_utc(rf: RequestFactory) -> None:
    assert zone_during(None, rf) == "UTC"


def test_over_a_limit(rf: RequestFactory) -> None:
    limit = Limit("test", 1, 60, "Once a minute is enough.")
    until = START + timedelta(seconds=90)
    middleware = PersonMiddleware(lambda _: HttpResponse())
    with time_machine.travel(START, tick=False):
        error = OverLimit(limit, until)
        response = middleware.process_exception(rf.get("/"), error)
        assert response
        assert middleware.process_exception(rf.get("/"), ValueError()) is None
    page = response.content.decode()
    assert response.status_code == 429
    assert response.headers["Retry-After"] == "90"
    assert "Once a minute is enough." in page
    assert until.isoformat() in page or "12:01" in page
