"""A mail is sent only while what it tells of is news."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from accounts.models import User
from social.models import Connection, Message, Notice, Topic
from social.services import (
    connection_accept,
    connection_decline,
    connection_remove,
    connection_withdraw,
    messages_see,
    requests_see,
)
from tests.conftest import NOW
from tests.factories.mails import make_reader
from tests.factories.threads import make_connection, say
from tests.social.mailing import (
    HAPPENINGS,
    LATER,
    Outbox,
    acceptance,
    decision,
    every_topic,
    message,
    request,
    send,
)


def test_a_request_that_was_seen(ada: User, ben: User, mailoutbox: Outbox) -> None:
    make_reader(ada)
    subject_id = request(ada, ben)
    requests_see(ids=[subject_id], person=ada, now=NOW)
    send(Topic.REQUESTS, subject_id)
    assert not mailoutbox


@pytest.mark.parametrize(
    ("end", "who"),
    [
        (connection_accept, "ada"),
        (connection_decline, "ada"),
        (connection_withdraw, "ben"),
    ],
)
def test_a_request_that_waits_no_more(
    ada: User, ben: User, mailoutbox: Outbox, end: Any, who: str
) -> None:
    make_reader(ada)
    subject_id = request(ada, ben)
    row = Connection.objects.get(pk=subject_id)
    end(connection=row, person={"ada": ada, "ben": ben}[who], now=NOW)
    send(Topic.REQUESTS, subject_id)
    assert not mailoutbox


def test_asking_and_taking_back_in_turns_is_one_mail_a_day(
    ada: User, ben: User, mailoutbox: Outbox
) -> None:
    make_reader(ada)
    day = timedelta(days=1)
    for now in (NOW, NOW + timedelta(hours=1), NOW + timedelta(hours=2), NOW + day):
        subject_id = request(ada, ben)
        Connection.objects.update(changed_at=now)
        send(Topic.REQUESTS, subject_id, now)
        row = Connection.objects.get()
        connection_withdraw(connection=row, person=ben, now=now)
    assert len(mailoutbox) == 2


@pytest.mark.parametrize(
    ("was_here", "told"),
    [(None, 1), (NOW - timedelta(minutes=1), 1), (NOW + timedelta(minutes=1), 0)],
)
def test_an_acceptance_while_one_was_here(
    ada: User, ben: User, mailoutbox: Outbox, was_here: datetime | None, told: int
) -> None:
    make_reader(ada)
    subject_id = acceptance(ada, ben)
    User.objects.filter(pk=ada.pk).update(last_active_at=was_here)
    send(Topic.ACCEPTED, subject_id)
    assert len(mailoutbox) == told


def test_an_acceptance_is_told_to_who_asked_first(
    ada: User, ben: User, mailoutbox: Outbox
) -> None:
    first, second = make_reader(ada), make_reader(ben)
    make_connection(ada, ben)
    send(Topic.ACCEPTED, Connection.objects.get().pk)
    assert [mail.to for mail in mailoutbox] == [[first]]
    assert second not in str(mailoutbox[0].message())


@pytest.mark.parametrize("topic", [Topic.ACCEPTED, Topic.MESSAGES])
def test_a_connection_that_was_removed(
    ada: User, ben: User, mailoutbox: Outbox, topic: Topic
) -> None:
    make_reader(ada)
    subject_id = HAPPENINGS[topic](ada, ben)
    row = Connection.objects.get()
    connection_remove(connection=row, person=ada, now=NOW)
    send(topic, subject_id)
    assert not mailoutbox


def test_a_message_that_was_read(ada: User, ben: User, mailoutbox: Outbox) -> None:
    make_reader(ada)
    subject_id = message(ada, ben)
    thread = Message.objects.get().thread
    messages_see(viewer=ada, thread=thread, shown=[subject_id], now=NOW)
    send(Topic.MESSAGES, subject_id)
    assert not mailoutbox


def test_one_mail_until_a_conversation_is_read(
    ada: User, ben: User, mailoutbox: Outbox
) -> None:
    make_reader(ada)
    thread = make_connection(ada, ben)
    first, second = say(ben, ada), say(ben, ada)
    for written in (first, second):
        send(Topic.MESSAGES, written.pk)
    assert len(mailoutbox) == 1
    messages_see(viewer=ada, thread=thread, shown=[first.pk, second.pk], now=LATER)
    send(Topic.MESSAGES, say(ben, ada).pk)
    assert len(mailoutbox) == 2


def test_ones_own_words_are_no_news(ada: User, ben: User, mailoutbox: Outbox) -> None:
    make_reader(ada)
    make_connection(ada, ben)
    say(ada, ben)
    send(Topic.MESSAGES, say(ben, ada).pk)
    assert [mail.to for mail in mailoutbox] == [["ada_owner@example.org"]]


def test_a_message_that_moderators_removed(
    ada: User, ben: User, mailoutbox: Outbox
) -> None:
    make_reader(ada)
    subject_id = message(ada, ben)
    Message.objects.update(removed_at=NOW, body="")
    send(Topic.MESSAGES, subject_id)
    assert not mailoutbox


def test_a_notice_that_was_read(ada: User, ben: User, mailoutbox: Outbox) -> None:
    make_reader(ada)
    subject_id = decision(ada, ben)
    Notice.objects.update(seen_at=NOW)
    send(Topic.DECISIONS, subject_id)
    assert not mailoutbox


@every_topic
def test_what_is_not_there_is_no_news(
    db: None, mailoutbox: Outbox, topic: Topic
) -> None:
    send(topic, 404_404)
    assert not mailoutbox
