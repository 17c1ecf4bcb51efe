"""Accounts with a user name and a password."""

from typing import Any

import pytest
from django.core import mail
from django.test import Client

from accounts.models import User

PASSWORD = "correct horse battery"
SIGNUP, LOGIN, LOGOUT = "/accounts/signup/", "/accounts/login/", "/accounts/logout/"
pytestmark = pytest.mark.django_db


def sign_up(client: Client, **fields: str) -> Any:
    given = {"username": "marie", "password1": PASSWORD, "password2": PASSWORD}
    return client.post(SIGNUP, {**given, **fields})


def sign_in(client: Client, **fields: str) -> Any:
    return client.post(LOGIN, {"login": "marie", "password": PASSWORD, **fields})


def signed_in(client: Client) -> bool:
    return "_auth_user_id" in client.session


@pytest.mark.parametrize("email", ["", "marie@example.org"])
def test_sign_up(client: Client, email: str) -> None:
    response = sign_up(client, email=email)
    assert response.headers["Location"] == "/"
    assert signed_in(client)
    person = User.objects.get()
    assert (person.username, person.email) == ("marie", email)
    assert person.origin == User.Origin.SIGNED_UP
    assert (person.handle, person.joined_at) == (None, None)
    assert client.get("/", follow=True).redirect_chain == [("/welcome/", 302)]
    assert mail.outbox == []


@pytest.mark.parametrize(
    "fields",
    [
        {"username": ""},
        {"username": "ab"},
        {"username": "Marie Curie"},
        {"username": "taken"},
        {"username": "TAKEN"},
        {"email": "not an address"},
        {"email": "taken@example.org"},
        {"email": "Taken@Example.org"},
        {"password2": "something else"},
        {"password1": "12345678", "password2": "12345678"},
        {"password1": "password", "password2": "password"},
    ],
)
def test_a_sign_up_that_is_refused_says_why(
    client: Client, fields: dict[str, str]
) -> None:
    sign_up(client, username="taken", email="taken@example.org")
    client.logout()
    page = sign_up(client, **fields)
    assert page.status_code == 200
    assert page.context["form"].errors
    assert "aria-describedby" in page.content.decode()
    assert User.objects.count() == 1
    assert not signed_in(client)


def test_sign_in_and_out(client: Client) -> None:
    sign_up(client)
    assert client.get(LOGOUT).status_code == 200
    assert signed_in(client)
    assert client.post(LOGOUT).headers["Location"] == "/"
    assert not signed_in(client)
    assert sign_in(client).headers["Location"] == "/"
    assert signed_in(client)


def test_no_page_speaks_of_success(client: Client) -> None:
    sign_up(client)
    client.post(LOGOUT)
    sign_in(client)
    page = client.get("/welcome/").content.decode().lower()
    assert "successful" not in page


@pytest.mark.parametrize(
    "fields", [{"password": "wrong"}, {"login": "nobody"}, {"login": ""}]
)
def test_a_sign_in_that_is_refused(client: Client, fields: dict[str, str]) -> None:
    sign_up(client)
    client.logout()
    page = sign_in(client, **fields)
    assert page.status_code == 200
    assert page.context["form"].errors
    assert not signed_in(client)


def test_an_unknown_name_and_a_wrong_password_look_the_same(client: Client) -> None:
    sign_up(client)
    client.logout()
    wrong = sign_in(client, password="wrong").context["form"].errors
    unknown = sign_in(client, login="nobody").context["form"].errors
    assert wrong == unknown


def test_a_handle_or_an_address_does_not_sign_in(client: Client) -> None:
    sign_up(client, email="marie@example.org")
    User.objects.update(handle="radium")
    client.logout()
    for login in ("radium", "marie@example.org"):
        sign_in(client, login=login)
        assert not signed_in(client)


def test_guessing_ends_with_a_page_in_words(client: Client) -> None:
    sign_up(client)
    client.logout()
    pages = [sign_in(client, password=f"guess {n}") for n in range(12)]
    assert "Too many attempts" in pages[-1].content.decode()
    sign_in(client)
    assert not signed_in(client)


def test_many_sign_ins_from_one_place_end_with_429(client: Client) -> None:
    pages = [sign_in(client, login=f"guess{n}") for n in range(40)]
    assert pages[-1].status_code == 429
    assert "That was a lot at once" in pages[-1].content.decode()


def test_after_signing_in_one_is_where_one_wanted_to_be(client: Client) -> None:
    sign_up(client)
    client.logout()
    asked = client.get("/sources/")
    assert asked.headers["Location"] == "/accounts/login/?next=/sources/"
    assert sign_in(client, next="/sources/").headers["Location"] == "/sources/"


@pytest.mark.parametrize(
    "place", ["https://evil.example/", "//evil.example", "javascript:alert(1)"]
)
def test_nobody_is_sent_to_another_site(client: Client, place: str) -> None:
    sign_up(client)
    client.logout()
    assert sign_in(client, next=place).headers["Location"] == "/"


def test_a_suspended_person_stays_out(client: Client) -> None:
    sign_up(client)
    client.logout()
    User.objects.update(is_active=False)
    sign_in(client)
    assert not signed_in(client)


def test_a_closed_site_takes_nobody_new(client: Client, settings: Any) -> None:
    sign_up(client)
    client.logout()
    settings.REGISTRATION = "closed"
    assert "New accounts are closed" in client.get(SIGNUP).content.decode()
    page = sign_up(client, username="pierre")
    assert "New accounts are closed" in page.content.decode()
    assert User.objects.count() == 1
    sign_in(client)
    assert signed_in(client)


def test_a_forgotten_password(client: Client) -> None:
    sign_up(client, email="marie@example.org")
    client.logout()
    for address in ("marie@example.org", "nobody@example.org"):
        response = client.post("/accounts/password/reset/", {"email": address})
        assert response.headers["Location"] == "/accounts/password/reset/done/"
    letter = next(m for m in mail.outbox if m.to == ["marie@example.org"])
    assert "http://127.0.0.1:8000/accounts/password/reset/key/" in letter.body
