"""Every way a sign-in with Spotify can stop: a sentence, other doors, no traces."""

import json
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from allauth.socialaccount.models import SocialAccount
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone
from django.utils.html import escape

from accounts import gate
from accounts.models import ServiceGate, SpotifyGrant, User
from accounts.spotify import http
from accounts.spotify.errors import Refusal
from accounts.spotify.services import SERVICE
from ingest.models import ImportRun, SourceLink
from musicmatch.standins.spotify.wire import Answer, Request
from tests.accounts.conftest import LOGIN, Visitor
from tests.conftest import HOST

HOUR = 3600


def assert_refused(visitor: Visitor, response: HttpResponse, refusal: Refusal) -> str:
    """A page that says why, with the other doors, and nothing half-written."""
    page = response.content.decode()
    assert response.status_code == refusal.status
    assert escape(refusal.words) in page
    assert "Make an account" in page
    assert 'href="/accounts/signup/"' in page
    assert 'href="/accounts/login/"' in page
    for model in (User, SocialAccount, SpotifyGrant, SourceLink, ImportRun):
        assert not model.objects.exists(), model
    assert visitor.person is None
    session = repr(dict(visitor.client.session.items()))
    assert "access_token" not in session
    assert "socialaccount_sociallogin" not in session
    return page


def test_denied_consent(visitor: Visitor) -> None:
    response = visitor.come_back(visitor.choose(visitor.leave(), "cancel=1"))
    page = assert_refused(visitor, response, Refusal.DENIED)
    assert "Try Spotify again" in page
    assert visitor.asked("/api/token") == []


def test_denied_connection_shows_the_doors_of_someone_inside(
    visitor: Visitor, ada: User
) -> None:
    visitor.client.force_login(ada)
    address = visitor.choose(visitor.leave("?process=connect"), "cancel=1")
    page = visitor.come_back(address).content.decode()
    assert "Pick artists by hand" in page
    assert not SpotifyGrant.objects.exists()


@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        (("state=", "state=forged"), Refusal.STATE),
        (("state=", "other="), Refusal.STATE),
        (("code=", "error=access_denied&other="), Refusal.DENIED),
        (("code=", "error=server_error&other="), Refusal.UNAVAILABLE),
        (("code=", "other="), Refusal.UNAVAILABLE),
        (("code=", "code=forged"), Refusal.STATE),
        (("code=", "code=&other="), Refusal.STATE),
    ],
)
def test_a_bent_callback(
    visitor: Visitor, change: tuple[str, str], refusal: Refusal
) -> None:
    address = visitor.choose(visitor.leave(), "listener=marisol")
    response = visitor.come_back(address.replace(*change))
    assert_refused(visitor, response, refusal)


def test_a_callback_in_another_browser(visitor: Visitor) -> None:
    address = visitor.choose(visitor.leave(), "listener=marisol")
    other = Visitor(Client(HTTP_HOST=HOST), visitor.standin)
    assert_refused(other, other.come_back(address), Refusal.STATE)
    assert visitor.come_back(address).status_code == 302


def test_a_refusal_that_nobody_asked_for(visitor: Visitor) -> None:
    query = "error=access_denied&state=forged"
    response = visitor.client.get(f"{LOGIN}callback/?{query}")
    assert_refused(visitor, response, Refusal.STATE)


def test_a_callback_without_anything(visitor: Visitor) -> None:
    response = visitor.client.get(f"{LOGIN}callback/")
    assert_refused(visitor, response, Refusal.STATE)


def test_a_replayed_callback(visitor: Visitor) -> None:
    address = visitor.choose(visitor.leave(), "listener=marisol")
    assert visitor.come_back(address).status_code == 302
    before = SpotifyGrant.objects.get()
    again = visitor.come_back(address)
    assert again.status_code == Refusal.STATE.status
    assert escape(Refusal.STATE.words) in again.content.decode()
    assert SpotifyGrant.objects.get().version == before.version
    assert len(visitor.asked("/api/token")) == 1


def test_a_sign_in_left_lying_for_too_long(visitor: Visitor) -> None:
    with time_machine.travel(timezone.now() - timedelta(minutes=11)):
        address = visitor.choose(visitor.leave(), "listener=marisol")
    assert_refused(visitor, visitor.come_back(address), Refusal.STATE)


@pytest.mark.parametrize(
    ("options", "refusal"),
    [
        ({"kind": "oauth", "error": "invalid_grant"}, Refusal.STATE),
        ({"kind": "oauth", "error": "invalid_client"}, Refusal.MISCONFIGURED),
        ({"kind": "oauth", "error": "invalid_request"}, Refusal.UNAVAILABLE),
        ({"kind": "forbidden_plain"}, Refusal.UNAVAILABLE),
        ({"status": 500}, Refusal.UNAVAILABLE),
        ({"status": 503}, Refusal.UNAVAILABLE),
        ({"status": 302}, Refusal.UNAVAILABLE),
        ({"kind": "garbage"}, Refusal.UNAVAILABLE),
        ({"kind": "cut"}, Refusal.UNAVAILABLE),
        ({"kind": "missing_keys"}, Refusal.UNAVAILABLE),
        ({"status": 429, "retry_after": 2}, Refusal.RESTING),
        ({"kind": "quota"}, Refusal.RESTING),
    ],
)
def test_the_token_is_refused(
    visitor: Visitor, options: dict[str, Any], refusal: Refusal
) -> None:
    visitor.standin.fault("/api/token", **options)
    assert_refused(visitor, visitor.sign_in("marisol"), refusal)
    assert visitor.asked("/v1/me") == []


@pytest.mark.parametrize(
    ("options", "refusal"),
    [
        ({"kind": "forbidden_plain"}, Refusal.NOT_ALLOWED),
        ({"kind": "forbidden_json"}, Refusal.NOT_ALLOWED),
        ({"status": 401}, Refusal.UNAVAILABLE),
        ({"status": 404}, Refusal.UNAVAILABLE),
        ({"status": 500}, Refusal.UNAVAILABLE),
        ({"status": 502}, Refusal.UNAVAILABLE),
        ({"status": 301}, Refusal.UNAVAILABLE),
        ({"kind": "garbage"}, Refusal.UNAVAILABLE),
        ({"kind": "cut"}, Refusal.UNAVAILABLE),
    ],
)
def test_the_profile_is_refused(
    visitor: Visitor, options: dict[str, Any], refusal: Refusal
) -> None:
    visitor.standin.fault("/v1/me", **options)
    assert_refused(visitor, visitor.sign_in("marisol"), refusal)


def test_someone_who_is_not_on_the_list(visitor: Visitor) -> None:
    response = visitor.sign_in("outsider")
    page = assert_refused(visitor, response, Refusal.NOT_ALLOWED)
    assert "Try Spotify again" not in page


@pytest.mark.parametrize("path", ["/api/token", "/v1/me"])
def test_no_answer_in_time(
    visitor: Visitor, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http, "TIMEOUT", (1.0, 0.15))
    visitor.standin.fault(path, kind="slow", seconds=0.6)
    assert_refused(visitor, visitor.sign_in("marisol"), Refusal.UNAVAILABLE)


def test_nobody_answers(visitor: Visitor, settings: Any) -> None:
    address = visitor.choose(visitor.leave(), "listener=marisol")
    settings.SPOTIFY_ACCOUNTS_URL = "http://127.0.0.1:9"
    assert_refused(visitor, visitor.come_back(address), Refusal.UNAVAILABLE)


@pytest.mark.parametrize(
    "profile",
    [
        {},
        [],
        "a string",
        None,
        {"display_name": "Nobody"},
        {"id": None, "account_id": None},
        {"id": 5, "account_id": ["a"]},
        {"id": "", "account_id": "  "},
        {"id": "nul\x00byte"},
        {"id": "\ud800"},
        {"id": "x" * 400},
    ],
)
def test_a_profile_without_an_id(visitor: Visitor, profile: Any) -> None:
    answer_with(visitor, "/v1/me", profile)
    assert_refused(visitor, visitor.sign_in("marisol"), Refusal.UNAVAILABLE)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Ana\x00 Ngo", "Ana Ngo"),
        ("\ud800Ana", "Ana"),
        ("\u202eAna", "Ana"),
        ("A" * 400, "A" * 50),
        (17, ""),
        ({"a": 1}, ""),
        (None, ""),
    ],
)
def test_an_odd_name_does_not_stop_anyone(
    visitor: Visitor, name: Any, shown: str
) -> None:
    profile = {"id": "31odd", "display_name": name, "images": "none", "uri": 3}
    answer_with(visitor, "/v1/me", profile)
    assert visitor.sign_in("marisol").status_code == 302
    assert visitor.person
    assert visitor.person.display_name == shown


@pytest.mark.parametrize("kind", ["null_names", "missing_keys", "wrong_types"])
def test_a_spoilt_profile_is_enough_while_it_has_an_id(
    visitor: Visitor, kind: str
) -> None:
    visitor.standin.fault("/v1/me", kind=kind)
    assert visitor.sign_in("marisol").status_code == 302
    assert visitor.person
    assert SpotifyGrant.objects.get().person == visitor.person


@pytest.mark.parametrize("kind", ["missing_keys", "wrong_types"])
def test_a_spoilt_profile_without_any_id(visitor: Visitor, kind: str) -> None:
    visitor.standin.fault("/v1/me", kind=kind)
    assert_refused(visitor, visitor.sign_in("wendell"), Refusal.UNAVAILABLE)


@pytest.mark.parametrize(
    "tokens",
    [
        {"access_token": 5},
        {"access_token": ""},
        {"access_token": "snow\u2603"},
        {"access_token": "two\nlines"},
        {"refresh_token": "only"},
        [],
        None,
        "a string",
    ],
)
def test_tokens_that_cannot_be_used(visitor: Visitor, tokens: Any) -> None:
    answer_with(visitor, "/api/token", tokens)
    assert_refused(visitor, visitor.sign_in("marisol"), Refusal.UNAVAILABLE)


@pytest.mark.parametrize("life", ["soon", -5, True, 10**15, None, 1.5])
def test_an_odd_life_of_a_token_is_an_hour(visitor: Visitor, life: Any) -> None:
    answer = visitor.standin.grant("marisol")
    odd = {"refresh_token": {}, "scope": "null\x00", "expires_in": life}
    answer_with(visitor, "/api/token", {**answer, **odd})
    assert visitor.sign_in("marisol").status_code == 302
    grant = SpotifyGrant.objects.get()
    assert grant.expires_at - grant.authorized_at < timedelta(seconds=HOUR + 5)
    assert grant.expires_at - grant.authorized_at > timedelta(seconds=HOUR - 5)
    assert grant.refresh_token == ""
    assert "user-top-read" in grant.scopes


def answer_with(visitor: Visitor, path: str, body: Any) -> None:
    """Let the stand-in answer one path with this JSON, lone surrogates and all."""
    before = visitor.standin.answer
    odd = Answer(200, json.dumps(body).encode())

    def bent(request: Request) -> Any:
        return odd if request.path == path else before(request)

    visitor.standin.answer = bent


# --- Resting --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "seconds", "reason"),
    [
        ({"status": 429, "retry_after": 2}, 3, "rate"),
        ({"status": 429, "retry_after": 81_654}, 81_655, "rate"),
        ({"status": 429}, 60, "rate"),
        ({"kind": "quota", "retry_after": 7}, 8, "quota"),
    ],
)
@pytest.mark.parametrize("path", ["/api/token", "/v1/me"])
def test_a_limit_closes_the_gate_for_the_whole_site(
    visitor: Visitor, path: str, options: dict[str, Any], seconds: int, reason: str
) -> None:
    visitor.standin.fault(path, **options)
    response = visitor.sign_in("marisol")
    page = assert_refused(visitor, response, Refusal.RESTING)
    assert "It rests until" in page
    assert 0 < int(response.headers["Retry-After"]) <= seconds
    row = ServiceGate.objects.get()
    assert row.reason == reason
    wait = (row.blocked_until - row.updated_at).total_seconds()
    assert wait == pytest.approx(seconds)


def test_a_spent_quota_without_a_time_rests_until_tomorrow(visitor: Visitor) -> None:
    visitor.standin.fault("/v1/me", kind="quota")
    assert_refused(visitor, visitor.sign_in("marisol"), Refusal.RESTING)
    row = ServiceGate.objects.get()
    assert row.reason == "quota"
    assert row.blocked_until.date() == row.updated_at.date() + timedelta(days=1)


def test_while_spotify_rests_nobody_is_sent_there(visitor: Visitor) -> None:
    now = timezone.now()
    gate.close(SERVICE, now=now, retry_after=HOUR, is_quota=False)
    response = visitor.client.post(LOGIN)
    assert_refused(visitor, response, Refusal.RESTING)
    assert visitor.standin.log == ()


def test_a_gate_that_closed_meanwhile_stops_the_way_back(visitor: Visitor) -> None:
    address = visitor.choose(visitor.leave(), "listener=marisol")
    gate.close(SERVICE, now=timezone.now(), retry_after=HOUR, is_quota=True)
    assert_refused(visitor, visitor.come_back(address), Refusal.RESTING)
    assert visitor.asked("/api/token") == []


def test_a_sign_in_waits_for_its_slot(visitor: Visitor, settings: Any) -> None:
    settings.SPOTIFY_MIN_GAP_MS = 300
    address = visitor.choose(visitor.leave(), "listener=marisol")
    before = timezone.now()
    gate.enter(SERVICE, now=before, gap_ms=300)
    assert visitor.come_back(address).status_code == 302
    (call,) = visitor.standin.calls("/v1/me")
    assert call.at - before >= timedelta(milliseconds=299)


def test_a_sign_in_does_not_wait_for_long(visitor: Visitor, settings: Any) -> None:
    settings.SPOTIFY_MIN_GAP_MS = 60_000
    address = visitor.choose(visitor.leave(), "listener=marisol")
    gate.enter(SERVICE, now=timezone.now(), gap_ms=60_000)
    page = assert_refused(visitor, visitor.come_back(address), Refusal.RESTING)
    assert "It rests until" not in page


# --- Closed doors, and two at once -----------------------------------------------


def test_a_closed_site_takes_nobody_new(visitor: Visitor, settings: Any) -> None:
    settings.REGISTRATION = "closed"
    response = visitor.sign_in("marisol")
    assert "New accounts are closed" in response.content.decode()
    for model in (User, SocialAccount, SpotifyGrant, ImportRun):
        assert not model.objects.exists()


def test_a_closed_site_lets_its_people_in(visitor: Visitor, settings: Any) -> None:
    visitor.sign_in("marisol")
    visitor.client.logout()
    settings.REGISTRATION = "closed"
    assert visitor.sign_in("marisol").status_code == 302
    assert visitor.person


def test_a_suspended_person_stays_out(visitor: Visitor) -> None:
    visitor.sign_in("marisol")
    before = SpotifyGrant.objects.get()
    visitor.client.logout()
    User.objects.update(is_active=False)
    page = visitor.client.get(visitor.sign_in("marisol").headers["Location"])
    assert "This account is closed" in page.content.decode()
    assert visitor.person is None
    assert SpotifyGrant.objects.get().version == before.version


def test_a_sign_up_that_cannot_be_finished_leaves_nothing(
    visitor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same person came in through another tab between look-up and writing."""

    def too_late(*_: object, **__: object) -> None:
        SocialAccount.objects.create(
            user=User.objects.get(), provider="spotify", uid="taken"
        )
        SocialAccount.objects.create(
            user=User.objects.get(), provider="spotify", uid="taken"
        )

    monkeypatch.setattr("accounts.adapters.keep_tokens", too_late)
    assert_refused(visitor, visitor.sign_in("marisol"), Refusal.STATE)
