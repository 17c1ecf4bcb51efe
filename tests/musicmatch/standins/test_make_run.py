"""What ``make run`` tells the site's processes about the stand-ins."""

from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from musicmatch.management.commands import up
from musicmatch.standins import addresses, credentials
from musicmatch.standins.lastfm import LastfmStandin
from musicmatch.standins.together import Together
from musicmatch.supervisor import programs
from musicmatch.supervisor.plan import Plan

ORIGIN = "http://127.0.0.1:8002"
ALL = ("listenbrainz", "musicbrainz", "lastfm", "reccobeats")


@pytest.fixture(autouse=True)
def _nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for service in addresses.SERVICES.values():
        for name in (*service.settings, "GENRE_LOOKUP"):
            monkeypatch.delenv(name, raising=False)


def test_every_service_is_played_when_the_host_says_nothing() -> None:
    assert addresses.undecided({}) == ALL
    assert addresses.settings_for(ALL, ORIGIN, {}) == {
        "LISTENBRAINZ_URL": ORIGIN,
        "LISTENBRAINZ_AUTH_URL": f"{ORIGIN}/settings/",
        "LASTFM_URL": f"{ORIGIN}/2.0/",
        "LASTFM_AUTH_URL": f"{ORIGIN}/api/auth/",
        "LASTFM_API_KEY": credentials.LASTFM_API_KEY,
        "LASTFM_SECRET": credentials.LASTFM_SECRET,
        "MUSICBRAINZ_URL": f"{ORIGIN}/ws/2",
        "RECCOBEATS_URL": f"{ORIGIN}/v1",
        "GENRE_LOOKUP": "listenbrainz,musicbrainz,lastfm",
    }


@pytest.mark.parametrize(
    ("host", "left_out"),
    [
        ({"LISTENBRAINZ_URL": "https://api.listenbrainz.org"}, "listenbrainz"),
        ({"LASTFM_URL": "https://ws.audioscrobbler.com/2.0/"}, "lastfm"),
        ({"LASTFM_AUTH_URL": "https://www.last.fm/api/auth/"}, "lastfm"),
        ({"LASTFM_API_KEY": "key"}, "lastfm"),
        ({"LASTFM_API_KEY_FILE": "/run/secrets/key"}, "lastfm"),
        ({"MUSICBRAINZ_URL_FILE": "/run/secrets/url"}, "musicbrainz"),
        ({"RECCOBEATS_URL": ""}, "reccobeats"),
    ],
)
def test_what_the_host_decided_is_left_alone(
    host: dict[str, str], left_out: str
) -> None:
    services = addresses.undecided(host)
    assert services == tuple(name for name in ALL if name != left_out)
    values = addresses.settings_for(services, ORIGIN, host)
    assert not values.keys() & addresses.SERVICES[left_out].settings.keys()
    assert left_out not in values["GENRE_LOOKUP"].split(",")


def test_an_empty_key_decides_nothing() -> None:
    assert addresses.undecided({"LASTFM_API_KEY": ""}) == ALL


@pytest.mark.parametrize("lookup", ["", "musicbrainz"])
def test_host_says_who_is_asked_for_genres(lookup: str) -> None:
    host = {"GENRE_LOOKUP": lookup}
    assert "GENRE_LOOKUP" not in addresses.settings_for(ALL, ORIGIN, host)


def test_nobody_is_asked_for_genres_when_nobody_is_played() -> None:
    assert "GENRE_LOOKUP" not in addresses.settings_for(("reccobeats",), ORIGIN, {})


def test_children_are_told_where_the_services_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RECCOBEATS_URL", "")
    plan = Plan(8000, tmp_path, tmp_path, services=("listenbrainz", "lastfm"))
    values = programs.environment(plan, "", None, 8002)
    assert values["LISTENBRAINZ_URL"] == ORIGIN
    assert values["LISTENBRAINZ_AUTH_URL"] == f"{ORIGIN}/settings/"
    assert values["LASTFM_API_KEY"] == LastfmStandin.api_key
    assert values["GENRE_LOOKUP"] == "listenbrainz,lastfm"
    assert "MUSICBRAINZ_URL" not in values
    assert values["RECCOBEATS_URL"] == ""


def test_children_are_told_nothing_without_a_port(tmp_path: Path) -> None:
    values = programs.environment(Plan(8000, tmp_path, tmp_path), "", None)
    assert not values.keys() & addresses.settings_for(ALL, ORIGIN, {}).keys()


def test_one_program_plays_them_all(tmp_path: Path) -> None:
    plan = Plan(8000, tmp_path, tmp_path, services=ALL)
    program = programs.services(plan, {}, 8002)
    assert program.name == "services"
    assert program.command[1:5] == ("-m", "musicmatch.standins", "--port", "8002")


def test_plan_keeps_the_services_through_json(tmp_path: Path) -> None:
    plan = Plan(8000, tmp_path, tmp_path, services=ALL)
    assert Plan.from_json(plan.to_json()) == plan


def test_settings_lead_to_the_standins() -> None:
    with Together() as four:
        values = addresses.settings_for(ALL, four.origin, {})
        assert values["LISTENBRAINZ_URL"] == four.listenbrainz.url
        assert values["LASTFM_URL"] == four.lastfm.api_url
        assert values["LASTFM_AUTH_URL"] == four.lastfm.auth_url
        assert values["LASTFM_API_KEY"] == four.lastfm.api_key
        assert values["LASTFM_SECRET"] == four.lastfm.secret
        assert values["MUSICBRAINZ_URL"] == four.musicbrainz.url
        assert values["RECCOBEATS_URL"] == four.reccobeats.url


@pytest.mark.parametrize(
    ("debug", "host", "played"),
    [
        (True, {}, ALL),
        (True, {"LISTENBRAINZ_URL": "https://api.listenbrainz.org"}, ALL[1:]),
        (False, {}, ()),
    ],
)
def test_only_development_is_played_to(
    debug: bool,
    host: dict[str, str],
    played: tuple[str, ...],
    settings: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    plans: list[Plan] = []
    monkeypatch.setattr(up, "port_is_free", lambda port: True)
    monkeypatch.setattr(up, "_prepare", lambda people: ())
    monkeypatch.setattr(up, "_become_supervisor", plans.append)
    monkeypatch.setattr(up.connections, "close_all", lambda: None)
    for name, value in host.items():
        monkeypatch.setenv(name, value)
    settings.DEBUG = debug
    call_command("up", skip_checks=True)
    assert [plan.services for plan in plans] == [played]
