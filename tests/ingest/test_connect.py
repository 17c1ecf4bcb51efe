"""Going in by a name and its proof, and by a consent, against the stand-ins."""

import re
from collections.abc import Iterator
from datetime import timedelta
from html import unescape
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import timezone

from accounts import gate
from accounts.models import User
from ingest.models import ImportRun, SourceLink
from musicmatch.standins.listenbrainz.accounts import all_accounts
from musicmatch.standins.together import Together
from tests.conftest import HOST

BRAINZ, LASTFM = "/sources/listenbrainz/connect/", "/sources/lastfm/connect/"
HARROWGATE = all_accounts()["harrowgate"]


@pytest.fixture
def services(settings: Any) -> Iterator[Together]:
    """ListenBrainz and Last.fm over real HTTP, and the site pointed at them."""
    with Together() as together:
        settings.LISTENBRAINZ_URL = together.origin
        settings.LISTENBRAINZ_AUTH_URL = f"{together.origin}/settings/"
        settings.LASTFM_URL = f"{together.origin}/2.0/"
        settings.LASTFM_AUTH_URL = f"{together.origin}/api/auth/"
        settings.LASTFM_API_KEY = together.lastfm.api_key
        settings.LASTFM_SECRET = together.lastfm.secret
        yield together


@pytest.fixture
def mine(client: Client, ada: User) -> Client:
    client.force_login(ada)
    return client


def text(response: Any) -> str:
    stripped = re.sub(r"<[^>]+>", " ", response.content.decode())
    return " ".join(unescape(stripped).split())


def named(name: str = "harrowgate", token: str = HARROWGATE.token) -> dict[str, str]:
    return {"user_name": name, "token": token}


def begin(mine: Client) -> str:
    """Press the button; gives the address of the page of consent."""
    response = mine.post(LASTFM)
    assert response.status_code == 302
    return str(response["Location"])


def say_yes(consent: str, listener: str = "WrenField") -> str:
    """Say yes on the page of consent; gives the path back to the site."""
    answer = requests.get(
        consent, params={"listener": listener}, allow_redirects=False, timeout=5
    )
    parts = urlsplit(answer.headers["Location"])
    assert parts.netloc == HOST
    return f"{parts.path}?{parts.query}"


# --- A name and its proof -------------------------------------------------


def test_the_form_says_where_the_token_is(mine: Client, services: Together) -> None:
    page = mine.get(BRAINZ)
    assert f'href="{services.origin}/settings/"' in page.content.decode()
    assert "Where your token is" in text(page)
    assert "used once" in text(page)
    assert "not kept" in text(page)
    assert "no-store" in page["Cache-Control"]


def test_a_name_and_its_token_connect(
    mine: Client, ada: User, services: Together, django_capture_on_commit_callbacks: Any
) -> None:
    response = mine.post(BRAINZ, named("HarrowGate"))
    run = ImportRun.objects.get(person=ada)
    assert response["Location"] == run.get_absolute_url()
    assert (run.source, run.state, run.kind) == ("listenbrainz", "queued", "full")
    link = SourceLink.objects.get(person=ada)
    assert (link.source, link.user_name, link.state) == (
        "listenbrainz",
        "harrowgate",
        "connected",
    )
    assert mine.get("/sources/").content.decode().count("harrowgate") == 1


def test_the_token_is_kept_nowhere(
    mine: Client, ada: User, services: Together, caplog: Any
) -> None:
    wrong = "0b1c2d3e-not-the-token"
    page = mine.post(BRAINZ, named(token=wrong))
    assert wrong not in page.content.decode()
    mine.post(BRAINZ, named())
    said = caplog.text + " ".join(
        str(session.get_decoded()) for session in Session.objects.all()
    )
    rows = repr([*SourceLink.objects.values(), *ImportRun.objects.values()])
    for token in (wrong, HARROWGATE.token):
        assert token not in said + rows


@pytest.mark.parametrize(
    ("form", "field", "words"),
    [
        (named(token="wrong"), "token", "does not know this token"),
        (named(token="two words"), "token", "does not know this token"),
        (named("marisol_q"), "user_name", "This token belongs to “harrowgate”"),
        (named(""), "user_name", "This field is required"),
        (named(token=""), "token", "This field is required"),
        (named("x" * 201), "user_name", "at most 200 characters"),
    ],
)
def test_refusals_stand_beside_the_field(
    form: dict[str, str],
    field: str,
    words: str,
    mine: Client,
    ada: User,
    services: Together,
) -> None:
    response = mine.post(BRAINZ, form)
    assert response.status_code == 200
    assert words in " ".join(response.context["form"].errors[field])
    assert 'role="alert"' in response.content.decode()
    assert response.context["form"]["user_name"].value() == form["user_name"]
    assert not SourceLink.objects.filter(person=ada).exists()
    assert not ImportRun.objects.filter(person=ada).exists()


def test_a_service_that_does_not_answer(mine: Client, services: Together) -> None:
    services.listenbrainz.fault(path="/1/validate-token", kind="status", status=503)
    response = mine.post(BRAINZ, named())
    assert "does not answer right now" in text(response)
    assert response.context["form"]["user_name"].value() == "harrowgate"
    services.listenbrainz.clear_faults()
    assert mine.post(BRAINZ, named()).status_code == 302


def test_a_service_that_asks_for_patience_rests(
    mine: Client, services: Together
) -> None:
    services.listenbrainz.fault(
        path="/1/validate-token", kind="status", status=429, retry_after=90
    )
    response = mine.post(BRAINZ, named())
    assert "asked this site to slow down" in text(response)
    assert "Please try again at" in text(response)
    assert gate.closure("listenbrainz", timezone.now()) is not None
    page = mine.get(BRAINZ)
    assert "ListenBrainz is resting" in text(page)
    doors = re.findall(r'data-door="(\w+)"', page.content.decode())
    assert doors == ["export", "lastfm", "manual"]
    # Off, it can be told apart from one that is connected.
    assert 'data-source="listenbrainz" data-state="off"' in (
        mine.get("/sources/").content.decode()
    )


def test_ten_times_an_hour(mine: Client, ada: User, services: Together) -> None:
    for _ in range(10):
        assert mine.post(BRAINZ, named(token="wrong")).status_code == 200
    response = mine.post(BRAINZ, named())
    assert response.status_code == 429
    assert "ten times in an hour" in text(response)
    assert "You can go on at" in text(response)
    assert response.context["form"]["user_name"].value() == "harrowgate"
    assert mine.post(LASTFM).status_code == 429
    assert not SourceLink.objects.exists()


# --- A consent ------------------------------------------------------------


def test_a_consent_connects(mine: Client, ada: User, services: Together) -> None:
    assert "Continue to Last.fm" in text(mine.get(LASTFM))
    consent = begin(mine)
    assert consent.startswith(f"{services.origin}/api/auth/")
    response = mine.get(say_yes(consent))
    run = ImportRun.objects.get(person=ada)
    assert response["Location"] == run.get_absolute_url()
    link = SourceLink.objects.get(person=ada)
    assert (link.source, link.user_name) == ("lastfm", "WrenField")


def test_the_way_back_works_once(mine: Client, ada: User, services: Together) -> None:
    back = say_yes(begin(mine))
    assert mine.get(back).status_code == 302
    ImportRun.objects.all().delete()
    again = mine.get(back)
    assert "too old" in text(again)
    assert not ImportRun.objects.exists()


def test_the_way_back_ends_after_ten_minutes(
    mine: Client, services: Together, monkeypatch: Any
) -> None:
    back = say_yes(begin(mine))
    later = timezone.now() + timedelta(seconds=601)
    monkeypatch.setattr(timezone, "now", lambda: later)
    page = mine.get(back)
    assert "ten minutes" in text(page)
    assert not SourceLink.objects.exists()


def test_a_forged_way_back_changes_nothing(
    mine: Client, ben: User, services: Together
) -> None:
    back = say_yes(begin(mine))
    token = parse_qs(urlsplit(back).query)["token"][0]
    for query in (f"?token={token}", f"?nonce=forged&token={token}"):
        page = mine.get(f"/sources/lastfm/callback/{query}")
        assert page.status_code == 200
        assert "too old" in text(page)
        assert re.findall(r'data-door="(\w+)"', page.content.decode()) == [
            "export",
            "listenbrainz",
            "manual",
        ]
    # Nor does it work in somebody else's browser.
    other = Client(HTTP_HOST=HOST)
    other.force_login(ben)
    assert "too old" in text(other.get(back))
    assert not SourceLink.objects.exists()
    assert mine.get(back).status_code == 302


def test_saying_no(mine: Client, services: Together) -> None:
    consent = begin(mine)
    answer = requests.get(
        consent, params={"cancel": "1"}, allow_redirects=False, timeout=5
    )
    parts = urlsplit(answer.headers["Location"])
    page = mine.get(f"{parts.path}?{parts.query}")
    assert "You said no at Last.fm" in text(page)
    assert not SourceLink.objects.exists()


def test_a_token_the_service_does_not_know(mine: Client, services: Together) -> None:
    nonce = parse_qs(urlsplit(say_yes(begin(mine))).query)["nonce"][0]
    page = mine.get(f"/sources/lastfm/callback/?nonce={nonce}&token=made-up")
    assert "did not confirm that you said yes" in text(page)
    assert not SourceLink.objects.exists()


def test_without_a_key_there_is_no_such_door(
    mine: Client, services: Together, settings: Any
) -> None:
    settings.LASTFM_API_KEY = ""
    assert mine.get(LASTFM)["Location"] == "/sources/"
    assert mine.post(LASTFM)["Location"] == "/sources/"
    assert mine.get("/sources/lastfm/callback/?nonce=x&token=y").status_code == 404
    assert "lastfm" not in mine.get("/sources/").content.decode()
    assert mine.get("/sources/listenbrainz/callback/").status_code == 404
