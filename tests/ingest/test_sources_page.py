"""Where one's listening comes from, in every state."""

import re
from datetime import datetime
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts import gate
from accounts.models import User
from ingest.models import ImportRun, Source, SourceLink
from ingest.services import source_link
from musicmatch.standins.spotify import SpotifyStandin
from tests.factories import make_taste
from tests.ingest.conftest import (
    FIVE,
    Connect,
    Finish,
    states,
    text,
)

SOURCES, MANUAL = "/sources/", "/sources/manual/connect/"


def test_sources_that_are_off(mine: Client, standin: SpotifyStandin) -> None:
    response = mine.get(SOURCES)
    assert list(states(response).items()) == [
        ("spotify", "off"),
        ("export", "off"),
        ("listenbrainz", "off"),
        ("manual", "off"),
    ]
    assert "Connect Spotify" in text(response)
    assert "Disconnect" not in text(response)


def test_spotify_is_not_offered_without_an_app(mine: Client, settings: Any) -> None:
    settings.SPOTIFY_CLIENT_ID = ""
    assert "spotify" not in states(mine.get(SOURCES))


def test_a_spotify_left_from_before_can_still_be_disconnected(
    mine: Client, ada: User, now: datetime, settings: Any
) -> None:
    settings.SPOTIFY_CLIENT_ID = ""
    source_link(person_id=ada.pk, source=Source.SPOTIFY, now=now)
    response = mine.get(SOURCES)
    assert states(response)["spotify"] == "connected"
    assert "/sources/spotify/disconnect/" in response.content.decode()


@pytest.mark.parametrize(
    ("state", "offered", "not_offered"),
    [
        ("connected", ["Sync Spotify now", "Disconnect"], ["Connect Spotify"]),
        ("failed", ["Sync Spotify now", "Disconnect"], ["Connect Spotify"]),
        ("needs_reconnect", ["Connect Spotify again"], ["Sync Spotify now"]),
        ("not_allowed", ["Connect Spotify", "Other ways in"], ["Sync Spotify now"]),
    ],
)
def test_every_state_of_a_source(
    state: str,
    offered: list[str],
    not_offered: list[str],
    mine: Client,
    ada: User,
    now: datetime,
    standin: SpotifyStandin,
) -> None:
    source_link(person_id=ada.pk, source=Source.SPOTIFY, now=now)
    reason = "" if state == "connected" else "The reason in words."
    SourceLink.objects.update(state=state, reason=reason)
    response = mine.get(SOURCES)
    assert states(response)["spotify"] == state
    assert reason in text(response)
    assert all(words in text(response) for words in offered)
    assert not any(words in text(response) for words in not_offered)


@pytest.mark.parametrize("is_quota", [False, True])
def test_a_resting_service_says_until_when(
    is_quota: bool, mine: Client, ada: User, standin: SpotifyStandin
) -> None:
    now = timezone.now()
    source_link(person_id=ada.pk, source=Source.SPOTIFY, now=now)
    until = gate.close("spotify", now=now, retry_after=7200, is_quota=is_quota)
    response = mine.get(SOURCES)
    assert states(response)["spotify"] == "resting"
    assert f"{until:%H:%M}" in text(response)
    assert "goes on by itself" in text(response)
    assert "Sync Spotify now" not in text(response)
    SourceLink.objects.update(state="needs_reconnect")
    assert states(mine.get(SOURCES))["spotify"] == "needs_reconnect"


def test_a_source_says_what_it_gave_and_when(
    mine: Client, ada: User, connect: Connect, finish: Finish
) -> None:
    run = finish(connect(ada, "percy"))
    response = mine.get(SOURCES)
    assert re.search(r"Gave \d+ artists, \d+ tracks, \d+ listens\.", text(response))
    assert run.get_absolute_url() in response.content.decode()
    assert "Latest import" in text(response)
    assert "Next one" in text(response)


def test_sources_that_came_with_a_community_are_named(mine: Client, ada: User) -> None:
    make_taste(ada, ["Can"], source=Source.COMMUNITY)
    response = mine.get(SOURCES)
    assert states(response)["community"] == "connected"
    assert "Gave 1 artist." in text(response)


def test_queries_of_sources_do_not_grow(
    mine: Client, ada: User, now: datetime, standin: Any, django_assert_num_queries: Any
) -> None:
    make_taste(ada, ["Can"], source=Source.COMMUNITY)
    mine.get(SOURCES)
    with django_assert_num_queries(9):
        mine.get(SOURCES)
    make_taste(ada, FIVE, source=Source.MANUAL)
    make_taste(ada, FIVE, source=Source.SPOTIFY)
    for _ in range(30):
        ImportRun.objects.create(
            person=ada, source="spotify", state="done", queued_at=now
        )
    with django_assert_num_queries(9):
        mine.get(SOURCES)


def test_only_known_sources_have_addresses(mine: Client) -> None:
    for path in ("connect", "disconnect"):
        assert mine.get(f"/sources/lastwave/{path}/").status_code == 404
    assert mine.post("/sources/lastwave/sync/").status_code == 404
    assert mine.get("/sources/spotify/connect/")["Location"] == SOURCES
    assert mine.put(MANUAL).status_code == 405
    assert mine.get("/sources/spotify/sync/").status_code == 405


def test_someone_not_on_the_list_finds_the_other_doors(
    mine: Client, ada: User, connect: Connect, finish: Finish
) -> None:
    run = finish(connect(ada, "outsider"))
    door = "/sources/spotify/connect/"
    assert door in mine.get(run.get_absolute_url()).content.decode()
    assert door in mine.get(SOURCES).content.decode()
    page = mine.get(door)
    assert page.status_code == 200
    assert "Not on Spotify’s list" in text(page)
    assert MANUAL in page.content.decode()
    assert mine.post("/sources/spotify/sync/")["Location"] == door
    assert ImportRun.objects.count() == 1
