"""The pages where people say who they are and who finds them."""

from datetime import datetime
from typing import Any

import pytest
from django.test import Client

from accounts import services
from accounts.models import User
from accounts.services import (
    NotJoined,
    artists_hide,
    artists_show,
    matching_pause,
    matching_resume,
)
from accounts.signals import visibility_changed
from tests.conftest import NOW
from tests.factories import make_user

PROFILE, PRIVACY = "/settings/profile/", "/settings/privacy/"


@pytest.fixture
def inside(client: Client, ada: User) -> Client:
    client.force_login(ada)
    return client


@pytest.fixture
def told() -> Any:
    """Who was said to have become visible or not."""
    heard: list[tuple[int, object]] = []

    def hear(person_id: int, now: object, **_: object) -> None:
        heard.append((person_id, now))

    visibility_changed.connect(hear)
    yield heard
    visibility_changed.disconnect(hear)


def profile(**fields: str) -> dict[str, str]:
    given = {
        "handle": "ada_owner",
        "display_name": "Ada",
        "country": "",
        "bio": "",
        "time_zone": "UTC",
    }
    return {**given, **fields}


@pytest.mark.parametrize("path", [PROFILE, PRIVACY])
def test_a_session_is_needed(client: Client, ada: User, path: str) -> None:
    for response in (client.get(path), client.post(path, profile())):
        assert response.headers["Location"] == f"/accounts/login/?next={path}"
    assert client.get(path, follow=True).status_code == 200
    client.force_login(ada)
    assert client.get(path).status_code == 200


@pytest.mark.parametrize("path", [PROFILE, PRIVACY])
def test_the_pages_ask_little(
    inside: Client, path: str, django_assert_max_num_queries: Any
) -> None:
    inside.get(path)
    with django_assert_max_num_queries(4):
        inside.get(path)


def test_a_profile_is_saved_clean(inside: Client, ada: User) -> None:
    fields = profile(
        handle="@Ada_Lovelace",
        display_name=" Ada\u202e  King\x00 ",
        country="GB",
        bio="One\r\n\r\n\r\n\r\ntwo\u200b ",
        time_zone="Europe/London",
    )
    assert inside.post(PROFILE, fields).headers["Location"] == PROFILE
    ada.refresh_from_db()
    assert ada.handle == "ada_lovelace"
    assert ada.display_name == "Ada King"
    assert ada.country == "GB"
    assert ada.bio == "One\n\ntwo"
    assert ada.time_zone == "Europe/London"
    assert "Your profile is saved." in inside.get(PROFILE).content.decode()


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"handle": "ab"}, "handle"),
        ({"handle": "admin"}, "handle"),
        ({"handle": "ben_near"}, "handle"),
        ({"handle": "BEN_near"}, "handle"),
        ({"handle": ""}, "handle"),
        ({"display_name": "x" * 51}, "display_name"),
        ({"bio": "x" * 501}, "bio"),
        ({"country": "XX"}, "country"),
        ({"time_zone": "Mars/Base"}, "time_zone"),
        ({"time_zone": "../../etc/passwd"}, "time_zone"),
    ],
)
def test_what_is_wrong_is_said_and_what_was_typed_is_kept(
    inside: Client, ada: User, ben: User, fields: dict[str, str], wrong: str
) -> None:
    page = inside.post(PROFILE, {**profile(bio="Kept words"), **fields})
    assert page.status_code == 200
    assert set(page.context["form"].errors) == {wrong}
    assert f'id="id_{wrong}_error"' in page.content.decode()
    if wrong != "bio":
        assert "Kept words" in page.content.decode()
    assert page.context["user"].handle == "ada_owner"
    ada.refresh_from_db()
    assert (ada.handle, ada.bio) == ("ada_owner", "")


def test_lengths_are_those_of_the_clean_text(inside: Client, ada: User) -> None:
    bio = "\r\n".join(["x" * 99] * 5)
    assert len(bio) > 500
    fields = profile(bio=bio, display_name="y" * 50 + "\u200b" * 50)
    assert inside.post(PROFILE, fields).status_code == 302
    ada.refresh_from_db()
    assert len(ada.bio) == 499
    assert len(ada.display_name) == 50


def test_a_handle_taken_a_moment_ago_is_said_beside_it(
    inside: Client, ada: User, ben: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    save = services.profile_update

    def a_moment_later(*, person: User, now: datetime) -> User:
        User.objects.filter(pk=ben.pk).update(handle="wanted")
        return save(person=person, now=now)

    monkeypatch.setattr(services, "profile_update", a_moment_later)
    page = inside.post(PROFILE, profile(handle="wanted"))
    assert page.status_code == 200
    errors = page.context["form"].errors
    assert errors == {"handle": ["Someone has this handle already."]}


def test_pausing_and_coming_back(inside: Client, ada: User, told: Any) -> None:
    assert "Pause matching" in inside.get(PRIVACY).content.decode()
    response = inside.post(PRIVACY, {"action": "pause"}, follow=True)
    ada.refresh_from_db()
    assert ada.is_paused
    assert not ada.is_discoverable
    assert ada not in User.objects.discoverable()
    assert "You are paused" in response.content.decode()
    response = inside.post(PRIVACY, {"action": "resume"}, follow=True)
    ada.refresh_from_db()
    assert not ada.is_paused
    assert ada in User.objects.discoverable()
    assert "You are back" in response.content.decode()
    assert [person for person, _ in told] == [ada.pk, ada.pk]


def test_artists_are_shown_only_on_a_yes(inside: Client, ada: User, told: Any) -> None:
    assert not ada.shows_artists
    assert "Show my artists" in inside.get(PRIVACY).content.decode()
    page = inside.post(PRIVACY, {"action": "show_artists"}, follow=True)
    ada.refresh_from_db()
    assert ada.shows_artists
    assert "find you there now" in page.content.decode()
    assert "Stop showing my artists" in page.content.decode()
    page = inside.post(PRIVACY, {"action": "hide_artists"}, follow=True)
    ada.refresh_from_db()
    assert not ada.shows_artists
    assert "Nobody finds you by an artist any more." in page.content.decode()
    # Nobody became visible or vanished, so no taste is computed again.
    assert told == []


def test_showing_artists_changes_nothing_else(ada: User, ben: User) -> None:
    matching_pause(person=User.objects.get(pk=ada.pk), now=NOW)
    artists_show(person=ada)
    assert set(User.objects.all().showing_artists()) == {ada}
    assert set(User.objects.discoverable().showing_artists()) == set()
    artists_hide(person=ada)
    artists_hide(person=ada)
    assert not User.objects.all().showing_artists().exists()


@pytest.mark.django_db
def test_only_who_joined_can_show_artists(client: Client) -> None:
    person = make_user()
    with pytest.raises(NotJoined):
        artists_show(person=person)
    client.force_login(person)
    assert "Show my artists" not in client.get(PRIVACY).content.decode()
    response = client.post(PRIVACY, {"action": "show_artists"})
    assert response.headers["Location"] == "/welcome/"
    person.refresh_from_db()
    assert not person.shows_artists


@pytest.mark.parametrize("fields", [{}, {"action": ""}, {"action": "delete"}])
def test_an_unknown_wish_changes_nothing(
    inside: Client, ada: User, fields: dict[str, str], told: Any
) -> None:
    matching_pause(person=ada, now=NOW)
    told.clear()
    assert inside.post(PRIVACY, fields).status_code == 400
    ada.refresh_from_db()
    assert ada.is_paused
    assert told == []


def test_pausing_twice_keeps_the_first_moment(ada: User, told: Any) -> None:
    matching_pause(person=ada, now=NOW)
    before = ada.paused_at
    matching_pause(person=ada, now=NOW.replace(hour=13))
    assert ada.paused_at == before
    matching_resume(person=ada, now=NOW.replace(hour=14))
    assert told[-1] == (ada.pk, NOW.replace(hour=14))


@pytest.mark.django_db
def test_only_who_joined_can_pause(client: Client, told: Any) -> None:
    person = make_user()
    with pytest.raises(NotJoined):
        matching_pause(person=person, now=NOW)
    client.force_login(person)
    page = client.get(PRIVACY).content.decode()
    assert "you have not started matching" in page
    response = client.post(PRIVACY, {"action": "pause"})
    assert response.headers["Location"] == "/welcome/"
    person.refresh_from_db()
    assert person.paused_at is None
    assert told == []


def test_joining_is_told(ada: User, told: Any) -> None:
    from tests.factories import make_person

    person = make_person("new_here")
    assert told == [(person.pk, NOW)]
    assert person in User.objects.discoverable()


@pytest.mark.django_db
@pytest.mark.parametrize(
    "change",
    [{"is_active": False}, {"joined_at": None}, {"paused_at": NOW}],
)
def test_who_is_not_discoverable(ada: User, change: dict[str, object]) -> None:
    assert User.objects.discoverable().get() == ada
    User.objects.update(**change)
    assert not User.objects.discoverable().exists()
    ada.refresh_from_db()
    assert not ada.is_discoverable
