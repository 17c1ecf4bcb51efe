"""What of a profile is shown to whom: of others people see what they show."""

from typing import Any

import pytest
from django.test import Client

from accounts.models import Audience, Section, User
from accounts.services import matching_pause, privacy_update
from social.models import Connection
from social.showing import (
    are_connected,
    connected_ids,
    opens,
    shown_sections,
    shows,
    stand_in,
)
from tests.conftest import NOW
from tests.factories import make_taste
from tests.factories.threads import make_connection

EVERYONE, CONNECTIONS, ONLY_ME = Audience

# What the owner chose, what the one who looks chose: seen by a stranger, a connection.
SEEN = {
    (EVERYONE, EVERYONE): (True, True),
    (EVERYONE, CONNECTIONS): (False, True),
    (EVERYONE, ONLY_ME): (False, False),
    (CONNECTIONS, CONNECTIONS): (False, True),
    (CONNECTIONS, ONLY_ME): (False, False),
    (ONLY_ME, ONLY_ME): (False, False),
}


@pytest.mark.parametrize("section", Section)
@pytest.mark.parametrize(("one", "other"), SEEN)
def test_what_is_shown_goes_both_ways(
    section: Section, one: Audience, other: Audience
) -> None:
    ada = User(pk=1, **{f"{section}_audience": one})
    ben = User(pk=2, **{f"{section}_audience": other})
    for connected, expected in zip((False, True), SEEN[one, other], strict=True):
        for owner, looker in ((ada, ben), (ben, ada)):
            assert shows(owner, section, to=looker, connected=connected) is expected
        others = shown_sections(ada, to=ben, connected=connected) - {section}
        assert others == set(Section) - {section}
    assert opens(ada, section, connected=False) is (one == EVERYONE)


def test_to_oneself_everything_is_shown() -> None:
    kept = {f"{section}_audience": ONLY_ME for section in Section}
    ada = User(pk=1, **kept)
    assert shown_sections(ada, to=ada, connected=False) == set(Section)
    assert shown_sections(ada, to=stand_in(), connected=True) == set()


def test_connected_is_who_accepted(ada: User, ben: User, cyd: User) -> None:
    make_connection(ada, ben)
    assert connected_ids(ada) == {ben.pk}
    assert connected_ids(cyd) == set()
    assert are_connected(ben, ada)
    assert not are_connected(ada, cyd)
    assert not are_connected(ada, ada)


# --- Pages ----------------------------------------------------------------


def show(person: User, is_hidden: bool = False, **audiences: Audience) -> None:
    privacy_update(
        person=person,
        is_hidden=is_hidden,
        audiences={Section(name): given for name, given in audiences.items()},
        now=NOW,
    )


def page(client: Client, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200
    text: str = answer.content.decode()
    return text


@pytest.fixture
def whole(community: list[User]) -> list[User]:
    """Ben has everything a profile can show."""
    ben = community[1]
    User.objects.filter(pk=ben.pk).update(country="PT", last_active_at=NOW)
    ben.refresh_from_db()
    return community


MARKS = {"country": "Portugal", "artists": "Neu!", "activity": "active <time"}


@pytest.mark.parametrize("section", MARKS)
@pytest.mark.parametrize("is_mine", [True, False])
def test_a_profile_shows_a_section_to_whom_it_is_for(
    whole: list[User], as_ada: Client, section: str, is_mine: bool
) -> None:
    ada, ben = whole[:2]
    chooser = ada if is_mine else ben
    for audience, to_stranger, to_connection in (
        (EVERYONE, True, True),
        (CONNECTIONS, False, True),
        (ONLY_ME, False, False),
    ):
        show(chooser, **{section: audience})
        text = page(as_ada, "/people/ben_near/")
        assert (MARKS[section] in text) is to_stranger
        make_connection(ada, ben)
        text = page(as_ada, "/people/ben_near/")
        assert (MARKS[section] in text) is to_connection
        assert all((m in text) for s, m in MARKS.items() if s != section)
        Connection.objects.all().delete()


def test_what_is_shared_is_kept_with_the_artists(
    whole: list[User], as_ada: Client
) -> None:
    assert "3 artists in common" in page(as_ada, "/people/ben_near/")
    show(whole[1], artists=ONLY_ME)
    text = page(as_ada, "/people/ben_near/")
    assert "artists in common" not in text
    assert "Which artists you share stays private." in text


@pytest.mark.parametrize("section", MARKS)
def test_people_see_what_others_see(
    whole: list[User], client: Client, section: str
) -> None:
    """The page as a stranger or a connection sees it is what those do see."""
    client.force_login(whole[1])
    show(whole[1], **{section: CONNECTIONS})
    mine = page(client, "/people/ben_near/")
    assert "Edit my profile" in mine
    assert MARKS[section] in mine
    for looker, is_seen in (("stranger", False), ("connection", True)):
        text = page(client, f"/people/ben_near/?as={looker}")
        assert (MARKS[section] in text) is is_seen
        assert "Edit my profile" not in text
        assert "Block Ben" in text
        assert all((m in text) for s, m in MARKS.items() if s != section)


def test_a_hidden_page_is_seen_by_connections(
    whole: list[User], client: Client
) -> None:
    ben = whole[1]
    client.force_login(ben)
    show(ben, is_hidden=True)
    text = page(client, "/people/ben_near/?as=stranger")
    assert "finds no such page" in text
    assert "Neu!" not in text
    assert "Neu!" in page(client, "/people/ben_near/?as=connection")
    matching_pause(person=ben, now=NOW)
    text = page(client, "/people/ben_near/?as=connection")
    assert "nobody finds this page" in text
    assert "Neu!" not in text


@pytest.mark.parametrize("looker", ["stranger", "connection", "owner", ""])
def test_others_are_never_seen_as_someone_else(
    whole: list[User], as_ada: Client, looker: str
) -> None:
    show(whole[1], artists=CONNECTIONS)
    text = page(as_ada, f"/people/ben_near/?as={looker}")
    assert "Neu!" not in text
    assert "How you are seen" not in text
    assert "How you are seen" not in page(as_ada, "/people/ada_owner/?as=owner")


def test_seeing_oneself_costs_no_more(
    whole: list[User], as_ada: Client, django_assert_max_num_queries: Any
) -> None:
    make_taste(whole[0], [f"Artist {n}" for n in range(30)])
    page(as_ada, "/people/ada_owner/?as=stranger")
    with django_assert_max_num_queries(6):
        page(as_ada, "/people/ada_owner/?as=stranger")
