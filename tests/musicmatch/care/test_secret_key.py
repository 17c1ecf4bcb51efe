"""What the secret key signs holds for as long as the host keeps it among the former."""

from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.test import Client
from django.urls import reverse

from accounts.models import User
from accounts.sessions import sessions_end
from musicmatch.keys import listed
from tests.conftest import HOST

AFTER = "the key that a host made after it"


@pytest.fixture
def signed_in(ada: User) -> Client:
    client = Client(HTTP_HOST=HOST)
    client.force_login(ada)
    return client


def rotate(settings: Any, *, keeps: bool) -> str:
    former: str = settings.SECRET_KEY
    settings.SECRET_KEY = AFTER
    settings.SECRET_KEY_FALLBACKS = [former] if keeps else []
    return former


def is_signed_in(client: Client) -> bool:
    return client.get(reverse("social:mail_choices")).status_code == 200


def test_a_session_goes_on_under_the_new_key(
    settings: Any, signed_in: Client, ada: User
) -> None:
    rotate(settings, keeps=True)
    assert is_signed_in(signed_in)
    # Meanwhile the session was signed anew: it no longer needs the former key.
    settings.SECRET_KEY_FALLBACKS = []
    assert is_signed_in(signed_in)


def test_a_session_ends_with_a_key_that_is_taken_away(
    settings: Any, signed_in: Client
) -> None:
    rotate(settings, keeps=False)
    answer = signed_in.get(reverse("social:mail_choices"))
    assert answer.status_code == 302
    assert answer.headers["Location"].startswith(reverse("account_login"))


def test_sessions_of_a_former_key_can_be_ended(
    settings: Any, signed_in: Client, ada: User
) -> None:
    rotate(settings, keeps=True)
    sessions_end([ada.pk])
    assert not Session.objects.exists()
    assert not is_signed_in(signed_in)


@pytest.mark.parametrize("keeps", [True, False])
def test_a_link_to_a_new_password(
    settings: Any, client: Client, ada: User, keeps: bool
) -> None:
    from allauth.account.forms import default_token_generator
    from allauth.account.utils import user_pk_to_url_str

    key = f"{user_pk_to_url_str(ada)}-{default_token_generator.make_token(ada)}"
    uid, _, token = key.partition("-")
    rotate(settings, keeps=keeps)
    address = reverse("account_reset_password_from_key", args=[uid, token])
    answer = client.get(address, follow=True)
    assert ("password1" in answer.content.decode()) is keeps


@pytest.mark.parametrize(
    ("text", "keys"),
    [("", []), ("one", ["one"]), ("one,two", ["one", "two"]), (" one ,\n", ["one"])],
)
def test_lists_of_keys_may_end_with_a_line_break(text: str, keys: list[str]) -> None:
    assert listed(text) == keys
