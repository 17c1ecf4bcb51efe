"""Limits of signing in: behind a proxy, at every door, and for each name."""

from typing import Any

import pytest
from django.contrib.auth.hashers import MD5PasswordHasher
from django.test import Client

from accounts.models import User
from tests.conftest import HOST

LOGIN, ADMIN = "/accounts/login/", "/admin/login/"
pytestmark = pytest.mark.django_db


def guess(client: Client, number: int, **headers: str) -> Any:
    fields = {"login": f"guess{number}", "password": "x"}
    return client.post(LOGIN, fields, **headers)


def is_stopped(page: Any) -> bool:
    return page.status_code == 429 or "Too many attempts" in page.content.decode()


def tries(client: Client, forwarded: Any, times: int = 14) -> list[bool]:
    """Guess for other names each time: only the place can be counted."""
    return [
        is_stopped(guess(client, n, HTTP_X_FORWARDED_FOR=forwarded(n)))
        for n in range(times)
    ]


def test_who_forges_the_header_is_counted_as_one(client: Client, settings: Any) -> None:
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 1
    # The proxy writes the last address; what stands before it is the visitor's own.
    stopped = tries(client, lambda n: f"10.0.0.{n}, 192.0.2.7")
    assert stopped[-1]
    # Another visitor behind the same proxy goes on.
    assert not is_stopped(guess(client, 99, HTTP_X_FORWARDED_FOR="192.0.2.8"))


def test_behind_two_proxies(client: Client, settings: Any) -> None:
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 2
    assert tries(client, lambda n: f"10.0.0.{n}, 192.0.2.7, 198.51.100.1")[-1]
    other = "192.0.2.8, 198.51.100.1"
    assert not is_stopped(guess(client, 99, HTTP_X_FORWARDED_FOR=other))


def test_without_a_proxy_the_header_means_nothing(
    client: Client, settings: Any
) -> None:
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 0
    assert tries(client, lambda n: f"192.0.2.{n}")[-1]


def test_one_name_is_guarded_wherever_one_guesses_from(
    client: Client, settings: Any
) -> None:
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 1
    fields = {"login": "ada", "password": "x"}
    pages = [
        client.post(LOGIN, fields, HTTP_X_FORWARDED_FOR=f"192.0.2.{n}")
        for n in range(7)
    ]
    assert [is_stopped(page) for page in pages] == [False] * 5 + [True] * 2


def test_an_address_that_is_none_is_turned_away(client: Client, settings: Any) -> None:
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 1
    page = guess(client, 1, HTTP_X_FORWARDED_FOR="no address at all")
    assert page.status_code == 403


@pytest.mark.parametrize("name", ["ada", "by_spotify", "nobody_at_all"])
def test_no_name_is_told_by_the_time_it_takes(
    client: Client, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """A password is hashed as often for a name that there is not."""
    User.objects.create_user("ada", password="correct horse")
    User.objects.create_user("by_spotify", password=None)
    hashed = []
    encode = MD5PasswordHasher.encode

    def counting(self: MD5PasswordHasher, password: str, salt: str) -> str:
        hashed.append(salt)
        return encode(self, password, salt)

    monkeypatch.setattr(MD5PasswordHasher, "encode", counting)
    client.post(LOGIN, {"login": name, "password": "a guess"})
    assert len(hashed) == 2


# --- The admin site --------------------------------------------------------


@pytest.fixture
def root(db: None) -> User:
    return User.objects.create_superuser("root-login", password="correct horse")


def test_the_admin_has_no_door_of_its_own(client: Client, root: User) -> None:
    asked = client.get("/admin/", follow=True)
    assert asked.redirect_chain[-1][0] == f"{LOGIN}?next=%2Fadmin%2F"
    # What is sent to the old door is looked at by nobody.
    fields = {"username": "root-login", "password": "correct horse"}
    answer = client.post(ADMIN, fields)
    assert answer.headers["Location"].startswith(LOGIN)
    assert "_auth_user_id" not in client.session
    fields = {"login": "root-login", "password": "correct horse", "next": "/admin/"}
    assert client.post(LOGIN, fields).headers["Location"] == "/admin/"
    assert client.get("/admin/").status_code == 200


def test_guessing_the_operators_password_ends(client: Client, root: User) -> None:
    def at(door: str) -> Any:
        fields = {"login": "root-login", "username": "root-login", "password": "x"}
        return client.post(door, fields, follow=True)

    for _ in range(6):
        at(ADMIN)
        at(LOGIN)
    assert is_stopped(at(LOGIN))
    fields = {"login": "root-login", "password": "correct horse"}
    client.post(LOGIN, fields)
    assert "_auth_user_id" not in client.session


def test_the_admins_own_form_for_passwords_is_ours(client: Client, root: User) -> None:
    client.force_login(root)
    answer = client.post("/admin/password_change/", {"old_password": "a guess"})
    assert answer.headers["Location"] == "/accounts/password/change/"
    fields = {"oldpassword": "a guess", "password1": "x" * 12, "password2": "x" * 12}
    pages = [client.post("/accounts/password/change/", fields) for _ in range(7)]
    assert [page.status_code for page in pages] == [200] * 5 + [429] * 2


def test_others_are_not_let_in(ada: User) -> None:
    client = Client(HTTP_HOST=HOST)
    client.force_login(ada)
    assert client.get("/admin/", follow=True).status_code == 403
