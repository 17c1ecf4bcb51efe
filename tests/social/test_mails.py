"""What mails say, and to whom they go."""

import re
from collections.abc import Callable
from email import message_from_bytes
from email.message import Message as Parsed
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.conf import settings
from django.test import Client

from accounts.models import User
from accounts.services import matching_pause
from social.models import Connection, Mail, Notice, Topic
from social.services import (
    block_create,
)
from tests.conftest import HOST, NOW
from tests.factories.mails import make_notice, make_reader
from tests.social.mailing import (
    HAPPENINGS,
    LATER,
    Outbox,
    by_people,
    decision,
    every_topic,
    request,
    send,
)

# --- What they say --------------------------------------------------------

SAID = {
    Topic.REQUESTS: ("Ben would like to connect with you", "/connections/requests/"),
    Topic.ACCEPTED: ("Ben accepted your request", "/messages/ben_near/"),
    Topic.MESSAGES: ("Ben wrote to you", "/messages/ben_near/"),
    Topic.DECISIONS: ("The moderators decided something about you", "/notices/"),
}


@every_topic
def test_a_mail_says_who_and_where(
    ada: User, ben: User, mailoutbox: Outbox, settings: Any, topic: Topic
) -> None:
    settings.SITE_URL = "https://music.example"
    address = make_reader(ada)
    send(topic, HAPPENINGS[topic](ada, ben))
    [mail] = mailoutbox
    subject, path = SAID[topic]
    assert mail.subject == f"{subject} · Musicmatch"
    assert mail.to == [address]
    [(html, kind)] = mail.alternatives
    assert kind == "text/html"
    for part in (str(mail.body), str(html)):
        assert "Hello Ada" in part
        assert subject in part
        assert f"https://music.example{path}" in part
        assert "https://music.example/settings/notifications/off/" in part
        assert topic.label in part
        assert "secret" not in part
    sent = Mail.objects.get()
    assert (sent.person, sent.topic, sent.sent_at) == (ada, topic, LATER)


@every_topic
def test_the_place_a_mail_leads_to_is_there(
    ada: User, ben: User, mailoutbox: Outbox, settings: Any, topic: Topic
) -> None:
    make_reader(ada)
    send(topic, HAPPENINGS[topic](ada, ben))
    client = Client(HTTP_HOST=HOST)
    client.force_login(ada)
    path = SAID[topic][1]
    assert f"{settings.SITE_URL}{path}\n" in str(mailoutbox[0].body)
    assert client.get(path).status_code == 200


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        (Notice.Kind.DECISION, "The moderators decided something about you"),
        (Notice.Kind.REPORT, "A report of yours was decided"),
        (Notice.Kind.APPEAL, "Your appeal was decided"),
    ],
)
def test_each_kind_of_notice_is_named(
    ada: User, mailoutbox: Outbox, kind: Notice.Kind, words: str
) -> None:
    make_reader(ada)
    send(Topic.DECISIONS, make_notice(ada, kind=kind).pk)
    assert mailoutbox[0].subject == f"{words} · Musicmatch"
    assert "hurt" not in str(mailoutbox[0].message())


@every_topic
def test_one_press_in_the_mail_program_switches_it_off(
    ada: User, ben: User, mailoutbox: Outbox, settings: Any, topic: Topic
) -> None:
    make_reader(ada)
    send(topic, HAPPENINGS[topic](ada, ben))
    headers = mailoutbox[0].message()
    assert headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert headers["Auto-Submitted"] == "auto-generated"
    address = headers["List-Unsubscribe"]
    assert address.startswith(f"<{settings.SITE_URL}/")
    assert address.endswith(">")
    program = Client(HTTP_HOST=HOST, enforce_csrf_checks=True)
    path = address.removeprefix(f"<{settings.SITE_URL}").removesuffix(">")
    assert program.post(path, {"List-Unsubscribe": "One-Click"}).status_code == 200
    assert not ada.mail_choice.__class__.objects.get(person=ada).wants(topic)


@pytest.mark.parametrize(
    "name",
    [
        "Ben\r\nBcc: all@example.org",
        "Ben\u2028Bcc: all@example.org",
        "Ben\0\u202e\u200b",
        "<b>Ben</b> & {who} %s",
        "🎵" * 50,
    ],
)
def test_a_name_stays_a_name(
    ada: User, ben: User, mailoutbox: Outbox, name: str
) -> None:
    make_reader(ada)
    subject_id = request(ada, ben)
    # Names from services were never in a form of ours; Postgres takes no null byte.
    stored = name.replace("\0", "")
    User.objects.filter(pk=ben.pk).update(display_name=stored)
    send(Topic.REQUESTS, subject_id)
    [mail] = mailoutbox
    parsed: Parsed = message_from_bytes(mail.message().as_bytes())
    assert parsed["Bcc"] is None
    assert parsed["To"] == "ada_owner@example.org"
    assert "\n" not in mail.subject
    assert "\u202e" not in mail.subject
    assert "<b>" not in str(mail.alternatives[0][0])


def test_a_name_of_nothing_visible_gives_way_to_the_handle(
    ada: User, ben: User, mailoutbox: Outbox
) -> None:
    make_reader(ada)
    subject_id = request(ada, ben)
    User.objects.filter(pk=ben.pk).update(display_name="\u200b")
    send(Topic.REQUESTS, subject_id)
    assert mailoutbox[0].subject.startswith("ben_near would like")


def test_a_mail_has_the_colours_of_the_site() -> None:
    letter = (settings.BASE_DIR / "templates/emails/letter.html").read_text()
    tokens = (settings.BASE_DIR / "static/css/tokens.css").read_text()
    colours = set(re.findall(r"#[0-9a-f]{6}", letter))
    assert len(colours) == 10
    assert colours <= set(re.findall(r"#[0-9a-f]{6}", tokens))
    assert not re.search(r"<table|style=|<img|<script", letter)


# --- To whom --------------------------------------------------------------


@every_topic
def test_nobody_gets_what_they_did_not_ask_for(
    ada: User, ben: User, mailoutbox: Outbox, topic: Topic
) -> None:
    make_reader(ada, topics=tuple(set(Topic) - {topic}))
    send(topic, HAPPENINGS[topic](ada, ben))
    assert not mailoutbox
    assert not Mail.objects.exists()


def test_before_any_choice_only_decisions_are_told(
    ada: User, ben: User, mailoutbox: Outbox
) -> None:
    make_reader(ada)
    ada.mail_choice.delete()
    for topic, happens in HAPPENINGS.items():
        send(topic, happens(ada, ben))
        Connection.objects.all().delete()
    assert [mail.subject for mail in mailoutbox] == [
        "The moderators decided something about you · Musicmatch"
    ]


@every_topic
@pytest.mark.parametrize("state", ["none", "unconfirmed", "not in use"])
def test_only_a_confirmed_address_in_use(
    ada: User, ben: User, mailoutbox: Outbox, topic: Topic, state: str
) -> None:
    make_reader(ada)
    mine = EmailAddress.objects.filter(user=ada)
    if state == "none":
        mine.delete()
    elif state == "unconfirmed":
        mine.update(verified=False)
    else:
        mine.update(primary=False)
    send(topic, HAPPENINGS[topic](ada, ben))
    assert not mailoutbox


def blocked_by_me(ada: User, ben: User) -> None:
    block_create(blocker=ada, blocked=ben, now=NOW)


def blocked_me(ada: User, ben: User) -> None:
    block_create(blocker=ben, blocked=ada, now=NOW)


def they_paused(ada: User, ben: User) -> None:
    matching_pause(person=ben, now=NOW)


def i_paused(ada: User, ben: User) -> None:
    matching_pause(person=ada, now=NOW)


def they_suspended(ada: User, ben: User) -> None:
    User.objects.filter(pk=ben.pk).update(suspended_until=LATER)


def i_suspended(ada: User, ben: User) -> None:
    User.objects.filter(pk=ada.pk).update(suspended_until=LATER)


def they_inactive(ada: User, ben: User) -> None:
    User.objects.filter(pk=ben.pk).update(is_active=False)


def i_inactive(ada: User, ben: User) -> None:
    User.objects.filter(pk=ada.pk).update(is_active=False)


def they_left(ada: User, ben: User) -> None:
    User.objects.filter(pk=ben.pk).delete()


def i_left(ada: User, ben: User) -> None:
    User.objects.filter(pk=ada.pk).delete()


@by_people
@pytest.mark.parametrize(
    "change",
    [
        blocked_by_me,
        blocked_me,
        they_paused,
        i_paused,
        they_suspended,
        i_suspended,
        they_inactive,
        i_inactive,
        they_left,
        i_left,
    ],
)
def test_only_of_people_one_may_see(
    ada: User,
    ben: User,
    mailoutbox: Outbox,
    topic: Topic,
    change: Callable[[User, User], None],
) -> None:
    make_reader(ada)
    subject_id = HAPPENINGS[topic](ada, ben)
    change(ada, ben)
    send(topic, subject_id)
    assert not mailoutbox
    assert not Mail.objects.exists()


def test_a_request_of_someone_who_hid_is_not_told(
    ada: User, ben: User, mailoutbox: Outbox
) -> None:
    make_reader(ada)
    subject_id = request(ada, ben)
    User.objects.filter(pk=ben.pk).update(is_hidden=True)
    send(Topic.REQUESTS, subject_id)
    assert not mailoutbox


@pytest.mark.parametrize(
    ("change", "told"),
    [(i_suspended, 1), (i_paused, 1), (i_inactive, 0), (i_left, 0)],
)
def test_a_decision_is_told_to_the_suspended_too(
    ada: User,
    ben: User,
    mailoutbox: Outbox,
    change: Callable[[User, User], None],
    told: int,
) -> None:
    make_reader(ada)
    subject_id = decision(ada, ben)
    change(ada, ben)
    send(Topic.DECISIONS, subject_id)
    assert len(mailoutbox) == told
