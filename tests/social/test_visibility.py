"""Who may see whom: every way to be gone, from both sides, on every page."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.http import Http404
from django.test import Client

from accounts.models import Section, User
from accounts.services import artists_show, matching_pause, privacy_update
from accounts.signals import visibility_changed
from ingest.models import Artist
from matching.services import index_rebuild
from social.models import Connection
from social.services import block_create
from social.visibility import (
    get_person_or_404,
    is_there_for,
    people_found_by,
    people_visible_to,
)
from tests.conftest import HOST, NOW
from tests.factories import make_taste
from tests.factories.threads import make_connection

Change = Callable[[User, User], None]


def changed(**fields: Any) -> Change:
    """A change that no service of this part makes."""

    def change(person: User, _: User) -> None:
        User.objects.filter(pk=person.pk).update(**fields)
        visibility_changed.send(sender=User, person_id=person.pk, now=NOW)

    return change


def stays(person: User, other: User) -> None:
    """Nothing happens."""


def pauses(person: User, other: User) -> None:
    matching_pause(person=person, now=NOW)


def hides(person: User, other: User) -> None:
    audiences = {section: person.audience_of(section) for section in Section}
    privacy_update(person=person, is_hidden=True, audiences=audiences, now=NOW)


def blocks(person: User, other: User) -> None:
    block_create(blocker=person, blocked=other, now=NOW)


def is_blocked(person: User, other: User) -> None:
    blocks(other, person)


# How someone goes, and whether a connection and a stranger still see them then.
WAYS: dict[str, tuple[Change, bool, bool]] = {
    "here": (stays, True, True),
    "not joined": (changed(joined_at=None), False, False),
    "paused": (pauses, False, False),
    "hidden": (hides, True, False),
    "suspended": (changed(suspended_until=NOW + timedelta(days=3)), False, False),
    "inactive": (changed(is_active=False), False, False),
    "blocks": (blocks, False, False),
    "is blocked": (is_blocked, False, False),
}
CASES = [
    (way, is_connected, sees[not is_connected])
    for way, (_, *sees) in WAYS.items()
    for is_connected in (True, False)
]


@pytest.fixture
def here(ada: User, ben: User, cyd: User) -> list[User]:
    """Three with shared artists who are found by them; nobody is connected."""
    for person, artists in (
        (ada, ["Portishead", "Grouper", "Sade"]),
        (ben, ["Grouper", "Portishead", "Neu!"]),
        (cyd, ["Sade", "Grouper"]),
    ):
        make_taste(person, artists)
        artists_show(person=person)
    index_rebuild(now=NOW)
    return [ada, ben, cyd]


def looking(person: User) -> Client:
    client = Client(HTTP_HOST=HOST)
    client.force_login(person)
    return client


@pytest.mark.parametrize(("way", "is_connected", "sees"), CASES)
def test_whoever_sees_is_seen(
    here: list[User], way: str, is_connected: bool, sees: bool
) -> None:
    ada, ben, cyd = here
    if is_connected:
        make_connection(ada, ben)
    WAYS[way][0](ben, ada)
    ada, ben = User.objects.get(pk=ada.pk), User.objects.get(pk=ben.pk)
    assert (ben in people_visible_to(ada)) is sees
    assert (ada in people_visible_to(ben)) is sees
    assert (ben in people_found_by(ada)) is (ada in people_found_by(ben))
    # Only a block is between two.
    for one, other in ((cyd, ben), (ben, cyd)):
        is_between = way in ("here", "blocks", "is blocked")
        assert (other in people_visible_to(one)) is is_between


@pytest.mark.parametrize(("way", "is_connected", "sees"), CASES)
def test_every_page_holds_to_it(
    here: list[User], way: str, is_connected: bool, sees: bool
) -> None:
    ada, ben, _ = here
    if is_connected:
        make_connection(ada, ben)
    WAYS[way][0](ben, ada)
    client = looking(ada)
    status = 200 if sees else 404
    for path in ("/people/ben_near/", "/matches/ben_near/", "/people/ben_near/block/"):
        assert client.get(path).status_code == status, path
    # Who is hidden is in no list, also of those who are connected with them.
    is_listed = sees and way != "hidden"
    grouper = Artist.objects.get(name="Grouper").pk
    for path in ("/matches/", f"/artists/{grouper}/", "/matches/?q=ben_near"):
        page = client.get(path).content.decode()
        assert ('data-person="ben_near"' in page) is is_listed, path
    assert client.get("/artists/").context["search"].showing == 1 + is_listed
    lovers = client.get(f"/artists/{grouper}/").context["lovers"]
    assert lovers.total == 1 + is_listed
    found = client.get("/artists/?q=neu").context["search"].found
    assert bool(found) is is_listed
    # What the other left and the viewer made oneself stays in one's own hands.
    is_mine = way == "is blocked"
    assert ("ben_near" in client.get("/settings/blocked/").content.decode()) is is_mine


@pytest.mark.parametrize("way", ["paused", "hidden"])
@pytest.mark.parametrize("is_connected", [True, False])
def test_who_is_gone_finds_nobody_on_any_page(
    here: list[User], way: str, is_connected: bool
) -> None:
    ada, ben, _ = here
    if is_connected:
        make_connection(ada, ben)
    WAYS[way][0](ada, ben)
    client = looking(ada)
    sees = is_connected and way == "hidden"
    for path in ("/people/ben_near/", "/matches/ben_near/"):
        assert client.get(path).status_code == (200 if sees else 404), path
    assert client.get("/people/cyd_stranger/").status_code == 404
    grouper = Artist.objects.get(name="Grouper").pk
    for path in ("/matches/", f"/artists/{grouper}/", "/artists/", "/artists/?q=neu"):
        page = client.get(path).content.decode()
        assert "ben_near" not in page
        assert "data-person" not in page
    assert client.get("/matches/").context["board"].state == way
    assert client.get("/people/ada_owner/").status_code == 200


def test_a_hidden_friend_is_explained_to_the_last_digit(here: list[User]) -> None:
    ada, ben, _ = here
    make_connection(ada, ben)

    def score(person: User, handle: str) -> str:
        page = looking(person).get(f"/matches/{handle}/")
        return str(page.context["page"].score)

    before = score(ada, "ben_near")
    hides(ben, ada)
    assert score(ada, "ben_near") == score(ben, "ada_owner") == before != "0.0"
    assert "artists in common" in looking(ada).get("/people/ben_near/").content.decode()
    assert looking(here[2]).get("/matches/ben_near/").status_code == 404


def test_missing_and_forbidden_are_the_same_page(here: list[User]) -> None:
    ada, ben, _ = here
    hides(ben, ada)
    client = looking(ada)

    def page(handle: str, path: str) -> tuple[int, str, dict[str, str]]:
        answer = client.get(path.format(handle))
        text = re.sub(r'(?<=csrfmiddlewaretoken" value=")\w+', "", answer.text)
        # The moment, and a name drawn anew for every request.
        headers = dict(answer.headers)
        del headers["Expires"], headers["X-Request-ID"]
        return answer.status_code, text.replace(handle, "someone"), headers

    for path in ("/people/{}/", "/matches/{}/", "/people/{}/block/"):
        assert page("ben_near", path) == page("nobody_here", path)
        assert page("ben_near", path)[0] == 404


def test_coming_back_is_being_found_again(here: list[User]) -> None:
    ada, ben, _ = here
    hides(ben, ada)
    assert "ben_near" not in looking(ada).get("/matches/").content.decode()
    audiences = {section: ben.audience_of(section) for section in Section}
    privacy_update(person=ben, is_hidden=False, audiences=audiences, now=NOW)
    assert "ben_near" in looking(ada).get("/matches/").content.decode()


@pytest.mark.parametrize("state", ["requested", "declined", "withdrawn", "removed"])
def test_only_an_accepted_connection_sees_the_hidden(
    here: list[User], state: str
) -> None:
    ada, ben, _ = here
    make_connection(ada, ben)
    Connection.objects.update(state=state)
    hides(ben, ada)
    assert ben not in people_visible_to(ada)
    with pytest.raises(Http404):
        get_person_or_404(ada, "ben_near")


@pytest.mark.parametrize("way", sorted(WAYS.keys() - {"blocks", "is blocked"}))
def test_a_page_seen_as_someone_is_there_for_them(here: list[User], way: str) -> None:
    ada, ben, cyd = here
    make_connection(ada, ben)
    WAYS[way][0](ben, ada)
    ben = User.objects.get(pk=ben.pk)
    for looker, is_connected in ((ada, True), (cyd, False)):
        is_there = is_there_for(ben, connected=is_connected)
        assert is_there is (ben in people_visible_to(looker))
