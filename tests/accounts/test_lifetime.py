"""When a session ends, and what ends all of them."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import timezone

from accounts import lifetime
from accounts.models import User
from tests.accounts.conftest import Visitor
from tests.conftest import HOST

PASSWORD = "correct horse battery"
HERE = "/settings/profile/"
CHANGE = "/accounts/password/change/"
pytestmark = pytest.mark.django_db


@pytest.fixture
def person(ada: User) -> User:
    ada.set_password(PASSWORD)
    ada.save()
    return ada


def device(person: User) -> Client:
    client = Client(HTTP_HOST=HOST)
    client.force_login(person)
    assert is_in(client)
    return client


def is_in(client: Client) -> bool:
    return bool(client.get(HERE).status_code == 200)


def age(client: Client, **by: float) -> None:
    session = client.session
    moment = (timezone.now() - timedelta(**by)).timestamp()
    session["signed_in_at"] = session["seen_at"] = moment
    session.save()


@pytest.mark.parametrize(("days", "stays"), [(29.9, True), (30.1, False)])
def test_a_session_ends_after_a_month(person: User, days: float, stays: bool) -> None:
    client = device(person)
    age(client, days=days)
    assert is_in(client) is stays
    assert (SESSION_KEY in client.session) is stays


@pytest.mark.parametrize(("hours", "stays"), [(11.9, True), (12.1, False)])
def test_who_may_work_in_the_admin_signs_in_every_day(
    person: User, hours: float, stays: bool
) -> None:
    User.objects.update(is_staff=True)
    client = device(person)
    age(client, hours=hours)
    assert is_in(client) is stays


def test_a_visit_prolongs_a_session_once_a_day(person: User, settings: Any) -> None:
    client = device(person)
    soon = timezone.now() + timedelta(days=3)
    Session.objects.update(expire_date=soon)
    client.get(HERE)
    assert Session.objects.get().expire_date == soon
    age(client, days=2)
    Session.objects.update(expire_date=soon)
    answer = client.get(HERE)
    left = Session.objects.get().expire_date - timezone.now()
    assert left > timedelta(seconds=settings.SESSION_COOKIE_AGE - 60)
    # The browser hears of it as well.
    cookie = answer.cookies[settings.SESSION_COOKIE_NAME]
    assert int(cookie["max-age"]) == settings.SESSION_COOKIE_AGE == 14 * 86_400


def test_a_session_nobody_used_is_over(person: User) -> None:
    client = device(person)
    Session.objects.update(expire_date=timezone.now() - timedelta(seconds=1))
    assert not is_in(client)


def test_a_session_of_before_is_dated_when_seen(person: User) -> None:
    client = device(person)
    session = client.session
    del session["signed_in_at"], session["seen_at"]
    session.save()
    assert is_in(client)
    assert "signed_in_at" in client.session


def test_a_new_password_ends_every_other_session(person: User) -> None:
    mine, other = device(person), device(person)
    before = mine.session.session_key
    fields = {"oldpassword": PASSWORD}
    fields["password1"] = fields["password2"] = "another long sentence"
    assert mine.post(CHANGE, fields).status_code == 302
    assert is_in(mine)
    assert not is_in(other)
    assert mine.session.session_key != before
    assert not Session.objects.filter(session_key=before).exists()


def test_a_reset_password_ends_every_session(
    person: User, client: Client, mailoutbox: list[Any]
) -> None:
    person.email = "ada@example.org"
    person.save()
    old = device(person)
    client.post("/accounts/password/reset/", {"email": "ada@example.org"})
    address = next(w for w in mailoutbox[0].body.split() if "/key/" in w)
    page = client.get(address.partition("8000")[2], follow=True)
    fields = {"password1": "another long sentence"}
    fields["password2"] = fields["password1"]
    client.post(page.redirect_chain[-1][0], fields)
    assert User.objects.get(pk=person.pk).check_password("another long sentence")
    assert not is_in(old)
    # Whoever reset it is told, and signs in anew.
    assert not is_in(client)


def test_signing_out_everywhere_else(person: User) -> None:
    mine, other = device(person), device(person)
    before = mine.session.session_key
    answer = mine.post("/settings/sessions/end/", follow=True)
    assert "signed out everywhere but here" in answer.content.decode()
    assert is_in(mine)
    assert mine.session.session_key != before
    assert not is_in(other)
    # Signing in later is no session of before.
    assert is_in(device(User.objects.get(pk=person.pk)))


def test_a_clock_that_is_late_lets_people_in(person: User) -> None:
    ahead = timezone.now() + timedelta(hours=1)
    lifetime.sessions_end_now(person=person, now=ahead)
    assert is_in(device(User.objects.get(pk=person.pk)))


def test_signing_out_everywhere_is_offered(person: User) -> None:
    assert "Sign out everywhere else" in device(person).get(CHANGE).content.decode()
    person.set_unusable_password()
    person.save()
    page = device(person).get("/accounts/password/set/").content.decode()
    assert "Sign out everywhere else" in page


def test_an_operator_ends_the_sessions_of_somebody(person: User, ben: User) -> None:
    theirs, others = device(person), device(ben)
    root = User.objects.create_superuser("root-login", password="x")
    data = {"action": "end_sessions", "_selected_action": [person.pk]}
    operator = device(root)
    page = operator.post("/admin/accounts/user/", data).content.decode()
    assert "Every session of these people ends at once." in page
    assert is_in(theirs)
    data["confirmed"] = "yes"
    page = operator.post("/admin/accounts/user/", data, follow=True)
    assert "Every session of these people is over" in page.content.decode()
    assert not is_in(theirs)
    assert is_in(others)


def test_signing_in_makes_another_session(person: User, client: Client) -> None:
    client.get("/accounts/login/")
    session = client.session
    session["something"] = "kept by an attacker"
    session.save()
    client.cookies["sessionid"] = before = session.session_key
    fields = {"login": person.username, "password": PASSWORD}
    assert client.post("/accounts/login/", fields).status_code == 302
    assert is_in(client)
    assert client.session.session_key != before
    assert not Session.objects.filter(session_key=before).exists()


def test_a_session_of_nobody_is_short(person: User, client: Client) -> None:
    client.get("/accounts/logout/")
    fields = {"login": person.username, "password": PASSWORD}
    client.post("/accounts/login/", fields)
    client.post("/accounts/logout/")
    # It holds the message that says so.
    left = Session.objects.get().expire_date - timezone.now()
    assert timedelta(hours=11) < left < timedelta(hours=13)
    client.post("/accounts/login/", fields)
    left = Session.objects.get().expire_date - timezone.now()
    assert left > timedelta(days=13)


def test_on_the_way_to_spotify_a_session_is_short(visitor: Visitor) -> None:
    address = visitor.leave()
    left = Session.objects.get().expire_date - timezone.now()
    assert left < timedelta(hours=13)
    visitor.come_back(visitor.choose(address, "listener=marisol"))
    assert visitor.person
    left = Session.objects.get().expire_date - timezone.now()
    assert left > timedelta(days=13)


def test_signing_out_deletes_the_session(person: User) -> None:
    client = device(person)
    before = client.session.session_key
    client.post("/accounts/logout/")
    assert not Session.objects.filter(session_key=before).exists()
    client.cookies["sessionid"] = before
    assert not is_in(client)


def test_who_is_switched_off_is_out_at_once(person: User) -> None:
    client = device(person)
    User.objects.update(is_active=False)
    assert not is_in(client)


def test_the_first_minutes_are_new(person: User, rf: Any) -> None:
    request = rf.get("/")
    request.session = device(person).session
    now = timezone.now()
    assert lifetime.is_new(request, now=now)
    assert not lifetime.is_new(request, now=now + timedelta(minutes=16))
