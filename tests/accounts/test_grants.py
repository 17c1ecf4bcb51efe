"""The grant: what a refresh may bring, and that there is one refresh at a time."""

from datetime import timedelta
from typing import Any

import pytest
from allauth.socialaccount.models import SocialAccount
from cryptography.fernet import Fernet

from accounts import gate
from accounts.models import ServiceGate, SpotifyGrant, User
from accounts.spotify import http, services, tokens
from accounts.spotify.services import grant_access_token
from ingest.models import SourceLink
from ingest.services import imports_queue_due
from musicmatch.standins.spotify import SpotifyStandin
from tests.accounts.conftest import Visitor, store
from tests.conftest import NOW

LATER = NOW + timedelta(hours=2)
TOKEN = "/api/token"


def refreshed(grant: SpotifyGrant, **options: Any) -> str:
    return grant_access_token(person_id=grant.person_id, now=LATER, **options)


def stored() -> SpotifyGrant:
    return SpotifyGrant.objects.get()


# --- What an answer means ---------------------------------------------------------


def test_a_fresh_token_is_not_refreshed(
    grant: SpotifyGrant, standin: SpotifyStandin
) -> None:
    token = grant_access_token(person_id=grant.person_id, now=NOW)
    assert token == grant.access_token
    assert standin.log == ()


@pytest.mark.parametrize(("left", "calls"), [(61, 0), (60, 1), (0, 1), (-3600, 1)])
def test_a_token_serves_until_a_minute_before_its_end(
    grant: SpotifyGrant, standin: SpotifyStandin, left: int, calls: int
) -> None:
    now = grant.expires_at - timedelta(seconds=left)
    grant_access_token(person_id=grant.person_id, now=now)
    assert len(standin.log) == calls


def test_an_answer_without_refresh_token_keeps_the_old_one(
    grant: SpotifyGrant, standin: SpotifyStandin
) -> None:
    token = refreshed(grant)
    after = stored()
    assert token == after.access_token != grant.access_token
    assert after.refresh_token == grant.refresh_token
    assert after.expires_at == LATER + timedelta(hours=1)
    assert after.refreshed_at == LATER
    assert after.state == SpotifyGrant.State.ACTIVE
    assert refreshed(grant) == token
    assert len(standin.log) == 1


def test_an_answer_with_a_refresh_token_replaces_the_old_one(
    grant: SpotifyGrant, standin: SpotifyStandin
) -> None:
    standin.rotation = "always"
    refreshed(grant)
    first = stored().refresh_token
    assert first != grant.refresh_token
    grant_access_token(person_id=grant.person_id, now=LATER + timedelta(hours=2))
    assert stored().refresh_token not in {first, grant.refresh_token}


def test_the_moment_of_consent_never_moves(
    grant: SpotifyGrant, standin: SpotifyStandin
) -> None:
    standin.rotation = "always"
    for hours in range(2, 12, 2):
        now = NOW + timedelta(hours=hours)
        grant_access_token(person_id=grant.person_id, now=now)
    assert stored().authorized_at == NOW
    assert len(standin.log) == 5


def test_a_life_and_scopes_of_its_own_are_kept(
    grant: SpotifyGrant, standin: SpotifyStandin
) -> None:
    standin.access_token_life = 120
    SpotifyGrant.objects.update(scopes="to be replaced")
    refreshed(grant)
    assert stored().expires_at == LATER + timedelta(seconds=120)
    assert stored().scopes == grant.scopes


@pytest.mark.parametrize("end", ["expire_refresh", "revoke"])
def test_a_consent_that_ended_is_final(
    grant: SpotifyGrant, standin: SpotifyStandin, end: str
) -> None:
    getattr(standin, end)("marisol")
    with pytest.raises(tokens.GrantRevoked):
        refreshed(grant)
    after = stored()
    assert after.state == SpotifyGrant.State.NEEDS_RECONNECT
    assert (after.access_token, after.refresh_token) == ("", "")
    assert after.authorized_at == NOW
    with pytest.raises(tokens.GrantRevoked):
        refreshed(grant)
    assert len(standin.log) == 1


@pytest.mark.parametrize(
    "description", ["Refresh token expired", "Refresh token revoked", "Anything else"]
)
def test_the_text_of_invalid_grant_does_not_matter(
    grant: SpotifyGrant, standin: SpotifyStandin, description: str
) -> None:
    standin.fault(TOKEN, kind="oauth", description=description)
    with pytest.raises(tokens.GrantRevoked):
        refreshed(grant)
    assert stored().state == SpotifyGrant.State.NEEDS_RECONNECT


def test_a_grant_without_refresh_token_ends_with_its_access_token(
    grant: SpotifyGrant, standin: SpotifyStandin
) -> None:
    SpotifyGrant.objects.update(refresh_token="")
    assert grant_access_token(person_id=grant.person_id, now=NOW)
    with pytest.raises(tokens.GrantRevoked):
        refreshed(grant)
    assert stored().state == SpotifyGrant.State.NEEDS_RECONNECT
    assert standin.log == ()


@pytest.mark.parametrize("status", [400, 401])
def test_a_refused_app_leaves_every_grant_alone_and_tells_the_host(
    grant: SpotifyGrant,
    standin: SpotifyStandin,
    status: int,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    standin.fault(TOKEN, kind="oauth", error="invalid_client")
    answer = standin.answer

    def with_status(request: Any) -> Any:
        from dataclasses import replace

        return replace(answer(request), status=status)

    monkeypatch.setattr(standin, "answer", with_status)
    with pytest.raises(tokens.AppRefused):
        refreshed(grant)
    assert stored().version == grant.version
    assert stored().state == SpotifyGrant.State.ACTIVE
    assert "client id or secret" in caplog.text


def test_a_wrong_secret_is_a_refused_app(grant: SpotifyGrant, settings: Any) -> None:
    settings.SPOTIFY_CLIENT_SECRET = "wrong"
    with pytest.raises(tokens.AppRefused):
        refreshed(grant)
    assert stored().state == SpotifyGrant.State.ACTIVE


@pytest.mark.parametrize(
    "options",
    [
        {"status": 500},
        {"status": 502},
        {"status": 503},
        {"status": 403},
        {"status": 404},
        {"status": 302},
        {"kind": "oauth", "error": "invalid_request"},
        {"kind": "garbage"},
        {"kind": "cut"},
        {"kind": "missing_keys"},
        {"kind": "slow", "seconds": 0.5},
    ],
)
def test_anything_else_is_over_soon_and_keeps_the_tokens(
    grant: SpotifyGrant,
    standin: SpotifyStandin,
    options: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(http, "TIMEOUT", (1.0, 0.15))
    standin.fault(TOKEN, **options)
    with pytest.raises(tokens.TokenServiceUnavailable):
        refreshed(grant)
    after = stored()
    assert after.version == grant.version
    assert after.refresh_token == grant.refresh_token
    assert after.state == SpotifyGrant.State.ACTIVE
    monkeypatch.undo()
    standin.clear_faults()
    assert refreshed(grant) == stored().access_token != grant.access_token


@pytest.mark.parametrize(
    ("options", "seconds", "reason"),
    [
        ({"status": 429, "retry_after": 2}, 3, "rate"),
        ({"status": 429, "retry_after": 81_654}, 81_655, "rate"),
        ({"status": 429}, 60, "rate"),
        ({"kind": "quota"}, 36_300 - 7200, "quota"),
    ],
)
def test_a_limit_closes_the_gate_and_keeps_the_tokens(
    grant: SpotifyGrant,
    standin: SpotifyStandin,
    options: dict[str, Any],
    seconds: int,
    reason: str,
) -> None:
    # Two hours after noon; the quota is new at five past midnight.
    seconds = 36_300 if reason == "quota" else seconds
    standin.fault(TOKEN, **options)
    with pytest.raises(gate.GateClosed) as caught:
        refreshed(grant)
    assert caught.value.reason == reason
    assert caught.value.retry_at == LATER + timedelta(seconds=seconds)
    assert stored().version == grant.version
    standin.clear_faults()
    with pytest.raises(gate.GateClosed):
        refreshed(grant)
    assert len(standin.log) == 1
    assert ServiceGate.objects.get().strikes == 1


def test_nobody_without_a_grant_has_a_token(ada: User) -> None:
    with pytest.raises(services.GrantMissing):
        grant_access_token(person_id=ada.pk, now=NOW)


# --- A token that was refused -----------------------------------------------------


def test_a_refused_token_is_refreshed_though_it_looks_fresh(
    grant: SpotifyGrant, standin: SpotifyStandin
) -> None:
    token = grant_access_token(person_id=grant.person_id, now=NOW, must_refresh=True)
    assert token != grant.access_token
    assert len(standin.log) == 1


# --- What a source says of it ------------------------------------------------------


def linked() -> SourceLink:
    return SourceLink.objects.get()


@pytest.mark.parametrize("end", ["expire_refresh", "revoke"])
def test_a_refused_refresh_is_said_on_the_source_at_once(
    grant: SpotifyGrant, standin: SpotifyStandin, end: str
) -> None:
    """Whoever refreshed: no import has to find out first."""
    assert linked().state == "connected"
    getattr(standin, end)("marisol")
    with pytest.raises(tokens.GrantRevoked):
        refreshed(grant, must_refresh=True)
    assert linked().state == "needs_reconnect"
    assert linked().reason.startswith("Spotify no longer lets us read")
    assert imports_queue_due(now=LATER + timedelta(days=2)) == 0


def test_tokens_no_key_opens_and_tokens_that_are_not_there_are_said_too(
    grant: SpotifyGrant, settings: Any
) -> None:
    keys = settings.FIELD_ENCRYPTION_KEYS
    settings.FIELD_ENCRYPTION_KEYS = [Fernet.generate_key().decode()]
    with pytest.raises(tokens.GrantRevoked):
        refreshed(grant)
    assert linked().state == "needs_reconnect"
    settings.FIELD_ENCRYPTION_KEYS = keys
    SourceLink.objects.update(state="connected")
    SpotifyGrant.objects.update(state="active", refresh_token="")
    with pytest.raises(tokens.GrantRevoked):
        refreshed(grant)
    assert linked().state == "needs_reconnect"


@pytest.mark.parametrize("options", [{"status": 503}, {"status": 429}])
def test_what_is_over_soon_is_not_said_to_be_the_end(
    grant: SpotifyGrant, standin: SpotifyStandin, options: dict[str, Any]
) -> None:
    standin.fault(TOKEN, **options)
    with pytest.raises((tokens.TokenError, gate.GateClosed)):
        refreshed(grant)
    assert linked().state == "connected"


def test_a_refusal_that_a_new_consent_overtook_is_not_said(
    grant: SpotifyGrant, standin: SpotifyStandin, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(refresh_token: str) -> tokens.FreshTokens:
        store(grant.person, standin, "marisol")
        SpotifyGrant.objects.update(authorized_at=LATER)
        raise tokens.GrantRevoked("invalid_grant")

    monkeypatch.setattr(tokens, "request_refresh", refused)
    assert refreshed(grant) == stored().access_token
    assert linked().state == "connected"


# --- Keys -------------------------------------------------------------------------


def test_a_refresh_moves_the_tokens_to_the_newest_key(
    grant: SpotifyGrant, standin: SpotifyStandin, settings: Any
) -> None:
    new = Fernet.generate_key().decode()
    settings.FIELD_ENCRYPTION_KEYS = [new, *settings.FIELD_ENCRYPTION_KEYS]
    token = refreshed(grant)
    settings.FIELD_ENCRYPTION_KEYS = [new]
    assert stored().access_token == token
    assert stored().refresh_token == grant.refresh_token


def test_without_its_key_a_grant_needs_a_new_consent(
    grant: SpotifyGrant,
    standin: SpotifyStandin,
    settings: Any,
    caplog: pytest.LogCaptureFixture,
) -> None:
    keys = settings.FIELD_ENCRYPTION_KEYS
    settings.FIELD_ENCRYPTION_KEYS = [Fernet.generate_key().decode()]
    with pytest.raises(tokens.GrantRevoked):
        refreshed(grant)
    assert "No key opens" in caplog.text
    assert standin.log == ()
    row = SpotifyGrant.objects.defer("access_token", "refresh_token").get()
    assert row.state == SpotifyGrant.State.NEEDS_RECONNECT
    settings.FIELD_ENCRYPTION_KEYS = keys
    assert stored().refresh_token == grant.refresh_token


def test_without_the_old_key_one_can_sign_in_again(
    visitor: Visitor, settings: Any
) -> None:
    visitor.sign_in("marisol")
    visitor.client.logout()
    settings.FIELD_ENCRYPTION_KEYS = [Fernet.generate_key().decode()]
    assert visitor.sign_in("marisol").status_code == 302
    assert visitor.person
    token = grant_access_token(person_id=visitor.person.pk, now=stored().authorized_at)
    assert token == stored().access_token


# --- Leaving -----------------------------------------------------------------------


def test_deleting_a_grant_deletes_the_account_at_spotify(visitor: Visitor) -> None:
    visitor.sign_in("tobin")
    other = visitor.person
    visitor.client.logout()
    visitor.sign_in("marisol")
    assert visitor.person
    services.grant_delete(person_id=visitor.person.pk)
    assert SpotifyGrant.objects.get().person == other
    assert SocialAccount.objects.get().user == other
    services.grant_delete(person_id=visitor.person.pk)
