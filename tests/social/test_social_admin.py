"""The people part in the admin site: to look at, and private texts never."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from social import services
from social.models import Message, Notice
from tests.conftest import NOW
from tests.matching.marks import words_of
from tests.social.deciding import (
    connect,
    decide,
    make_chief,
    make_moderator,
    page_of,
    report,
    signed_in,
    write,
)

pytestmark = [pytest.mark.django_db, pytest.mark.ignore_template_errors]


@pytest.fixture
def as_mod(db: None) -> Client:
    return signed_in(make_moderator())


def test_a_moderator_sees_of_a_person_what_is_public(as_mod: Client, ben: User) -> None:
    User.objects.filter(pk=ben.pk).update(email="ben@example.org", bio="Public words")
    page = as_mod.get(f"/admin/accounts/user/{ben.pk}/change/")
    assert "Public words" in words_of(page)
    people = as_mod.get("/admin/accounts/user/?q=ben")
    for response in (page, people):
        content = response.content.decode()
        assert "ben_near" in content
        for private in ("ben@example.org", ben.username, "pbkdf2", "md5$"):
            assert private not in content
    assert (
        not as_mod.get(f"/admin/accounts/user/?q={ben.username}")
        .context["cl"]
        .result_list
    )


@pytest.mark.parametrize(
    "question",
    ["email__startswith=b", "username__startswith=l", "password__contains=a"],
)
def test_a_moderator_cannot_ask_for_what_is_private(
    as_mod: Client, ben: User, question: str
) -> None:
    address = f"/admin/accounts/user/?{question}"
    assert as_mod.get(address).status_code == 400


def test_texts_of_people_are_nowhere_but_in_cases(ada: User, ben: User) -> None:
    connect(ada, ben, note="My secret note")
    message = write(ada, ben, "My secret words")
    client = signed_in(make_chief())
    pages = [
        f"/admin/social/{name}/"
        for name in ("message", "thread", "connection", "block", "mail", "mailchoice")
    ]
    for address in (*pages, page_of(message), page_of(message.thread)):
        response = client.get(address)
        assert response.status_code == 200
        assert b"My secret" not in response.content
    assert client.get("/admin/social/message/?body__contains=x").status_code == 400
    assert client.get("/admin/social/connection/?note__contains=x").status_code == 400


def test_nothing_is_added_changed_or_deleted_by_hand(ada: User, ben: User) -> None:
    connect(ada, ben)
    message = write(ada, ben, "Hello")
    chief = make_chief()
    action = decide(services.person_warn, report(ada, ben), chief)
    notice = Notice.objects.get(person=ben)
    appeal = services.appeal_create(notice=notice, words="No", now=NOW)
    client = signed_in(chief)
    for row in (message, message.thread, action, notice, action.report, appeal):
        base = f"/admin/social/{row._meta.model_name}/"
        assert client.get(f"{base}add/").status_code == 403
        assert (
            client.post(f"{base}{row.pk}/delete/", {"post": "yes"}).status_code == 403
        )
        assert client.get(f"{base}{row.pk}/change/").status_code == 200
    for row in (message, action, notice):
        assert client.post(page_of(row), {"body": "x"}).status_code == 403
    data = {"action": "delete_selected", "_selected_action": [message.pk], "post": "y"}
    client.post("/admin/social/message/", data)
    assert Message.objects.count() == 1


def test_a_suspension_is_never_typed_in(ben: User) -> None:
    client = signed_in(make_chief())
    address = f"/admin/accounts/user/{ben.pk}/change/"
    assert 'name="suspended_until' not in client.get(address).content.decode()
    data = {
        "username": ben.username,
        "handle": "ben_near",
        "time_zone": "UTC",
        "is_active": "on",
        "suspended_until_0": "2999-01-01",
        "suspended_until_1": "00:00",
        "suspended_until": "2999-01-01 00:00",
    }
    client.post(address, data)
    ben.refresh_from_db()
    assert ben.suspended_until is None


def test_a_suspended_moderator_moderates_nothing(ada: User, ben: User) -> None:
    mod, case = make_moderator(), report(ada, ben)
    client = signed_in(mod)
    until = timezone.now() + timedelta(days=1)
    User.objects.filter(pk=mod.pk).update(suspended_until=until)
    assert client.get(page_of(case)).headers["Location"] == "/notices/"
    assert client.post(page_of(case), {"verb": "warn"}).status_code == 403
    case.refresh_from_db()
    assert case.is_open
