"""What a suspended person reaches, and the end of a suspension."""

import logging
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import User
from social import services
from social.models import Block
from social.tasks import lift_suspensions_task
from social.visibility import people_visible_to
from tests.conftest import NOW
from tests.matching.marks import words_of


@pytest.fixture
def held(as_ada: Client, ada: User) -> Client:
    """Ada, signed in and suspended for another day."""
    _suspend(ada, timedelta(days=1))
    return as_ada


def _suspend(person: User, ahead: timedelta, field: str = "suspended_until") -> None:
    User.objects.filter(pk=person.pk).update(**{field: timezone.now() + ahead})


@pytest.mark.parametrize(
    "address", ["/notices/", "/about/", "/about/matching/", "/about/privacy/"]
)
def test_some_pages_stay_open(held: Client, address: str) -> None:
    assert held.get(address).status_code == 200


def test_ones_data_is_not_led_away_from(held: Client) -> None:
    assert held.get("/settings/data/").headers.get("Location") != "/notices/"


@pytest.mark.parametrize(
    "address",
    [
        "/",
        "/matches/",
        "/matches/ben_near/",
        "/people/ben_near/",
        "/people/ben_near/report/",
        "/people/nobody_here/",
        "/settings/privacy/",
        "/settings/blocked/",
        "/messages/",
        "/connections/",
        "/sources/",
        "/welcome/",
        "/admin/",
        "/accounts/password/change/",
    ],
)
def test_all_others_lead_to_the_notices(held: Client, ben: User, address: str) -> None:
    response = held.get(address)
    assert (response.status_code, response.headers["Location"]) == (302, "/notices/")


def test_the_notices_say_until_when(held: Client) -> None:
    page = words_of(held.get("/notices/"))
    assert "Your account is suspended until tomorrow at" in page


def test_a_post_does_nothing_and_says_so(held: Client, ada: User, ben: User) -> None:
    response = held.post("/people/ben_near/block/")
    assert response.status_code == 403
    page = words_of(response)
    assert "Nothing was done" in page
    assert "/notices/" in response.content.decode()
    assert not Block.objects.exists()
    held.post("/settings/privacy/", {"action": "pause"})
    ada.refresh_from_db()
    assert ada.paused_at is None


def test_a_part_of_a_page_is_led_away_whole(held: Client) -> None:
    response = held.get("/messages/ben_near/new/", headers={"HX-Request": "true"})
    assert response.headers["HX-Redirect"] == "/notices/"
    posted = held.post("/people/ben_near/block/", headers={"HX-Request": "true"})
    assert posted.headers["HX-Redirect"] == "/notices/"
    assert not Block.objects.exists()


def test_one_can_sign_out_and_in_again(held: Client, ada: User) -> None:
    assert held.post("/accounts/logout/").status_code == 302
    assert "_auth_user_id" not in held.session
    data = {"login": ada.username, "password": "a long password"}
    response = held.post("/accounts/login/", data, follow=True)
    assert response.redirect_chain[-1] == ("/notices/", 302)
    ada.refresh_from_db()
    assert ada.is_active


def test_nobody_else_is_led_anywhere(client: Client, held: Client, ben: User) -> None:
    held.logout()
    assert client.get("/about/").status_code == 200
    client.force_login(ben)
    assert client.get("/settings/blocked/").status_code == 200


# --- The end --------------------------------------------------------------


def test_ones_own_next_request_ends_it(as_ada: Client, ada: User, ben: User) -> None:
    _suspend(ada, timedelta(seconds=-1))
    assert as_ada.get("/settings/blocked/").status_code == 200
    ada.refresh_from_db()
    assert ada.suspended_until is None
    assert ada in people_visible_to(ben)


@pytest.mark.parametrize("field", ["suspended_until", "limited_until"])
def test_the_task_ends_what_is_over(
    ada: User, ben: User, field: str, caplog: pytest.LogCaptureFixture
) -> None:
    _suspend(ada, timedelta(seconds=-1), field)
    _suspend(ben, timedelta(hours=1), field)
    with caplog.at_level(logging.INFO, logger="social.services.suspensions"):
        lift_suspensions_task()
    ada.refresh_from_db()
    ben.refresh_from_db()
    assert getattr(ada, field) is None
    assert f"about person {ada.public_id} is over" in caplog.text


def test_what_goes_on_is_left(ada: User, ben: User) -> None:
    User.objects.filter(pk=ada.pk).update(suspended_until=NOW + timedelta(seconds=1))
    assert services.suspensions_lift(now=NOW) == 0
    assert services.suspensions_lift(now=NOW + timedelta(seconds=1)) == 1
    assert services.suspensions_lift(now=NOW + timedelta(seconds=1)) == 0


def test_the_boards_have_them_back_at_once(
    as_ada: Client, community: list[User]
) -> None:
    ben = community[1]
    User.objects.filter(pk=ben.pk).update(suspended_until=NOW)
    assert b"ben_near" not in as_ada.get("/matches/").content
    services.suspensions_lift(now=NOW)
    assert b"ben_near" in as_ada.get("/matches/").content


def test_it_costs_no_query_of_its_own(as_ada: Client, settings: Any) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as done:
            as_ada.get("/about/")
        return len(done)

    queries()
    with_it = queries()
    name = "social.middleware.SuspensionMiddleware"
    settings.MIDDLEWARE = [m for m in settings.MIDDLEWARE if m != name]
    as_ada.handler.load_middleware()
    assert queries() == with_it
