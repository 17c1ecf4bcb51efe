"""Saying yes: a handle, what others will see, and consent."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.utils import timezone

from accounts.models import User
from ingest.models import ImportRun, Source
from matching import views
from matching.models import Taste
from tests.factories import make_taste, make_user
from tests.matching.conftest import SignIn
from tests.matching.marks import marks, words_of

YES = {"handle": "quiet_lantern", "display_name": "Quill", "country": "NO"}


@pytest.fixture
def newcomer(db: None) -> User:
    return make_user("quill_login")


@pytest.fixture
def door(newcomer: User, sign_in: SignIn) -> Client:
    return sign_in(newcomer)


def test_a_handle_is_suggested_that_says_nothing(door: Client) -> None:
    response = door.get("/welcome/")
    [field] = [m for m in marks(response, "name") if m["name"] == "handle"]
    assert len(field["value"]) >= 3
    assert "quill" not in field["value"]
    assert "There is nothing to compare yet" in words_of(response)


def test_saying_yes_makes_one_visible(newcomer: User, door: Client) -> None:
    make_taste(newcomer, ["Sade"])
    assert not Taste.objects.get(person=newcomer).is_visible
    response = door.post("/welcome/", {**YES, "consent": "on"})
    assert response.status_code == 302
    assert response["Location"] == "/matches/"
    newcomer.refresh_from_db()
    assert (newcomer.handle, newcomer.display_name) == ("quiet_lantern", "Quill")
    assert newcomer.country == "NO"
    assert newcomer.joined_at is not None
    assert Taste.objects.get(person=newcomer).is_visible


@pytest.mark.parametrize("says_yes", [True, False])
def test_showing_artists_is_asked_and_never_assumed(
    newcomer: User, door: Client, says_yes: bool
) -> None:
    page = door.get("/welcome/")
    [box] = [m for m in marks(page, "name") if m["name"] == "shows_artists"]
    assert box["type"] == "checkbox"
    assert "checked" not in box
    assert "Let people find me by an artist I listen to" in words_of(page)
    answer = {"shows_artists": "on"} if says_yes else {}
    door.post("/welcome/", {**YES, "consent": "on", **answer})
    newcomer.refresh_from_db()
    assert newcomer.joined_at is not None
    assert newcomer.shows_artists is says_yes


REFUSED = [
    ({"handle": "me"}, "3 to 30 characters"),
    ({"handle": "admin"}, "kept for the site itself"),
    ({"handle": "_ADMIN_"}, "kept for the site itself"),
    ({"handle": "two words"}, "a–z"),
    ({"handle": "x" * 31}, "3 to 30 characters"),
    ({"handle": ""}, "This field is required."),
    ({"handle": "ADA_Owner"}, "Someone has this handle already."),
    ({"consent": ""}, "Nobody is compared without saying yes."),
    ({"country": "XX"}, "Select a valid choice."),
    ({"display_name": "x" * 51}, "at most 50 characters"),
]


@pytest.mark.parametrize(("change", "says"), REFUSED)
def test_what_cannot_be_is_said_and_what_was_typed_stays(
    newcomer: User, ada: User, door: Client, change: dict[str, str], says: str
) -> None:
    typed = {**YES, "consent": "on", **change}
    response = door.post("/welcome/", typed)
    assert response.status_code == 200
    assert says in words_of(response)
    assert [m for m in marks(response, "role") if m["role"] == "alert"]
    values = {m["name"]: m.get("value", "") for m in marks(response, "name")}
    assert values["handle"] == typed["handle"]
    assert values["display_name"] == typed["display_name"]
    newcomer.refresh_from_db()
    assert newcomer.joined_at is None
    assert newcomer.handle is None


def test_a_handle_taken_in_between_is_said_too(
    newcomer: User, door: Client, monkeypatch: Any
) -> None:
    def taken(**_: Any) -> None:
        raise ValidationError("Someone has this handle already.")

    monkeypatch.setattr(views, "person_join", taken)
    response = door.post("/welcome/", {**YES, "consent": "on"})
    assert response.status_code == 200
    assert "Someone has this handle already." in words_of(response)


def test_whoever_joined_goes_on_to_the_board(ada: User, sign_in: SignIn) -> None:
    response = sign_in(ada).get("/welcome/")
    assert response.status_code == 302
    assert response["Location"] == "/matches/"


def test_joining_twice_keeps_the_first_day(ada: User, sign_in: SignIn) -> None:
    first = ada.joined_at
    response = sign_in(ada).post("/welcome/", {**YES, "consent": "on"})
    assert response.status_code == 302
    ada.refresh_from_db()
    assert ada.joined_at == first


def test_the_latest_import_is_shown(newcomer: User, door: Client) -> None:
    now = timezone.now()
    for state, age in (("failed", 5), ("running", 0)):
        ImportRun.objects.create(
            person=newcomer,
            source=Source.SPOTIFY,
            state=state,
            queued_at=now - timedelta(minutes=age),
            total_steps=7,
            done_steps=2,
        )
    [run] = marks(door.get("/welcome/"), "data-run-state")
    assert run["data-run-state"] == "running"


def test_the_welcome_says_how_many_genres_are_known_so_far(
    newcomer: User, door: Client, settings: Any
) -> None:
    settings.GENRE_LOOKUP = ["lastfm"]
    settings.LASTFM_API_KEY = "the key"
    make_taste(newcomer, ["Can", "Low"], source=Source.SPOTIFY)
    make_taste(newcomer, ["Can"], source=Source.MANUAL, genres=["dub"])
    ImportRun.objects.create(
        person=newcomer,
        source=Source.SPOTIFY,
        state="done",
        queued_at=timezone.now(),
        artists_count=2,
    )
    page = door.get("/welcome/")
    assert "Genres known for 1 of 2 artists. We ask Last.fm for" in words_of(page)
    [run] = marks(page, "data-run-state")
    assert run["data-hx-trigger"] == "every 15s"
    settings.GENRE_LOOKUP = []
    page = door.get("/welcome/")
    assert "Genres known for 1 of 2 artists." in words_of(page)
    [run] = marks(page, "data-run-state")
    assert "data-hx-get" not in run


def test_a_session_is_needed(client: Client, db: None) -> None:
    assert client.get("/welcome/")["Location"] == "/accounts/login/?next=/welcome/"


def test_what_others_will_see_is_said_before(door: Client) -> None:
    page = words_of(door.get("/welcome/"))
    assert "What others will see" in page
    assert "Until you press the button nobody sees anything." in page
