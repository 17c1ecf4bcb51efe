"""The site's own pages: the first one, what it is about, whether it is ready."""

from typing import Any

import pytest
from django.conf import settings as site_settings
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.test import Client, override_settings
from django.urls import include, path

from accounts.models import User
from accounts.throttle import SYNC_NOW, OverLimit
from tests.conftest import HOST, NOW
from tests.factories import make_user

# --- The first page -------------------------------------------------------


def test_a_stranger_sees_what_this_is(client: Client, db: None) -> None:
    response = client.get("/")
    assert response.status_code == 200
    page = response.content.decode()
    assert "Find people by the music you really listen to" in page
    assert "/accounts/signup/" in page
    assert "Continue with Spotify" not in page


def test_spotify_is_offered_where_it_is_set_up(
    client: Client, db: None, settings: Any
) -> None:
    settings.SPOTIFY_CLIENT_ID = "an id"
    assert b"Continue with Spotify" in client.get("/").content


def test_who_is_signed_in_goes_on(client: Client, ada: User) -> None:
    client.force_login(ada)
    assert client.get("/")["Location"] == "/matches/"
    client.force_login(make_user())
    assert client.get("/")["Location"] == "/welcome/"


@pytest.mark.parametrize("address", ["/about/", "/about/matching/", "/about/privacy/"])
def test_about_is_open_to_all(client: Client, ada: User, address: str) -> None:
    assert client.get(address).status_code == 200
    client.force_login(ada)
    assert client.get(address).status_code == 200
    assert client.post(address).status_code == 405


def test_the_example_on_the_first_page_adds_up(client: Client, db: None) -> None:
    for address in ("/", "/about/matching/"):
        page = client.get(address).content.decode()
        table = page[page.index('<table class="receipt">') : page.index("</table>")]
        body, foot = table.split("<tfoot>")
        cells = [part.split("</td>")[0] for part in body.split("<td>")[1:]]
        total = foot.split("<td>")[1].split("</td>")[0]
        assert round(sum(map(float, cells)), 1) == float(total)


def test_the_example_names_no_real_artist(client: Client, db: None) -> None:
    page = client.get("/about/matching/").content.decode()
    assert "made-up artists" in page


def test_the_style_guide_is_for_developers(
    client: Client, db: None, settings: Any
) -> None:
    settings.DEBUG = False
    assert client.get("/styleguide/").status_code == 404
    settings.DEBUG = True
    assert client.get("/styleguide/").status_code == 200


# --- Health ---------------------------------------------------------------


def test_healthz_asks_nothing(client: Client) -> None:
    response = client.get("/healthz")
    assert (response.status_code, response.content) == (200, b"ok\n")


# --- Error pages ----------------------------------------------------------


def _raise(request: HttpRequest, kind: str) -> HttpResponse:
    errors: dict[str, Exception] = {
        "400": SuspiciousOperation(),
        "403": PermissionDenied(),
        "429": OverLimit(SYNC_NOW, NOW),
        "500": ZeroDivisionError(),
    }
    raise errors[kind]


urlpatterns = [path("raise/<kind>/", _raise), path("", include("musicmatch.urls"))]

ERRORS = {
    "400": "We could not read that",
    "403": "This is not for you",
    "404": "Nothing here",
    "429": "That was a lot at once",
    "500": "Something broke on our side",
}


@pytest.mark.parametrize("kind", ERRORS)
@pytest.mark.parametrize("signed_in", [False, True])
def test_an_error_is_a_page_with_a_way_on(
    ada: User, kind: str, signed_in: bool, caplog: Any
) -> None:
    client = Client(HTTP_HOST=HOST, raise_request_exception=False)
    if signed_in:
        client.force_login(ada)
    address = "/no/such/page/" if kind == "404" else f"/raise/{kind}/"
    with override_settings(ROOT_URLCONF=__name__):
        response = client.get(address)
    page = response.content.decode()
    assert response.status_code == int(kind)
    assert f"<h1>{ERRORS[kind]}</h1>" in page
    assert 'href="/"' in page
    assert "ada_owner" not in page


def test_over_a_limit_the_page_says_which_and_until_when(client: Client) -> None:
    with override_settings(ROOT_URLCONF=__name__):
        page = client.get("/raise/429/").content.decode()
    assert SYNC_NOW.words in page
    assert NOW.isoformat() in page


def test_the_error_page_needs_nothing_but_itself() -> None:
    """500.html is rendered without a context when everything else is broken."""
    page = render_to_string("500.html")
    assert "Something broke on our side" in page


def test_a_form_that_is_too_old_is_a_page(ada: User) -> None:
    client = Client(HTTP_HOST=HOST, enforce_csrf_checks=True)
    client.force_login(ada)
    response = client.post("/people/ben_near/block/")
    assert response.status_code == 403
    assert b"This form is too old" in response.content


def test_every_page_asks_only_this_site(client: Client, community: list[User]) -> None:
    client.force_login(community[0])
    for address in ("/matches/", "/matches/ben_near/", "/people/ben_near/", "/about/"):
        response = client.get(address)
        assert "default-src 'none'" in response["Content-Security-Policy"]
        assert 'src="http' not in response.content.decode()
    assert site_settings.CSRF_COOKIE_SAMESITE == "Lax"
