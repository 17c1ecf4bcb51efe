"""A real Chromium against a live server, with stand-ins for the services behind it."""

import os
import shutil
from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import pytest
from django.conf import settings as site_settings
from django.core.signals import setting_changed
from django.db import connection
from django.test import Client
from django.urls import reverse
from playwright.sync_api import Browser, BrowserContext, Page, expect

from accounts.models import User
from matching.services import index_rebuild
from musicmatch.standins.spotify import SpotifyStandin
from musicmatch.standins.together import Together
from tests.conftest import NOW, require_or_skip
from tests.factories import make_person, make_taste
from tests.stack.running import RunningStack

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome") or ""
_FLAGS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run"
    " --disable-background-networking --disable-component-update --disable-sync"
).split()
_SOON_MS = 60_000
_AGAIN_MS = 1_000
SHARED = ["Portishead", "Grouper", "Sade", "Burial", "Can", "Low", "Neu!", "Coil"]

# Playwright keeps an event loop in this thread; the ORM calls here are ordinary.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"


@pytest.fixture(scope="session", autouse=True)
def _chromium() -> None:
    require_or_skip(bool(CHROMIUM), "Chromium")


@pytest.fixture(scope="session")
def browser_type_launch_args(
    browser_type_launch_args: dict[str, Any], pytestconfig: pytest.Config
) -> Any:
    # The stack's proxy signs its own certificate.
    own = ["--ignore-certificate-errors"] if pytestconfig.getoption("--stack") else []
    args = [*_FLAGS, *own]
    return {**browser_type_launch_args, "executable_path": CHROMIUM, "args": args}


@pytest.fixture(scope="session")
def stack(
    django_db_setup: None, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningStack]:
    """The processes of ``make stack`` on the database of these tests."""
    require_or_skip(connection.vendor == "postgresql", "Postgres")
    # An import is a worker's: it is not done when the page of it comes.
    expect.set_options(timeout=_SOON_MS)
    running = RunningStack(tmp_path_factory.mktemp("stack"))
    setting_changed.connect(running.giver.hear)
    try:
        running.start()
        yield running
    finally:
        setting_changed.disconnect(running.giver.hear)
        running.stop()
    assert running.errors() == []


@pytest.fixture
def _awake(stack: RunningStack, transactional_db: None) -> Iterator[None]:
    """The stack is awake for one test, and asleep while the tables are emptied."""
    with stack.awake():
        yield


@pytest.fixture
def site(request: pytest.FixtureRequest, standin: SpotifyStandin, settings: Any) -> str:
    """The address of the site, where Spotify's sign-in works."""
    is_stack = request.config.getoption("--stack")
    server = request.getfixturevalue("stack" if is_stack else "live_server")
    policy = deepcopy(settings.CONTENT_SECURITY_POLICY)
    policy["DIRECTIVES"]["form-action"][-1] = standin.accounts_url
    # The stand-ins have no TLS to be sent to.
    policy["DIRECTIVES"].pop("upgrade-insecure-requests", None)
    settings.CONTENT_SECURITY_POLICY = policy
    url = str(server.url).replace("localhost", "127.0.0.1")
    standin.register_redirect(url + reverse("spotify_callback"))
    return url


@pytest.fixture
def doors(site: str, settings: Any) -> Iterator[Together]:
    """ListenBrainz and Last.fm with made-up people, and the site pointed at them."""
    with Together() as together:
        settings.LISTENBRAINZ_URL = together.origin
        settings.LASTFM_URL = f"{together.origin}/2.0/"
        settings.LASTFM_AUTH_URL = f"{together.origin}/api/auth/"
        settings.LASTFM_API_KEY = together.lastfm.api_key
        settings.LASTFM_SECRET = together.lastfm.secret
        policy = deepcopy(settings.CONTENT_SECURITY_POLICY)
        policy["DIRECTIVES"]["form-action"].append(together.origin)
        settings.CONTENT_SECURITY_POLICY = policy
        yield together


@pytest.fixture
def people(transactional_db: None) -> list[User]:
    """A dozen people with overlapping taste; the first one is looked through."""
    made = []
    for number in range(12):
        person = make_person(f"listener_{number}", country="NO" if number % 2 else "PT")
        person.set_password("a long password")
        person.save()
        start = number % 4
        make_taste(
            person,
            [*SHARED[start : start + 5], f"Own {number}", f"Other {number}"],
            genres=["trip hop", "ambient"],
        )
        made.append(person)
    index_rebuild(now=NOW)
    return made


# Scripts of tests are not bound by the policy they listen to.
_TELL_VIOLATIONS = """
addEventListener("securitypolicyviolation", (event) => tellViolation(
    `${location.pathname}: ${event.effectiveDirective} ${event.blockedURI}`))
"""


class Watched:
    """A page that remembers what went wrong on it."""

    def __init__(self, page: Page, site: str) -> None:
        self.page = page
        self.site = site
        self.console: list[str] = []
        self.elsewhere: list[str] = []
        self.violations: list[str] = []
        page.expose_function("tellViolation", self._keep)
        page.add_init_script(_TELL_VIOLATIONS)
        page.on("console", self._hear)
        page.on("request", self._see)

    def _hear(self, message: Any) -> None:
        # The status of a page that was asked for is not a fault of the page.
        is_status = message.text.startswith("Failed to load resource")
        if message.type in {"error", "warning"} and not is_status:
            self.console.append(message.text)

    def _keep(self, violation: str) -> None:
        self.violations.append(violation)

    def _see(self, request: Any) -> None:
        if not request.url.startswith((self.site, "data:", "http://127.0.0.1")):
            self.elsewhere.append(request.url)

    def open(self, path: str) -> None:
        self.page.goto(self.site + path)

    def sign_in(self, person: User) -> None:
        self.open("/accounts/login/")
        self.page.fill("[name=login]", person.username)
        self.page.fill("[name=password]", "a long password")
        self.page.press("[name=password]", "Enter")
        self.page.wait_for_url("**/matches/")

    def let_in(self, person: User) -> None:
        """Give the session of somebody who has signed in, without the form."""
        client = Client()
        client.force_login(person)
        name = site_settings.SESSION_COOKIE_NAME
        cookie = {"name": name, "value": client.cookies[name].value, "url": self.site}
        self.page.context.add_cookies([cookie])


def see_import_done(page: Page, *, js: bool) -> None:
    """See an import through on its page, which without scripts is loaded anew."""
    run = page.locator("[data-run-state]")
    if not js:
        for _ in range(_SOON_MS // _AGAIN_MS):
            if run.get_attribute("data-run-state") in {"done", "failed"}:
                break
            page.wait_for_timeout(_AGAIN_MS)
            page.reload()
    expect(run).to_have_attribute("data-run-state", "done")


@pytest.fixture
def watched(site: str, browser: Browser) -> Iterator[Any]:
    """Open contexts of any width and scheme; nothing may go wrong in any of them."""
    contexts: list[BrowserContext] = []
    pages: list[Watched] = []

    def make(*, width: int = 1280, scheme: Any = "light", js: bool = True) -> Watched:
        context = browser.new_context(
            viewport={"width": width, "height": 900},
            color_scheme=scheme,
            java_script_enabled=js,
            bypass_csp=False,
        )
        contexts.append(context)
        pages.append(Watched(context.new_page(), site))
        return pages[-1]

    yield make
    for context in contexts:
        context.close()
    assert [line for page in pages for line in page.violations] == []
    assert [line for page in pages for line in page.console] == []
    assert [url for page in pages for url in page.elsewhere] == []
