"""When a consent at Spotify ends, and who is told of it."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.template.loader import render_to_string
from django.test import Client, RequestFactory

from accounts.models import SpotifyGrant, User
from accounts.spotify.consent import consent_ends_at, consent_notice

pytestmark = pytest.mark.django_db


def at(day: str) -> datetime:
    return datetime.fromisoformat(day).replace(tzinfo=UTC)


@pytest.fixture(autouse=True)
def _with_spotify(settings: Any) -> None:
    settings.SPOTIFY_CLIENT_ID = "an id"


def consent(person: User, day: str, state: str = "active") -> None:
    SpotifyGrant.objects.create(
        person=person,
        access_token="a",
        authorized_at=at(day),
        expires_at=at(day),
        state=state,
    )


@pytest.mark.parametrize(
    ("day", "ends"),
    [
        ("2026-01-15", "2026-07-15"),
        ("2026-07-31", "2027-01-31"),
        ("2026-08-31", "2027-02-28"),
        ("2027-08-29", "2028-02-29"),
        ("2026-12-31", "2027-06-30"),
        ("2026-06-30", "2026-12-30"),
    ],
)
def test_six_months_of_the_calendar(day: str, ends: str) -> None:
    assert consent_ends_at(at(day)) == at(ends)
    moment = at(day) + timedelta(hours=13, minutes=7)
    assert consent_ends_at(moment) == at(ends) + timedelta(hours=13, minutes=7)


@pytest.mark.parametrize(
    ("today", "said"),
    [
        ("2026-01-15", None),
        ("2026-06-14", None),
        ("2026-06-15", ""),
        ("2026-07-07", ""),
        ("2026-07-08", "warn"),
        ("2026-07-14", "warn"),
        ("2026-07-15", "bad"),
        ("2027-07-15", "bad"),
    ],
)
def test_the_notice_grows_stronger(today: str, said: str | None, ada: User) -> None:
    consent(ada, "2026-01-15")
    notice = consent_notice(person_id=ada.pk, now=at(today))
    assert (notice.kind if notice else None) == said


def test_a_consent_that_was_taken_back_has_ended(ada: User) -> None:
    consent(ada, "2026-01-15", "needs_reconnect")
    notice = consent_notice(person_id=ada.pk, now=at("2026-02-01"))
    assert notice is not None
    assert notice.has_ended


def test_what_it_costs(ada: User, ben: User, django_assert_num_queries: Any) -> None:
    consent(ben, "2026-01-15")
    for person, queries in ((ada, 0), (ben, 1)):
        consent_notice(person_id=person.pk, now=at("2026-06-20"))
        with django_assert_num_queries(queries):
            consent_notice(person_id=person.pk, now=at("2026-06-20"))


def test_without_an_app_nothing_is_asked(
    ada: User, settings: Any, django_assert_num_queries: Any
) -> None:
    consent(ada, "2026-01-15")
    settings.SPOTIFY_CLIENT_ID = ""
    with django_assert_num_queries(0):
        assert consent_notice(person_id=ada.pk, now=at("2026-07-20")) is None


def test_a_new_consent_ends_the_notice_at_once(ada: User) -> None:
    consent(ada, "2026-01-15")
    assert consent_notice(person_id=ada.pk, now=at("2026-07-20")) is not None
    SpotifyGrant.objects.update(authorized_at=at("2026-07-20"))
    assert consent_notice(person_id=ada.pk, now=at("2026-07-20")) is None


def banner(person: User) -> str:
    request = RequestFactory().get("/sources/", headers={"host": "127.0.0.1:8000"})
    return render_to_string("ingest/_consent.html", {"user": person}, request)


@pytest.mark.parametrize(
    ("days", "mark", "words"),
    [
        (0, "ended", "has ended"),
        (3, "soon", "Your permission for Spotify ends"),
        (20, "later", "Spotify ends every permission after six months"),
    ],
)
def test_the_banner_leads_to_a_new_consent(
    days: int, mark: str, words: str, ada: User
) -> None:
    consent(ada, "2026-01-15")
    now = datetime.now(UTC)
    six_months = consent_ends_at(at("2026-01-15")) - at("2026-01-15")
    authorized = now - six_months + timedelta(days=days)
    while consent_ends_at(authorized) > now + timedelta(days=days):
        authorized -= timedelta(days=1)
    SpotifyGrant.objects.update(authorized_at=authorized)
    html = banner(ada)
    assert f'data-consent="{mark}"' in html
    assert words in html
    query = "process=connect&amp;auth_params=show_dialog%3Dtrue"
    assert f'method="post" action="/accounts/spotify/login/?{query}"' in html
    assert "csrfmiddlewaretoken" in html


def test_no_banner_without_a_reason(ada: User, ben: User) -> None:
    consent(ada, datetime.now(UTC).date().isoformat())
    assert banner(ada).strip() == ""
    assert banner(ben).strip() == ""


def test_the_button_asks_spotify_for_a_new_consent(
    client: Client, ada: User, standin: Any
) -> None:
    client.force_login(ada)
    path = "/accounts/spotify/login/?process=connect&auth_params=show_dialog%3Dtrue"
    response = client.post(path)
    assert response.status_code == 302
    assert response["Location"].startswith(standin.accounts_url)
    assert "show_dialog=true" in response["Location"]


def test_a_page_waits_for_no_cache(ada: User, ben: User, cache_away: None) -> None:
    consent(ada, "2026-01-15")
    assert consent_notice(person_id=ada.pk, now=at("2026-07-20")) is not None
    assert consent_notice(person_id=ben.pk, now=at("2026-07-20")) is None
