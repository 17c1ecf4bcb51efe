"""From localhost to 127.0.0.1, and one page for every 404."""

from typing import Any

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory

from musicmatch.middleware import LoopbackHostMiddleware


def answered(request: HttpRequest) -> HttpResponse:
    return LoopbackHostMiddleware(lambda _: HttpResponse("passed"))(request)


@pytest.mark.parametrize(
    ("host", "path", "place"),
    [
        ("localhost", "/", "http://127.0.0.1/"),
        ("localhost:8000", "/", "http://127.0.0.1:8000/"),
        ("LocalHost:8000", "/about/", "http://127.0.0.1:8000/about/"),
        ("localhost.:8000", "/", "http://127.0.0.1:8000/"),
        ("localhost:80", "/a/?q=x%20y&p=2", "http://127.0.0.1:80/a/?q=x%20y&p=2"),
        ("localhost", "/people/liz", "http://127.0.0.1/people/liz"),
    ],
)
@pytest.mark.parametrize("method", ["get", "head"])
def test_localhost_is_sent_on(
    rf: RequestFactory, method: str, host: str, path: str, place: str
) -> None:
    response = answered(getattr(rf, method)(path, HTTP_HOST=host))
    assert (response.status_code, response.headers["Location"]) == (302, place)


def test_nobody_is_sent_to_another_host(rf: RequestFactory) -> None:
    request = rf.get("/", HTTP_HOST="localhost")
    request.path = "//evil.example/"
    place = answered(request).headers["Location"]
    assert place.startswith("http://127.0.0.1/")


@pytest.mark.parametrize(
    ("method", "host", "path"),
    [
        ("get", "127.0.0.1:8000", "/"),
        ("get", "[::1]:8000", "/"),
        ("get", "[::1]", "/"),
        ("post", "localhost:8000", "/accounts/spotify/login/"),
        ("get", "localhost:8000", "/healthz"),
        ("head", "localhost:8000", "/readyz"),
    ],
)
def test_everything_else_passes(
    rf: RequestFactory, method: str, host: str, path: str
) -> None:
    request = getattr(rf, method)(path, HTTP_HOST=host)
    assert answered(request).content == b"passed"


def test_a_public_site_passes(rf: RequestFactory, settings: Any) -> None:
    settings.ALLOWED_HOSTS = ["localhost.example"]
    request = rf.get("/", HTTP_HOST="localhost.example")
    assert answered(request).content == b"passed"


@pytest.mark.django_db
def test_the_sign_in_page_is_reached_at_127(client: Client) -> None:
    response = client.get("/accounts/login/", HTTP_HOST="localhost:8000")
    assert response.headers["Location"] == "http://127.0.0.1:8000/accounts/login/"
    assert client.get("/accounts/login/").status_code == 200


def test_an_unknown_host_is_a_bad_request(client: Client) -> None:
    assert client.get("/", HTTP_HOST="evil.example").status_code == 400


@pytest.mark.django_db
@pytest.mark.parametrize("is_debug", [True, False])
def test_every_404_is_one_page(client: Client, settings: Any, is_debug: bool) -> None:
    settings.DEBUG = is_debug
    missing = client.get("/no/such/page/")
    other = client.get("/accounts/spotify/login/")
    assert missing.status_code == other.status_code == 404
    assert missing.content == other.content


def test_a_null_byte_in_a_cookie_is_no_session(db: None, client: Client) -> None:
    cookie = 'sessionid="abcdefgh\\000"'
    response = client.get("/taste/", headers={"cookie": cookie})
    assert response.status_code == 302
    assert response.headers["Location"].startswith("/accounts/login/")
