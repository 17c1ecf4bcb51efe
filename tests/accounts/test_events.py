"""What the log says of accounts, and what it must not say."""

import logging
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts import throttle
from accounts.events import _CHANGES
from accounts.models import User
from tests.accounts.conftest import Visitor

PASSWORD = "correct horse battery"
NEW = "another long sentence"
EMAIL = "marie@example.org"
pytestmark = pytest.mark.django_db


@pytest.fixture
def said(caplog: pytest.LogCaptureFixture) -> Any:
    caplog.set_level(logging.INFO, logger="musicmatch.security")

    def lines() -> list[str]:
        return [r.getMessage() for r in caplog.records if "security" in r.name]

    return lines


def test_a_life_of_an_account(client: Client, said: Any, mailoutbox: list[Any]) -> None:
    fields = {"username": "marie", "password1": PASSWORD, "password2": PASSWORD}
    client.post("/accounts/signup/", {**fields, "email": EMAIL})
    pk = User.objects.get().pk
    change = {"oldpassword": PASSWORD, "password1": NEW, "password2": NEW}
    client.post("/accounts/password/change/", change)
    client.post("/accounts/email/", {"action_add": "", "email": "m@example.org"})
    client.post("/settings/sessions/end/")
    client.post("/accounts/reauthenticate/", {"password": "a guess"})
    client.post("/accounts/reauthenticate/", {"password": NEW})
    client.post("/accounts/logout/")
    client.post("/accounts/login/", {"login": "marie", "password": "wrong"})
    client.post("/accounts/login/", {"login": "somebody", "password": "wrong"})
    client.post("/accounts/login/", {"login": "marie", "password": NEW})
    text = "\n".join(said())
    for event in (
        f"made an account: person={pk}",
        f"signed in: person={pk} staff=False",
        f"changed the password: person={pk}",
        f"added an e-mail address: person={pk}",
        f"sessions are over: person={pk}",
        f"typed the password again: person={pk} right=False",
        f"typed the password again: person={pk} right=True",
        f"signed out: person={pk}",
        f"was not let in: person={pk}",
        "was not let in: person=nobody",
    ):
        assert event in text
    for secret in ("marie", "somebody", EMAIL, PASSWORD, NEW, "127.0.0.1"):
        assert secret not in text


def test_by_spotify_too(visitor: Visitor, said: Any) -> None:
    visitor.sign_in("marisol")
    assert f"signed in: person={User.objects.get().pk} staff=False" in said()


def test_a_limit_that_is_reached(client: Client, ada: User, said: Any) -> None:
    client.force_login(ada)
    for _ in range(throttle.EXPORT.times):
        throttle.spend(throttle.EXPORT, str(ada.pk), now=timezone.now())
    assert client.post("/settings/data/export/").status_code == 429
    assert f"reached a limit: person={ada.pk} limit=export" in said()


def test_every_change_has_a_listener() -> None:
    for signal in _CHANGES:
        names = [key[0] for key, *_ in signal.receivers]
        assert any("accounts.events" in str(name) for name in names)
