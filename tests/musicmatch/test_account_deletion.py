"""Whoever leaves is nowhere any more, but where it is said that they are."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.contrib.sessions.models import Session
from django.db import models
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from accounts.services import account_close, matching_pause
from matching.models import Taste, TasteChange
from matching.services import index_rebuild
from social.models import Message, ModerationAction, Report, Thread, ThreadSide
from social.services.moderation_log import log_check
from tests.conftest import NOW
from tests.factories import make_person, make_taste, make_user
from tests.factories.lives import WORDS, lead_life, rest, uploads
from tests.factories.threads import make_connection, say

CLOSE, DATA = "/settings/data/delete/", "/settings/data/"
PASSWORD = "a long password"
# So large that no other number of a test is like it.
ZOE = 987_654_321
# What may still name someone who left, and why.
ALLOWED = {
    ("social.moderationaction", "person_public_id"): "the log is never changed",
    ("social.moderationaction", "person_name"): "the log is never changed",
    ("social.moderationaction", "actor_name"): "the log is never changed",
    ("matching.tastechange", "taste"): "tells readers of an older index that they left",
}


@pytest.fixture(autouse=True)
def _own_uploads(settings: Any, tmp_path: Path) -> None:
    settings.UPLOAD_DIR = tmp_path / "uploads"


@pytest.fixture
def zoe(db: None) -> User:
    """The one who leaves."""
    return make_person("zoe_leaving", id=ZOE, bio="Zoesbio")


@pytest.fixture
def eve(db: None) -> User:
    return make_person("eve_asker")


@pytest.fixture
def life(zoe: User, ben: User, cyd: User, dee: User, eve: User) -> User:
    """Zoe, with a row in every table that can hold one of hers."""
    lead_life(zoe, friend=ben, stranger=cyd, enemy=dee, asker=eve)
    rest(zoe, make_person("fay_declines"))
    zoe.refresh_from_db()
    return zoe


def traces_of(person: User) -> dict[tuple[str, str], str]:
    """Find every column of every table that names a person, with what it says."""
    marks = [
        str(person.pk or ZOE),
        str(person.public_id),
        person.public_id.hex,
        *filter(None, (person.handle, person.username, person.email, person.bio)),
    ]
    found = {}
    for model in apps.get_models(include_auto_created=True):
        for row in model._base_manager.all():
            for field in model._meta.concrete_fields:
                text = _text(row, field)
                if any(mark in text for mark in marks):
                    found[model._meta.label_lower, field.name] = text
    return found


def _text(row: models.Model, field: "models.Field[Any, Any]") -> str:
    if isinstance(row, Session) and field.name == "session_data":
        return str(row.get_decoded())
    value = getattr(row, field.attname)
    if isinstance(value, bytes | memoryview):
        return bytes(value).decode("latin-1")
    return str(value)


def relations() -> Iterator[tuple[str, str]]:
    """Every column that points to a person, or to something that is a person's only."""
    owners = {User, Taste}
    for model in apps.get_models(include_auto_created=True):
        for field in model._meta.concrete_fields:
            if field.remote_field and field.remote_field.model in owners:
                yield model._meta.label_lower, field.name


@pytest.mark.django_db
def test_the_test_has_a_row_for_every_relation(life: User) -> None:
    # A new model fails here, until tests.factories.lives makes a row of it.
    missing = set(relations()) - traces_of(life).keys()
    # One of these two has the other person, by the order of ids.
    assert len(missing) == 1
    assert missing < {("social.thread", "low"), ("social.thread", "high")}


@pytest.mark.django_db
def test_nothing_names_who_left(
    life: User, django_capture_on_commit_callbacks: Any, now: datetime
) -> None:
    before = traces_of(life)
    assert uploads()
    assert ("sessions.session", "session_data") in before
    with django_capture_on_commit_callbacks(execute=True):
        account_close(person=life, now=now)
    left = traces_of(life)
    assert {key: text for key, text in left.items() if key not in ALLOWED} == {}
    # Nothing is allowed that is not needed.
    assert left.keys() == ALLOWED.keys()
    assert uploads() == []
    assert log_check().faults == []


@pytest.mark.django_db
def test_leaving_twice_is_leaving_once(life: User, now: datetime) -> None:
    again = User.objects.get(pk=life.pk)
    account_close(person=life, now=now)
    account_close(person=again, now=now)
    assert not User.objects.filter(handle="zoe_leaving").exists()


@pytest.mark.django_db
def test_the_other_side_keeps_its_own_messages(life: User, ben: User) -> None:
    account_close(person=life, now=NOW)
    side = ThreadSide.objects.get(person=ben)
    own = Message.objects.filter(thread=side.thread).order_by("pk")
    assert [message.body for message in own] == [
        "Written by the friend",
        "Written later by the friend",
    ]
    assert side.other is None
    assert side.unread == 0
    assert side.last_message == own.last()
    client = Client()
    client.force_login(ben)
    page = client.get("/messages/")
    assert "Someone who left" in page.text
    thread = client.get(f"/messages/left/{side.thread.public_id}/").text
    assert "Written by the friend" in thread
    assert WORDS not in thread


@pytest.mark.django_db
def test_a_thread_goes_with_the_last_who_wrote_in_it(ada: User, ben: User) -> None:
    make_connection(ada, ben)
    say(ada, ben)
    account_close(person=ada, now=NOW)
    assert not Thread.objects.exists()


@pytest.mark.django_db
def test_a_thread_goes_with_the_second_of_two(ada: User, ben: User) -> None:
    make_connection(ada, ben)
    say(ada, ben)
    say(ben, ada)
    account_close(person=ada, now=NOW)
    assert Thread.objects.count() == 1
    account_close(person=ben, now=NOW)
    assert not Thread.objects.exists()


@pytest.mark.django_db
def test_cases_stay_without_a_name(life: User, cyd: User, ben: User) -> None:
    account_close(person=life, now=NOW)
    made = Report.objects.get(person=cyd)
    assert made.reporter is None
    assert made.words == WORDS
    assert made.snapshot["person"]["handle"] == "cyd_stranger"
    about = Report.objects.get(reporter=ben)
    assert about.person is None
    assert about.snapshot["person"] == {"handle": "", "display_name": "", "bio": ""}
    # The words that were reported stay, with those of the thread.
    assert {line["from"] for line in about.snapshot["messages"]} == {
        "person",
        "reporter",
    }


@pytest.mark.django_db
def test_a_reporter_takes_their_own_messages_out_of_the_case(
    life: User, ben: User
) -> None:
    account_close(person=ben, now=NOW)
    about = Report.objects.get(person=life)
    assert {line["from"] for line in about.snapshot["messages"]} == {"person"}


@pytest.mark.django_db
def test_the_log_stays(life: User) -> None:
    public_id = life.public_id
    account_close(person=life, now=NOW)
    [action] = ModerationAction.objects.about(public_id)
    assert action.person_name == "zoe_leaving"
    [by_them] = ModerationAction.objects.exclude(person_public_id=public_id)
    assert by_them.actor is None


@pytest.mark.django_db
def test_others_lose_nothing_of_their_own(life: User, ben: User) -> None:
    make_taste(ben, ["Can"])
    before = ben.top_artists.count()
    account_close(person=life, now=NOW)
    assert ben.top_artists.count() == before
    assert User.objects.filter(handle="ben_near").exists()


@pytest.mark.django_db
def test_boards_are_without_them_at_once(community: list[User], ada: User) -> None:
    ben = User.objects.get(handle="ben_near")
    client = Client()
    client.force_login(ada)
    assert 'data-person="ben_near"' in client.get("/matches/").text
    account_close(person=ben, now=NOW)
    assert "ben_near" not in client.get("/matches/").text
    index_rebuild(now=NOW)
    assert "ben_near" not in client.get("/matches/").text
    assert not TasteChange.objects.departed_since(0).exclude(taste=ben.pk).exists()


# --- Pages ----------------------------------------------------------------


def inside(person: User) -> Client:
    client = Client()
    client.force_login(person)
    return client


@pytest.mark.django_db
def test_the_page_deletes_with_the_password(life: User) -> None:
    here, elsewhere = inside(life), inside(life)
    page = here.get(CLOSE)
    assert page.status_code == 200
    answer = here.post(CLOSE, {"password": PASSWORD}, follow=True)
    assert answer.redirect_chain == [("/", 302)]
    assert "Your account is deleted." in answer.text
    assert not User.objects.filter(pk=ZOE).exists()
    assert elsewhere.get("/taste/").headers["Location"].startswith("/accounts/login/")


@pytest.mark.django_db(transaction=True)
def test_every_session_ends() -> None:
    zoe, ada = make_person("zoe_leaving"), make_person("ada_owner")
    here, _elsewhere, other = inside(zoe), inside(zoe), inside(ada)
    here.post(CLOSE, {"password": PASSWORD})
    assert {s.get_decoded().get("_auth_user_id") for s in Session.objects.all()} <= {
        str(ada.pk),
        None,
    }
    assert other.get("/taste/").status_code == 200


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, "Type your password."),
        ({"password": ""}, "Type your password."),
        ({"password": "wrong"}, "This is not your password."),
    ],
)
def test_another_password_deletes_nothing(
    zoe: User, given: dict[str, str], said: str
) -> None:
    answer = inside(zoe).post(CLOSE, given)
    assert answer.status_code == 200
    assert said in answer.text
    assert User.objects.filter(pk=zoe.pk).exists()


@pytest.mark.django_db
def test_guessing_ends(zoe: User) -> None:
    client = inside(zoe)
    for _ in range(10):
        assert client.post(CLOSE, {"password": "wrong"}).status_code == 200
    answer = client.post(CLOSE, {"password": PASSWORD})
    assert answer.status_code == 429
    assert int(answer.headers["Retry-After"]) > 0
    assert User.objects.filter(pk=zoe.pk).exists()


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("typed", "goes"),
    [("zoe_leaving", True), (" ZOE_leaving ", True), ("zoe", False), ("", False)],
)
def test_without_a_password_the_handle_is_typed(
    zoe: User, typed: str, goes: bool
) -> None:
    zoe.set_unusable_password()
    zoe.save(update_fields=["password"])
    client = inside(zoe)
    assert "Type zoe_leaving to go on" in client.get(CLOSE).text
    client.post(CLOSE, {"name": typed, "password": PASSWORD})
    assert User.objects.filter(pk=ZOE).exists() is not goes


@pytest.mark.django_db
def test_someone_without_a_handle_types_their_user_name() -> None:
    person = make_user("quiet")
    person.set_unusable_password()
    person.save(update_fields=["password"])
    client = inside(person)
    client.post(CLOSE, {"name": "quiet"})
    assert not User.objects.filter(username="quiet").exists()


@pytest.mark.django_db
@pytest.mark.parametrize("state", ["suspended", "paused", "hidden"])
def test_everybody_may_leave(zoe: User, state: str) -> None:
    if state == "suspended":
        zoe.suspended_until = timezone.now() + timedelta(days=3)
    elif state == "paused":
        matching_pause(person=zoe, now=NOW)
    else:
        zoe.is_hidden = True
    zoe.save(update_fields=["suspended_until", "is_hidden"])
    client = inside(zoe)
    assert client.get(DATA).status_code == 200
    assert client.get(CLOSE).status_code == 200
    client.post(CLOSE, {"password": PASSWORD})
    assert not User.objects.filter(pk=ZOE).exists()


@pytest.mark.django_db
@pytest.mark.parametrize("path", [DATA, CLOSE, "/settings/data/export/"])
def test_a_session_is_needed(client: Client, path: str) -> None:
    for answer in (client.get(path), client.post(path)):
        assert answer.headers["Location"] == f"/accounts/login/?next={path}"


@pytest.mark.django_db
def test_the_admin_site_deletes_as_thoroughly(
    life: User, django_capture_on_commit_callbacks: Any
) -> None:
    root = make_user("root_host", is_staff=True, is_superuser=True)
    client = inside(root)
    # Rows of the log and of tokens are nobody's to delete by hand.
    with django_capture_on_commit_callbacks(execute=True):
        client.post(
            reverse("admin:accounts_user_changelist"),
            {
                "action": "delete_selected",
                "_selected_action": [str(life.pk)],
                "post": "yes",
            },
        )
    left = traces_of(life)
    own_log = {key for key in left if key[0] == "admin.logentry"}
    assert left.keys() - own_log <= ALLOWED.keys()
