"""One refresh of a grant at a time, and what happens to it meanwhile."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.core.cache import cache
from django.db import connection

from accounts.models import SpotifyGrant, User
from accounts.spotify import services, tokens
from accounts.spotify.services import grant_access_token
from musicmatch.standins.spotify import SpotifyStandin
from tests.accounts.conftest import store
from tests.conftest import NOW, require_or_skip
from tests.factories import make_person

LATER = NOW + timedelta(hours=2)
TOKEN = "/api/token"


def refreshed(grant: SpotifyGrant) -> str:
    return grant_access_token(person_id=grant.person_id, now=LATER)


def stored() -> SpotifyGrant:
    return SpotifyGrant.objects.get()


Act = Callable[[], object]


@pytest.fixture
def meanwhile(monkeypatch: pytest.MonkeyPatch) -> Callable[[Act], None]:
    """Do something once, between reading the grant and asking for new tokens."""
    request_refresh = tokens.request_refresh
    to_do: list[Act] = []

    def asking(refresh_token: str) -> tokens.FreshTokens:
        if to_do:
            to_do.pop()()
        return request_refresh(refresh_token)

    monkeypatch.setattr(tokens, "request_refresh", asking)
    return to_do.append


def test_a_consent_given_meanwhile_wins(
    grant: SpotifyGrant, standin: SpotifyStandin, meanwhile: Callable[[Act], None]
) -> None:
    meanwhile(lambda: reconnect(grant.person, standin))
    token = refreshed(grant)
    after = stored()
    assert token == after.access_token == NEW_TOKEN
    assert after.refresh_token == "new refresh token"
    assert after.authorized_at == LATER


def test_a_consent_given_meanwhile_outlives_the_end_of_the_old_one(
    grant: SpotifyGrant, standin: SpotifyStandin, meanwhile: Callable[[Act], None]
) -> None:
    standin.revoke("marisol")
    meanwhile(lambda: reconnect(grant.person, standin))
    assert refreshed(grant) == NEW_TOKEN
    assert stored().state == SpotifyGrant.State.ACTIVE


def test_a_grant_deleted_meanwhile_stays_deleted(
    grant: SpotifyGrant, standin: SpotifyStandin, meanwhile: Callable[[Act], None]
) -> None:
    meanwhile(lambda: services.grant_delete(person_id=grant.person_id))
    with pytest.raises(services.GrantMissing):
        refreshed(grant)
    assert not SpotifyGrant.objects.exists()


def test_a_refresh_that_outlasted_its_lock_does_not_undo_the_next(
    grant: SpotifyGrant, standin: SpotifyStandin, meanwhile: Callable[[Act], None]
) -> None:
    """With rotation, the late answer says "revoked" to a token already replaced."""
    standin.rotation = "always"

    def the_lock_runs_out() -> None:
        cache.clear()
        refreshed(grant)

    meanwhile(the_lock_runs_out)
    token = refreshed(grant)
    after = stored()
    assert token == after.access_token
    assert after.state == SpotifyGrant.State.ACTIVE


NEW_TOKEN = "new access token"


def reconnect(person: User, standin: SpotifyStandin) -> None:
    services.grant_store(
        person=person,
        access_token=NEW_TOKEN,
        refresh_token="new refresh token",
        expires_at=LATER + timedelta(hours=1),
        scopes="",
        now=LATER,
    )


def test_while_one_refreshes_another_is_told_so(
    grant: SpotifyGrant, standin: SpotifyStandin, meanwhile: Callable[[Act], None]
) -> None:
    heard: list[type[Exception]] = []

    def come_too() -> None:
        with pytest.raises(services.RefreshBusy) as caught:
            refreshed(grant)
        heard.append(caught.type)

    meanwhile(come_too)
    refreshed(grant)
    assert heard == [services.RefreshBusy]
    assert len(standin.log) == 1


def test_the_lock_of_one_person_stops_nobody_else(
    grant: SpotifyGrant, standin: SpotifyStandin, meanwhile: Callable[[Act], None]
) -> None:
    other = store(make_person("other_one"), standin, "tobin")
    meanwhile(lambda: refreshed(other))
    refreshed(grant)
    assert len(standin.log) == 2


def test_a_failed_refresh_gives_its_lock_back(
    grant: SpotifyGrant, standin: SpotifyStandin
) -> None:
    standin.fault(TOKEN, status=500, times=1)
    with pytest.raises(tokens.TokenServiceUnavailable):
        refreshed(grant)
    assert refreshed(grant)


@pytest.mark.django_db(transaction=True)
def test_many_workers_at_once_make_one_refresh(standin: SpotifyStandin) -> None:
    require_or_skip(connection.vendor == "postgresql", "Postgres")
    standin.rotation = "always"
    answer = standin.grant("marisol")
    # Not through the service: its import would refresh on its own.
    grant = SpotifyGrant.objects.create(
        person=make_person("busy_one"),
        access_token=answer["access_token"],
        refresh_token=answer["refresh_token"],
        authorized_at=NOW,
        expires_at=NOW,
    )
    start = threading.Barrier(8)

    def work() -> str:
        start.wait()
        try:
            return refreshed(grant)
        except services.RefreshBusy:
            return ""
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        results = {future.result() for future in [pool.submit(work) for _ in range(8)]}
    assert len(standin.log) == 1
    assert results - {""} == {stored().access_token}
    assert stored().state == SpotifyGrant.State.ACTIVE
