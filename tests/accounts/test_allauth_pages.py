"""The pages allauth answers with our templates, inside and outside."""

import pytest
from allauth.socialaccount.models import SocialAccount
from django.test import Client

from accounts.models import SpotifyGrant, User
from tests.accounts.conftest import Visitor

OPEN = [
    "/accounts/login/",
    "/accounts/signup/",
    "/accounts/inactive/",
    "/accounts/password/reset/",
    "/accounts/password/reset/done/",
    "/accounts/password/reset/key/1-set-password/",
    "/accounts/password/reset/key/done/",
    "/accounts/confirm-email/nonsense/",
    "/accounts/3rdparty/login/cancelled/",
    "/accounts/3rdparty/signup/",
]
INSIDE = [
    "/accounts/email/",
    "/accounts/logout/",
    "/accounts/password/change/",
    "/accounts/reauthenticate/",
]


@pytest.mark.django_db
@pytest.mark.parametrize("path", OPEN)
def test_open_pages(client: Client, path: str) -> None:
    page = client.get(path, follow=True)
    assert page.status_code == 200
    assert "<h1>" in page.content.decode()


@pytest.mark.parametrize("path", INSIDE)
def test_pages_of_someone_inside(client: Client, ada: User, path: str) -> None:
    client.force_login(ada)
    page = client.get(path, follow=True)
    assert page.status_code == 200
    assert "<h1>" in page.content.decode()


def test_who_came_by_spotify_can_set_a_password(visitor: Visitor) -> None:
    visitor.sign_in("marisol")
    page = visitor.client.get("/accounts/password/change/", follow=True)
    assert page.redirect_chain == [("/accounts/password/set/", 302)]
    fields = {"password1": "correct horse battery"}
    fields["password2"] = fields["password1"]
    assert visitor.client.post("/accounts/password/set/", fields).status_code == 302
    assert visitor.person
    assert visitor.person.has_usable_password()


def test_allauth_cannot_disconnect_half_of_it(visitor: Visitor, ada: User) -> None:
    visitor.client.force_login(ada)
    visitor.sign_in("marisol", "?process=connect")
    account = SocialAccount.objects.get()
    response = visitor.client.post("/accounts/3rdparty/", {"account": account.pk})
    assert response.headers["Location"] == "/sources/"
    assert SocialAccount.objects.get() == account
    assert SpotifyGrant.objects.exists()
