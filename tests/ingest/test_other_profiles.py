"""Another account or name than before: what the former one gave leaves first."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from allauth.socialaccount.models import SocialAccount
from django.test import Client

from accounts.models import SpotifyGrant, User
from ingest.models import ImportRun, SourceLink
from ingest.services.residue import residue_of
from musicmatch.standins.lastfm.accounts import all_accounts as lastfm_accounts
from musicmatch.standins.listenbrainz.accounts import all_accounts
from musicmatch.standins.spotify import SpotifyStandin
from musicmatch.standins.together import Together
from tests.accounts.conftest import Visitor
from tests.ingest.conftest import Clock, Finish

BRAINZ, LASTFM = "/sources/listenbrainz/connect/", "/sources/lastfm/connect/"
CONNECT = "?process=connect"


@pytest.fixture
def mine(client: Client, ada: User) -> Client:
    client.force_login(ada)
    return client


@pytest.fixture
def visitor(mine: Client, standin: SpotifyStandin, clock: Clock) -> Visitor:
    standin.clock = lambda: clock().timestamp()
    return Visitor(mine, standin)


@pytest.fixture
def services(settings: Any) -> Iterator[Together]:
    with Together() as together:
        settings.LISTENBRAINZ_URL = together.origin
        settings.LASTFM_URL = f"{together.origin}/2.0/"
        settings.LASTFM_AUTH_URL = f"{together.origin}/api/auth/"
        settings.LASTFM_API_KEY = together.lastfm.api_key
        settings.LASTFM_SECRET = together.lastfm.secret
        yield together


def imported(person: User, finish: Finish) -> SourceLink:
    """Carry the waiting import to its end; gives the link it was for."""
    run = finish(ImportRun.objects.active().get(person=person))
    assert run.state == "done"
    return SourceLink.objects.get(person=person)


def given(person: User) -> dict[str, set[Any]]:
    """What a person has, and by which rows."""
    return {
        "artists": set(person.top_artists.values_list("pk", "artist__name")),
        "tracks": set(person.top_tracks.values_list("pk", "track__name")),
        "listens": set(person.listens.values_list("pk", "listened_at")),
    }


# --- Spotify --------------------------------------------------------------


def test_another_spotify_account_takes_the_place_of_the_former(
    visitor: Visitor, ada: User, finish: Finish
) -> None:
    visitor.sign_in("marisol", CONNECT)
    link = imported(ada, finish)
    before = given(ada)
    assert link.cursor
    assert before["artists"]
    assert before["listens"]

    visitor.sign_in("tobin", CONNECT)
    # Nothing is left before anything new is read; the new import is on its way.
    now = given(ada)
    assert (now["artists"], now["tracks"], now["listens"]) == (set(), set(), set())
    [spotify] = [r for r in residue_of(ada.pk) if r.source == "spotify"]
    assert spotify.counts == {
        "TopArtist": 0,
        "TopTrack": 0,
        "Listen": 0,
        "ListeningMonth": 0,
        "ImportRun": 1,
        "SpotifyGrant": 1,
        "SocialAccount": 1,
        "SocialToken": 0,
        "cache keys": 0,
    }
    fresh = SourceLink.objects.get(person=ada)
    assert (fresh.cursor, fresh.latest_import_at) == ("", None)
    # An import of the former account, under way, finds no link to write to.
    assert fresh.pk != link.pk
    imported(ada, finish)
    assert given(ada)["artists"]
    assert not given(ada)["artists"] & before["artists"]


def test_the_same_spotify_account_again_keeps_everything(
    visitor: Visitor, ada: User, finish: Finish
) -> None:
    visitor.sign_in("marisol", CONNECT)
    link = imported(ada, finish)
    before = given(ada)
    SourceLink.objects.update(state="needs_reconnect", reason="…")
    visitor.sign_in("marisol", f"{CONNECT}&auth_params=show_dialog%3Dtrue")
    assert given(ada) == before
    again = SourceLink.objects.get(person=ada)
    assert (again.pk, again.cursor, again.state) == (link.pk, link.cursor, "connected")
    page = visitor.client.get("/sources/").content.decode()
    assert "Spotify is connected again." in page
    assert "another Spotify account" not in page


def test_what_is_about_to_leave_is_said_before_and_after(
    visitor: Visitor, ada: User
) -> None:
    visitor.sign_in("marisol", CONNECT)
    page = visitor.client.get(f"/accounts/spotify/login/{CONNECT}").content.decode()
    assert "the one you choose takes its place" in page
    assert (
        "takes its place"
        not in (
            Client().get("/accounts/spotify/login/", HTTP_HOST="127.0.0.1:8000")
        ).content.decode()
    )
    visitor.sign_in("tobin", CONNECT)
    page = visitor.client.get("/sources/").content.decode()
    assert "Everything the one before gave is deleted" in page


def test_an_account_that_is_somebody_elses_deletes_nothing(
    visitor: Visitor, ada: User, finish: Finish
) -> None:
    visitor.sign_in("marisol", CONNECT)
    imported(ada, finish)
    other = Visitor(Client(HTTP_HOST="127.0.0.1:8000"), visitor.standin)
    other.sign_in("tobin")
    before = given(ada)
    visitor.sign_in("tobin", CONNECT)
    assert given(ada) == before
    assert SpotifyGrant.objects.count() == SocialAccount.objects.count() == 2
    assert SpotifyGrant.objects.get(person=ada).state == "active"


def test_the_rest_of_a_person_stays(
    visitor: Visitor, services: Together, ada: User, finish: Finish, clock: Clock
) -> None:
    """Only what came from Spotify leaves with the account at Spotify."""
    visitor.client.post(BRAINZ, named("harrowgate"))
    imported(ada, finish)
    before = given(ada)
    visitor.sign_in("marisol", CONNECT)
    visitor.sign_in("tobin", CONNECT)
    after = given(ada)
    assert after["artists"] == before["artists"]
    assert after["listens"] == before["listens"]


# --- ListenBrainz and Last.fm ----------------------------------------------


def named(name: str) -> dict[str, str]:
    return {"user_name": name, "token": all_accounts()[name].token}


def test_another_name_at_listenbrainz(
    mine: Client, services: Together, ada: User, finish: Finish
) -> None:
    mine.post(BRAINZ, named("harrowgate"))
    link = imported(ada, finish)
    before = given(ada)
    assert before["listens"]
    page = mine.get(BRAINZ).content.decode()
    assert "You are connected as harrowgate." in page
    assert "everything harrowgate gave is deleted" in page

    page = mine.post(BRAINZ, named("marisol_q"), follow=True).content.decode()
    assert "ListenBrainz is connected as marisol_q now." in page
    assert "Everything harrowgate gave is deleted." in page
    now = given(ada)
    assert (now["artists"], now["listens"]) == (set(), set())
    fresh = SourceLink.objects.get(person=ada)
    assert (fresh.user_name, fresh.cursor, fresh.pk != link.pk) == (
        "marisol_q",
        "",
        True,
    )
    imported(ada, finish)
    assert not given(ada)["listens"] & before["listens"]


def test_the_same_name_at_listenbrainz_keeps_everything(
    mine: Client, services: Together, ada: User, finish: Finish
) -> None:
    mine.post(BRAINZ, named("harrowgate"))
    link = imported(ada, finish)
    before = given(ada)
    same = {**named("harrowgate"), "user_name": "HarrowGate"}
    page = mine.post(BRAINZ, same, follow=True).content.decode()
    assert "is deleted" not in page
    after = given(ada)
    for kind in ("artists", "tracks", "listens"):
        assert after[kind] == before[kind]
    assert SourceLink.objects.get(person=ada).cursor == link.cursor


def test_another_name_at_lastfm(
    mine: Client, services: Together, ada: User, finish: Finish
) -> None:
    def consent(listener: str) -> str:
        at = mine.post(LASTFM)["Location"]
        answer = requests.get(
            at, params={"listener": listener}, allow_redirects=False, timeout=5
        )
        parts = urlsplit(answer.headers["Location"])
        page = mine.get(f"{parts.path}?{parts.query}", follow=True)
        return str(page.content.decode())

    assert "is deleted" not in consent("WrenField")
    imported(ada, finish)
    before = given(ada)
    assert before["artists"]
    assert "You are connected as WrenField." in mine.get(LASTFM).content.decode()
    other = next(n for n in lastfm_accounts() if n != "WrenField")
    assert "Everything WrenField gave is deleted." in consent(other)
    assert given(ada)["artists"] == given(ada)["listens"] == set()
    assert SourceLink.objects.get(person=ada).user_name == other
