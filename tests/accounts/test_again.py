"""What a stolen session cannot do: it does not know the password."""

from datetime import timedelta

import pytest
from allauth.account.models import EmailAddress
from django.test import Client
from django.utils import timezone

from accounts.models import SpotifyGrant, User
from tests.accounts.conftest import Visitor

PASSWORD = "correct horse battery"
AGAIN = "/accounts/reauthenticate/"
EMAIL = "/accounts/email/"
ADDING = {"action_add": "", "email": "thief@example.org"}
pytestmark = pytest.mark.django_db


def an_hour_later(client: Client) -> None:
    session = client.session
    earlier = (timezone.now() - timedelta(hours=1)).timestamp()
    session["signed_in_at"] = earlier
    session.save()


@pytest.fixture
def late(client: Client, ada: User) -> Client:
    """Somebody who signed in an hour ago."""
    ada.set_password(PASSWORD)
    ada.save()
    client.force_login(ada)
    an_hour_later(client)
    return client


@pytest.mark.parametrize(
    ("address", "data"),
    [
        (EMAIL, ADDING),
        ("/settings/sessions/end/", {}),
        ("/accounts/spotify/login/?process=connect", {}),
    ],
)
def test_the_password_is_asked_for(
    late: Client, standin: object, address: str, data: dict[str, str]
) -> None:
    answer = late.post(address, data)
    assert answer.headers["Location"].startswith(f"{AGAIN}?next=")
    assert not EmailAddress.objects.exists()


def test_with_the_password_what_was_sent_goes_on(late: Client) -> None:
    asked = late.post(EMAIL, ADDING).headers["Location"]
    before = late.session.session_key
    late.post(asked, {"password": PASSWORD})
    assert EmailAddress.objects.get().email == "thief@example.org"
    assert late.session.session_key != before
    # For some minutes it is not asked for again.
    late.post(EMAIL, {**ADDING, "email": "ada@example.org"})
    assert EmailAddress.objects.count() == 2


def test_a_wrong_password_changes_nothing(late: Client) -> None:
    asked = late.post(EMAIL, ADDING).headers["Location"]
    page = late.post(asked, {"password": "a guess"})
    assert "This is not your password" in page.content.decode()
    assert not EmailAddress.objects.exists()


def test_right_after_signing_in_nobody_is_asked(client: Client, ada: User) -> None:
    client.force_login(ada)
    client.post(EMAIL, ADDING)
    assert EmailAddress.objects.exists()


def test_looking_is_free(late: Client) -> None:
    assert late.get(EMAIL).status_code == 200


def test_without_a_password_one_signs_in_again(visitor: Visitor) -> None:
    visitor.sign_in("marisol")
    an_hour_later(visitor.client)
    fields = {"password1": "a long sentence", "password2": "a long sentence"}
    answer = visitor.client.post("/accounts/password/set/", fields, follow=True)
    assert answer.redirect_chain[0][0].startswith("/accounts/login/?next=")
    assert "Sign in once more" in answer.content.decode()
    assert not User.objects.get().has_usable_password()
    assert visitor.person is None
    visitor.sign_in("marisol")
    visitor.client.post("/accounts/password/set/", fields)
    assert User.objects.get().has_usable_password()


def test_changes_are_told_to_the_address_one_had(
    late: Client, ada: User, mailoutbox: list[object]
) -> None:
    EmailAddress.objects.create(
        user=ada, email="ada@example.org", primary=True, verified=True
    )
    fields = {"oldpassword": PASSWORD}
    fields["password1"] = fields["password2"] = "another long sentence"
    late.post("/accounts/password/change/", fields)
    (letter,) = mailoutbox
    assert letter.to == ["ada@example.org"]  # type: ignore[attr-defined]
    assert "password has been changed" in letter.body  # type: ignore[attr-defined]


def test_a_mail_that_cannot_be_sent_stops_nothing(
    late: Client, ada: User, settings: object, caplog: pytest.LogCaptureFixture
) -> None:
    EmailAddress.objects.create(user=ada, email="ada@example.org", primary=True)
    # Nothing listens there.
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"  # type: ignore[attr-defined]
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 9  # type: ignore[attr-defined]
    fields = {"oldpassword": PASSWORD}
    fields["password1"] = fields["password2"] = "another long sentence"
    assert late.post("/accounts/password/change/", fields).status_code == 302
    assert User.objects.get(pk=ada.pk).check_password("another long sentence")
    assert "could not be sent" in caplog.text
    assert "ada@example.org" not in caplog.text


def test_connecting_goes_on_after_the_password(visitor: Visitor, ada: User) -> None:
    ada.set_password(PASSWORD)
    ada.save()
    visitor.client.force_login(ada)
    an_hour_later(visitor.client)
    asked = visitor.client.post("/accounts/spotify/login/?process=connect")
    answer = visitor.client.post(asked.headers["Location"], {"password": PASSWORD})
    # The page that asks whether to go there, and goes there for the same end.
    place = answer.headers["Location"]
    assert place == "/accounts/spotify/login/?process=connect"
    page = visitor.client.get(place).content.decode()
    # Its form leads to the page's own address, with what it is for.
    assert "<h1>Connect Spotify</h1>" in page
    assert '<form method="post">' in page
    visitor.sign_in("marisol", "?process=connect")
    assert SpotifyGrant.objects.get().person == ada
