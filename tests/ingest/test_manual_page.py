"""Picking artists by hand."""

import pytest
from django.test import Client

from accounts.models import User
from accounts.services import matching_pause
from ingest.models import TopArtist
from matching.models import Taste
from tests.conftest import NOW
from tests.factories import make_person, make_taste, make_user
from tests.ingest.conftest import FIVE, picked, states, text

MANUAL, SOURCES = "/sources/manual/connect/", "/sources/"


def test_artists_named_by_hand_are_a_taste(mine: Client, ada: User) -> None:
    response = mine.post(MANUAL, picked(*FIVE))
    assert response["Location"] == SOURCES
    found = TopArtist.objects.filter(person=ada, source="manual").order_by("rank")
    assert [(t.rank, t.artist.name) for t in found] == list(enumerate(FIVE, 1))
    assert states(mine.get(SOURCES))["manual"] == "connected"
    assert Taste.objects.get(pk=ada.pk).is_visible


def test_someone_who_has_not_joined_goes_on_to_the_welcome(
    mine: Client, ada: User
) -> None:
    User.objects.filter(pk=ada.pk).update(joined_at=None)
    assert mine.post(MANUAL, picked(*FIVE))["Location"] == "/welcome/"


def test_the_list_can_be_changed(mine: Client, ada: User) -> None:
    mine.post(MANUAL, picked(*FIVE))
    form = mine.get(MANUAL).context["form"]
    assert form.initial["artists"] == "\n".join(FIVE)
    mine.post(MANUAL, picked(*reversed(FIVE)))
    found = ada.top_artists.order_by("rank").values_list("artist__name", flat=True)
    assert list(found) == list(reversed(FIVE))


def test_doubles_blank_lines_and_odd_letters_are_tidied(
    mine: Client, ada: User
) -> None:
    names = ["  Can ", "", "Low", "can", "CAN", "\u202eSade", "Björk", "bjork", "Coil"]
    mine.post(MANUAL, {"artists": "\r\n".join(names) + "\r\n\r\n"})
    found = ada.top_artists.order_by("rank").values_list("artist__name", flat=True)
    assert list(found) == ["Can", "Low", "Sade", "Björk", "Coil"]


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (FIVE[:4], "Name at least 5 different artists; you named 4."),
        (["Can"] * 30, "you named 1"),
        ([f"Artist {n}" for n in range(51)], "Name at most 50 artists; there are 51."),
        ([*FIVE, "x" * 201], "longer than 200 letters"),
        ([""], "This field is required"),
        ([*FIVE, "a\x00b"], "Null characters are not allowed"),
        (["x" * 13_000], "at most 12000 characters"),
    ],
)
def test_what_is_wrong_is_said_and_the_text_kept(
    names: list[str], words: str, mine: Client, ada: User
) -> None:
    response = mine.post(MANUAL, picked(*names))
    assert response.status_code == 200
    assert words in text(response)
    assert 'role="alert"' in response.content.decode()
    kept = response.context["form"]["artists"].value()
    assert kept == "\n".join(names)
    assert not ada.top_artists.exists()


def test_fifty_are_not_too_many(mine: Client, ada: User) -> None:
    mine.post(MANUAL, picked(*[f"Artist {n}" for n in range(50)]))
    assert ada.top_artists.count() == 50


def test_well_known_artists_are_suggested(mine: Client, ben: User, cyd: User) -> None:
    make_taste(ben, ["Sade", "Can"])
    make_taste(cyd, ["Sade", "Can"])
    assert mine.get(MANUAL).context["suggestions"] == []
    paused, stranger = make_person("one_paused"), make_user("not_joined")
    make_taste(paused, ["Sade", "Can"])
    make_taste(stranger, ["Sade", "Can", "Low"])
    assert mine.get(MANUAL).context["suggestions"] == ["Can", "Sade"]
    matching_pause(person=paused, now=NOW)
    assert mine.get(MANUAL).context["suggestions"] == []


def test_the_search_finds_what_several_people_have(mine: Client, ben: User) -> None:
    for number in range(3):
        make_taste(make_person(f"one_of_{number}"), ["Björk", "Portishead"])
    make_taste(ben, ["Bjorn Alone"])
    page = mine.get("/sources/manual/search/", {"q": "bjor"})
    assert "Add Björk" in text(page)
    assert "Alone" not in text(page)
    assert "<html" not in page.content.decode()
    assert "Nobody known here" in text(mine.get("/sources/manual/search/?q=zzz"))
    assert mine.get(MANUAL, {"q": "PORTIS"}).context["found"] == ["Portishead"]


@pytest.mark.parametrize(
    ("press", "after"),
    [
        ({"up": "1"}, ["Low", "Can", "Sade"]),
        ({"up": "0"}, ["Can", "Low", "Sade"]),
        ({"down": "0"}, ["Low", "Can", "Sade"]),
        ({"down": "2"}, ["Can", "Low", "Sade"]),
        ({"remove": "1"}, ["Can", "Sade"]),
        ({"remove": "99"}, ["Can", "Low", "Sade"]),
        ({"remove": "x"}, ["Can", "Low", "Sade"]),
        ({"add": "Coil"}, ["Can", "Low", "Sade", "Coil"]),
        ({"add": " LOW "}, ["Can", "Low", "Sade"]),
        ({"search": "Search artists", "q": "x"}, ["Can", "Low", "Sade"]),
    ],
)
def test_a_press_changes_the_draft_and_keeps_nothing(
    press: dict[str, str], after: list[str], mine: Client, ada: User
) -> None:
    page = mine.post(MANUAL, {**picked("Can", "Low", "Sade"), **press})
    assert page.context["names"] == after
    assert page.context["form"].initial["artists"] == "\n".join(after)
    assert "Not saved yet" in text(page)
    assert not ada.top_artists.exists()
