"""Who finds a person and who is shown what: the choice, and what comes of it."""

from datetime import datetime
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from accounts.models import Audience, Section, User
from accounts.services import artists_show, privacy_update, profile_update
from accounts.signals import visibility_changed
from tests.conftest import NOW
from tests.factories import make_user

PRIVACY = "/settings/privacy/"
EVERYONE, CONNECTIONS, ONLY_ME = Audience


@pytest.fixture
def inside(client: Client, ada: User) -> Client:
    client.force_login(ada)
    return client


@pytest.fixture
def told() -> Any:
    """Of whom it was said that others find them differently."""
    heard: list[int] = []

    def hear(person_id: int, now: datetime, **_: object) -> None:
        heard.append(person_id)

    visibility_changed.connect(hear)
    yield heard
    visibility_changed.disconnect(hear)


def chosen(**fields: str) -> dict[str, str]:
    everyone = {section.value: EVERYONE.value for section in Section}
    return {"action": "save", "is_hidden": "found", **everyone, **fields}


def choose(person: User, *, is_hidden: bool = False, **audiences: Audience) -> None:
    privacy_update(
        person=person,
        is_hidden=is_hidden,
        audiences={Section(name): given for name, given in audiences.items()},
        now=NOW,
    )


def test_by_default_everyone_sees_everything(ada: User) -> None:
    assert not ada.is_hidden
    assert {ada.audience_of(section) for section in Section} == {EVERYONE}


def test_one_form_saves_all_of_it(inside: Client, ada: User) -> None:
    fields = chosen(is_hidden="hidden", country="only_me", recent="connections")
    page = inside.post(PRIVACY, fields, follow=True)
    assert page.redirect_chain == [(PRIVACY, 302)]
    assert "Who finds you and who sees what is saved." in page.content.decode()
    ada.refresh_from_db()
    assert ada.is_hidden
    kept = {s: ada.audience_of(s) for s in Section if ada.audience_of(s) != EVERYONE}
    assert kept == {Section.COUNTRY: ONLY_ME, Section.RECENT: CONNECTIONS}
    html = inside.get(PRIVACY).content.decode()
    assert 'value="hidden" required id="id_is_hidden_1" checked' in html
    assert html.count(" selected>") == len(Section)
    inside.post(PRIVACY, chosen())
    ada.refresh_from_db()
    assert not ada.is_hidden
    assert ada.country_audience == EVERYONE


@pytest.mark.parametrize(
    "fields",
    [
        {"country": "friends"},
        {"artists": ""},
        {"is_hidden": "no"},
        {"is_hidden": ""},
        {"activity": "EVERYONE"},
    ],
)
def test_nonsense_is_named_and_changes_nothing(
    inside: Client, ada: User, fields: dict[str, str], told: list[int]
) -> None:
    page = inside.post(PRIVACY, {**chosen(genres="only_me"), **fields})
    assert page.status_code == 200
    [wrong] = fields
    assert set(page.context["form"].errors) == {wrong}
    assert f'id="id_{wrong}_error"' in page.content.decode()
    # What was chosen besides stays chosen.
    assert page.context["form"]["genres"].value() == "only_me"
    ada.refresh_from_db()
    assert ada.genres_audience == EVERYONE
    assert told == []


def test_half_a_form_changes_nothing(inside: Client, ada: User) -> None:
    page = inside.post(PRIVACY, {"action": "save", "is_hidden": "hidden"})
    assert page.status_code == 200
    assert set(page.context["form"].errors) == {section.value for section in Section}
    ada.refresh_from_db()
    assert not ada.is_hidden


def test_it_is_told_when_others_find_one_differently(
    ada: User, told: list[int]
) -> None:
    choose(ada, genres=ONLY_ME, activity=CONNECTIONS)
    assert told == []
    choose(ada, is_hidden=True)
    choose(ada, is_hidden=True, country=CONNECTIONS)
    choose(ada, is_hidden=True, country=ONLY_ME)
    choose(ada, country=ONLY_ME)
    choose(ada, country=EVERYONE)
    assert told == [ada.pk] * 4
    assert ada.genres_audience == ONLY_ME


def test_a_country_that_changed_is_told(ada: User, told: list[int]) -> None:
    profile_update(person=ada, now=NOW)
    assert told == []
    ada.country = "PT"
    profile_update(person=ada, now=NOW)
    assert told == [ada.pk]


def test_what_changed_in_another_window_is_told_once(
    ada: User, told: list[int]
) -> None:
    """The person at hand may be older than the row: the row decides."""
    old = User.objects.get(pk=ada.pk)
    choose(ada, is_hidden=True)
    choose(old, is_hidden=True)
    assert told == [ada.pk]


def test_hidden_is_not_discoverable_and_is_present(ada: User, ben: User) -> None:
    choose(ada, is_hidden=True)
    assert ada.is_present
    assert not ada.is_discoverable
    assert set(User.objects.discoverable()) == {ben}
    assert set(User.objects.present()) == {ada, ben}


def test_found_by_an_artist_only_while_everyone_sees_them(ada: User) -> None:
    artists_show(person=ada)
    assert set(User.objects.showing_artists()) == {ada}
    choose(ada, artists=CONNECTIONS)
    assert not User.objects.showing_artists().exists()
    ada.refresh_from_db()
    assert ada.shows_artists


@pytest.mark.parametrize("section", Section)
def test_who_keeps_a_section(ada: User, ben: User, cyd: User, section: Section) -> None:
    choose(ada, **{section.value: ONLY_ME})
    choose(ben, **{section.value: CONNECTIONS})
    assert set(User.objects.keeping(section)) == {ada, ben}


@pytest.mark.parametrize("section", ["artists", "genres", "activity"])
def test_who_keeps_it_is_read_from_an_index(db: None, section: str) -> None:
    if connection.vendor == "sqlite":
        people = User.objects.keeping(Section(section)).values_list("pk")
        assert f"user_keeps_{section}" in people.explain()
    names = {index.name for index in User._meta.indexes}
    assert f"user_keeps_{section}" in names


def test_the_page_leads_to_how_one_is_seen(inside: Client, ada: User) -> None:
    html = inside.get(PRIVACY).content.decode()
    for looker in ("stranger", "connection"):
        assert f'href="/people/ada_owner/?as={looker}"' in html
        assert inside.get(f"/people/ada_owner/?as={looker}").status_code == 200
    assert "You see of others what you show" in html


def test_the_page_says_who_finds_one_by_an_artist(inside: Client, ada: User) -> None:
    artists_show(person=ada)
    assert "Everyone who joined and looks" in inside.get(PRIVACY).content.decode()
    choose(ada, is_hidden=True)
    page = inside.get(PRIVACY).content.decode()
    assert "Nobody while you are hidden, and then everyone" in page
    choose(ada, artists=ONLY_ME)
    page = inside.get(PRIVACY).content.decode()
    assert "Nobody, while your top artists are not shown to everyone." in page


@pytest.mark.django_db
def test_one_may_choose_before_joining(client: Client) -> None:
    person = make_user("not_yet")
    client.force_login(person)
    page = client.get(PRIVACY).content.decode()
    assert "you have not started matching" in page
    assert "?as=stranger" not in page
    assert client.post(PRIVACY, chosen(country="only_me")).status_code == 302
    person.refresh_from_db()
    assert person.country_audience == ONLY_ME
    assert 'href="/settings/privacy/"' in client.get("/welcome/").content.decode()
