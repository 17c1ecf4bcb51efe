"""What every answer tells a browser, and who may keep it."""

from pathlib import Path
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client, RequestFactory
from whitenoise.middleware import WhiteNoiseMiddleware

from accounts.models import User
from musicmatch import policies
from musicmatch.middleware import OriginMiddleware
from tests.musicmatch.test_production import start

PAGES = ["/", "/matches/", "/accounts/login/", "/admin/", "/no/such/page/", "/healthz"]
# What a host with TLS tells browsers, asked of the settings as they are then.
ASK = """
import django; django.setup()
from django.conf import settings
from django.http import HttpResponse
from django.middleware.csrf import CsrfViewMiddleware, get_token
from django.test import Client, RequestFactory
client = Client(HTTP_HOST="musicmatch.example", HTTP_X_FORWARDED_PROTO="https")
for name, value in client.get("/healthz").headers.items(): print(f"{name}: {value}")
def page(request): get_token(request); return HttpResponse()
answer = CsrfViewMiddleware(page)(RequestFactory().get("/"))
for cookie in answer.cookies.values(): print(cookie.output())
plain = Client(HTTP_HOST="musicmatch.example")
print("page", plain.get("/about/").headers["Location"])
print("probe", plain.get("/healthz").status_code)
print("names", settings.SESSION_COOKIE_NAME, settings.SESSION_COOKIE_HTTPONLY,
    settings.SESSION_COOKIE_SECURE, settings.SESSION_COOKIE_SAMESITE)
"""


def directives(answer: Any) -> dict[str, list[str]]:
    parts = answer.headers["Content-Security-Policy"].split(";")
    return {name: values for name, *values in (part.split() for part in parts)}


@pytest.fixture
def pages(client: Client, ada: User) -> list[Any]:
    outside = [client.get(path) for path in PAGES]
    User.objects.update(is_staff=True, is_superuser=True)
    client.force_login(ada)
    return [*outside, *(client.get(path) for path in PAGES)]


def test_the_policy_of_every_page_allows_nothing_unsafe(pages: list[Any]) -> None:
    for page in pages:
        policy = directives(page)
        assert policy["default-src"] == ["'none'"]
        for name in ("object-src", "base-uri", "frame-ancestors"):
            assert policy[name] == ["'none'"]
        for name in ("script-src", "style-src", "connect-src"):
            assert policy[name] == ["'self'"]
        assert policy["form-action"][0] == "'self'"
        assert "unsafe" not in page.headers["Content-Security-Policy"]
        assert "*" not in page.headers["Content-Security-Policy"]


def test_every_page_has_the_other_headers(pages: list[Any]) -> None:
    for page in pages:
        assert page.headers["X-Content-Type-Options"] == "nosniff"
        assert page.headers["X-Frame-Options"] == "DENY"
        assert page.headers["Referrer-Policy"] == "same-origin"
        assert page.headers["Cross-Origin-Opener-Policy"] == "same-origin"
        assert page.headers["Cross-Origin-Resource-Policy"] == "same-origin"
        assert page.headers["Cross-Origin-Embedder-Policy"] == "require-corp"
        assert "camera=()" in page.headers["Permissions-Policy"]
        assert "Access-Control-Allow-Origin" not in page.headers
        assert "; charset=utf-8" in page.headers["Content-Type"]


def test_no_feature_is_allowed_to_anyone() -> None:
    assert len(policies.PERMISSIONS) > 30
    assert not any(policies.PERMISSIONS.values())


def test_what_one_sees_signed_in_is_kept_by_nobody(client: Client, ada: User) -> None:
    assert "Cache-Control" not in client.get("/about/").headers
    # It sets a cookie.
    assert "no-store" in client.get("/accounts/login/").headers["Cache-Control"]
    client.force_login(ada)
    for path in ("/about/", "/matches/", "/settings/profile/", "/no/such/page/"):
        kept = client.get(path).headers["Cache-Control"]
        assert "no-store" in kept
        assert "private" in kept


def test_static_files_carry_the_headers_too(
    rf: RequestFactory, settings: Any, tmp_path: Path, db: None
) -> None:
    from csp.middleware import CSPMiddleware

    (tmp_path / "a.svg").write_text("<svg xmlns='http://www.w3.org/2000/svg'/>")
    settings.STATIC_ROOT = str(tmp_path)
    settings.WHITENOISE_AUTOREFRESH = settings.WHITENOISE_USE_FINDERS = False
    inner = WhiteNoiseMiddleware(lambda _: HttpResponse("missed"))
    answer = CSPMiddleware(OriginMiddleware(inner))(rf.get("/static/a.svg"))
    answer.close()
    assert answer.headers["Content-Type"].startswith("image/svg+xml")
    assert directives(answer)["script-src"] == ["'self'"]
    assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"


def test_files_come_after_the_headers_in_the_settings() -> None:
    from musicmatch.settings import MIDDLEWARE

    names = [name.rpartition(".")[2] for name in MIDDLEWARE]
    files = names.index("WhiteNoiseMiddleware")
    for name in ("SecurityMiddleware", "CSPMiddleware", "OriginMiddleware"):
        assert names.index(name) < files


def test_over_tls(tmp_path: Path) -> None:
    done = start(ASK, tmp_path, DJANGO_SETTINGS_MODULE="musicmatch.settings")
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    hsts = "max-age=31536000; includeSubDomains; preload"
    assert f"Strict-Transport-Security: {hsts}" in lines
    policy = next(line for line in lines if line.startswith("Content-Security-Policy"))
    assert "upgrade-insecure-requests" in policy
    cookie = next(line for line in lines if "Set-Cookie: __Host-csrftoken" in line)
    for part in ("Secure", "HttpOnly", "SameSite=Lax", "Path=/"):
        assert part in cookie
    assert "Domain" not in cookie
    assert "names __Host-sessionid True True Lax" in lines
    # A page leads on to TLS; a probe inside the machine is answered as it asks.
    assert "page https://musicmatch.example/about/" in lines
    assert "probe 200" in lines
