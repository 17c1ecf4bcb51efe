"""What every page knows of where one is."""

import re

import pytest
from django.test import Client

from accounts.models import User
from tests.matching.marks import marks


@pytest.mark.parametrize(
    ("address", "place"),
    [
        ("/matches/", "/matches/"),
        ("/matches/ben_near/", "/matches/"),
        ("/taste/", "/taste/"),
        ("/taste/recent/", "/taste/"),
        ("/sources/", "/sources/"),
        ("/messages/", "/messages/"),
        ("/connections/", "/connections/"),
        ("/connections/requests/", "/connections/"),
        ("/notices/", "/notices/"),
    ],
)
def test_the_place_one_is_at_is_marked(
    client: Client, community: list[User], address: str, place: str
) -> None:
    client.force_login(community[0])
    current = [
        m["href"]
        for m in marks(client.get(address), "aria-current", "href")
        if m["aria-current"] == "page" and not m["href"].startswith("?")
    ]
    assert current[0] == place


def test_nothing_is_marked_elsewhere(client: Client, ada: User) -> None:
    client.force_login(ada)
    assert not marks(client.get("/about/"), "aria-current")


def test_a_stranger_has_no_places(client: Client, db: None) -> None:
    links = {m["href"] for m in marks(client.get("/about/"), "href")}
    assert "/accounts/login/" in links
    assert not links & {"/matches/", "/messages/", "/connections/", "/taste/"}


def test_the_four_places_stand_in_the_bar_in_words(client: Client, ada: User) -> None:
    client.force_login(ada)
    page = client.get("/about/").content.decode()
    bar = page[page.index("nav--people") : page.index('class="menu"')]
    assert re.findall(r"<span>(\w+)</span>", bar) == [
        "Matches",
        "Messages",
        "Connections",
        "Taste",
    ]


def test_the_rest_stands_in_the_menu(client: Client, ada: User) -> None:
    client.force_login(ada)
    page = client.get("/about/").content.decode()
    menu = page[page.index('class="menu"') : page.index("</details>")]
    links = re.findall(r'href="([^"]+)"', menu)
    assert links == [
        "/people/ada_owner/",
        "/sources/",
        "/notices/",
        "/settings/profile/",
    ]
