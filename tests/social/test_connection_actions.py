"""How one stands with someone, wherever a page is about them."""

import html
import re
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from accounts.services import artists_show
from ingest.models import Artist, Source
from ingest.services import Listening, listening_replace, source_link
from ingest.sources.base import ArtistItem, TrackItem
from matching.services import index_rebuild
from social.services import (
    connection_accept,
    connection_withdraw,
)
from tests.conftest import NOW
from tests.factories import make_taste
from tests.social.asking import answer, ask, counted


def test_the_profile_says_what_to_do_next(as_ada: Client, ada: User, ben: User) -> None:
    def says(words: str) -> bool:
        return words in as_ada.get("/people/ben_near/").content.decode()

    assert says("Connect with Ben")
    ask(ada, ben)
    assert says("You asked Ben to connect")
    answer(connection_withdraw, ada)
    ask(ben, ada)
    assert says("Answer Ben")
    answer(connection_accept, ada)
    assert says("Message Ben")


def test_the_board_says_how_one_stands(as_ada: Client, community: list[User]) -> None:
    ada, ben, cyd, dee = community
    as_ada.get("/matches/")
    before = counted(as_ada, "/matches/")
    ask(ada, ben)
    ask(cyd, ada)
    ask(ada, dee)
    ask(dee, ada)
    page = as_ada.get("/matches/").content.decode()
    for standing in ("accepted", "sent", "incoming"):
        assert page.count(f'data-standing="{standing}"') == 1
    assert counted(as_ada, "/matches/") == before


@pytest.fixture
def openers(ada: User, ben: User) -> None:
    """Ben has a track by an artist both have; each has an artist for the other."""
    make_taste(ada, ["Grouper", "Low"], genres=["ambient"])
    artists = tuple(
        ArtistItem(name, genres=("ambient",)) for name in ("Grouper", "A&B")
    )
    track = TrackItem("Holy Soup?", artist=artists[0])
    source_link(person_id=ben.pk, source=Source.COMMUNITY, now=NOW)
    listening_replace(
        person_id=ben.pk,
        source=Source.COMMUNITY,
        listening=Listening(
            artists={"long_term": artists}, tracks={"long_term": (track,)}
        ),
        now=NOW,
    )
    index_rebuild(now=NOW)


def talks(page: Any) -> set[str]:
    """Where the openers of an explanation lead."""
    links = re.findall(r'href="([^"]*[?&]kind=[^"]*)"', page.content.decode())
    return {html.unescape(link) for link in links}


CARDS = {
    "?kind=track&name=Holy+Soup%3F&artist=Grouper",
    "?kind=artist&name=A%26B",
    "?kind=artist&name=Low",
}


@pytest.mark.usefixtures("openers")
def test_openers_lead_to_a_request_with_the_music_in_place(as_ada: Client) -> None:
    page = as_ada.get("/matches/ben_near/")
    assert b'href="/people/ben_near/connect/"' in page.content
    assert talks(page) == {f"/people/ben_near/connect/{card}" for card in CARDS}
    for link in talks(page):
        form = as_ada.get(link).content.decode()
        assert len(re.findall(r'<option value="\[[^"]*" selected>', form)) == 1
        assert "not among the music" not in form


@pytest.mark.usefixtures("openers")
def test_openers_lead_to_a_message_once_connected(
    as_ada: Client, ada: User, ben: User
) -> None:
    ask(ada, ben)
    assert talks(as_ada.get("/matches/ben_near/")) == set()
    answer(connection_accept, ben)
    page = as_ada.get("/matches/ben_near/")
    assert talks(page) == {f"/messages/ben_near/{card}" for card in CARDS}
    assert b"Message Ben" in page.content


@pytest.mark.parametrize(
    ("seen_as", "says"),
    [("stranger", "Connect with Ada"), ("connection", "Message Ada")],
)
def test_ones_own_page_as_others_see_it(
    as_ada: Client, seen_as: str, says: str
) -> None:
    assert says in as_ada.get(f"/people/ada_owner/?as={seen_as}").content.decode()
    assert says not in as_ada.get("/people/ada_owner/").content.decode()


def test_people_by_artist_say_how_one_stands(
    as_ada: Client, community: list[User]
) -> None:
    ada, ben, cyd, _ = community
    for person in (ben, cyd):
        artists_show(person=person)
    ask(ada, ben)
    sade = Artist.objects.get(name="Sade")
    page = as_ada.get(f"/artists/{sade.pk}/").content.decode()
    assert page.count('data-standing="sent"') == 1
    assert page.count("data-standing") == 1
