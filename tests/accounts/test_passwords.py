"""Which passwords are taken, and which are not."""

import pytest
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.test import Client

from accounts.models import User
from accounts.passwords import LONGEST

pytestmark = pytest.mark.django_db


def person() -> User:
    return User(username="marie_curie", email="sklodowska@example.org")


@pytest.mark.parametrize(
    "password",
    [
        "correct horse battery",
        "8302719465",
        "ÄÖÜ äöü ß – ☃ 🎷",
        "aaaaabbbbbccccc",
        "the music of my youth in 1998",
        "x" * 64,
        " leading and trailing ",
        "y" * LONGEST,
    ],
)
def test_taken(password: str) -> None:
    validate_password(password, person())


@pytest.mark.parametrize(
    "password",
    [
        "nine char",
        "1234567890",
        "qwertyuiop",
        "marie_curie1",
        "sklodowska1",
        "Musicmatch!",
        "musicmatch2026",
        "spotify-music-1",
        "Password-Music",
        "y" * (LONGEST + 1),
    ],
)
def test_refused(password: str) -> None:
    with pytest.raises(ValidationError):
        validate_password(password, person())


def test_no_letter_of_a_password_is_lost(client: Client) -> None:
    password = "  Ünïcode and two spaces at both ends  "
    fields = {"username": "marie", "password1": password, "password2": password}
    assert client.post("/accounts/signup/", fields).status_code == 302
    assert User.objects.get().check_password(password)
    client.post("/accounts/logout/")
    client.post("/accounts/login/", {"login": "marie", "password": password.strip()})
    assert "_auth_user_id" not in client.session
    client.post("/accounts/login/", {"login": "marie", "password": password})
    assert "_auth_user_id" in client.session
