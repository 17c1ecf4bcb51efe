"""Each mail goes out once, and by itself."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from django.core.mail import EmailMultiAlternatives
from django.db import IntegrityError, connection, transaction

from accounts.models import User
from social import events
from social.delivery import Busy, Refused
from social.models import Connection, Mail, Topic
from social.services import (
    connection_accept,
    mail_choices_update,
    requests_see,
)
from social.tasks import mail_task
from tests.conftest import NOW
from tests.factories.mails import make_reader
from tests.factories.threads import say
from tests.social.mailing import (
    HAPPENINGS,
    LATER,
    Outbox,
    decision,
    every_topic,
    request,
    send,
)
from tests.threads import in_threads


@every_topic
def test_twice_is_once(ada: User, ben: User, mailoutbox: Outbox, topic: Topic) -> None:
    make_reader(ada)
    subject_id = HAPPENINGS[topic](ada, ben)
    send(topic, subject_id)
    send(topic, subject_id)
    assert len(mailoutbox) == 1


@pytest.mark.django_db(transaction=True)
@every_topic
def test_two_workers_at_once_send_one(
    ada: User, ben: User, mailoutbox: Outbox, topic: Topic
) -> None:
    if connection.vendor == "sqlite":
        pytest.skip("SQLite in memory lets one connection write, others wait for ever")
    make_reader(ada)
    subject_id = HAPPENINGS[topic](ada, ben)
    mailoutbox.clear()
    Mail.objects.all().delete()
    in_threads(*[lambda: send(topic, subject_id)] * 3)
    assert len(mailoutbox) == 1


def test_who_died_with_the_mail_in_hand_leaves_it_unsent(
    ada: User, ben: User, mailoutbox: Outbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_reader(ada)
    subject_id = request(ada, ben)

    def die(_: Any) -> None:
        raise SystemExit

    with monkeypatch.context() as patch:
        patch.setattr("social.services.mails.deliver", die)
        with pytest.raises(SystemExit):
            send(Topic.REQUESTS, subject_id)
    send(Topic.REQUESTS, subject_id)
    assert not mailoutbox


def test_a_busy_server_is_tried_again_and_everything_asked_anew(
    ada: User, ben: User, mailoutbox: Outbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_reader(ada)
    first, second = request(ada, ben), decision(ada, ben)

    def busy(_: Any) -> None:
        raise Busy

    with monkeypatch.context() as patch:
        patch.setattr("social.services.mails.deliver", busy)
        for topic, pk in ((Topic.REQUESTS, first), (Topic.DECISIONS, second)):
            with pytest.raises(Busy):
                send(topic, pk)
    assert set(Mail.objects.values_list("sent_at", flat=True)) == {None}
    requests_see(ids=[first], person=ada, now=LATER)
    send(Topic.REQUESTS, first)
    send(Topic.DECISIONS, second)
    assert [mail.subject.split()[0] for mail in mailoutbox] == ["The"]


def test_a_refused_mail_is_given_up_and_not_called_sent(
    ada: User,
    ben: User,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    address = make_reader(ada)

    def refuse(_: Any) -> None:
        raise Refused

    monkeypatch.setattr("social.services.mails.deliver", refuse)
    send(Topic.REQUESTS, request(ada, ben))
    assert Mail.objects.get().sent_at is None
    assert "A mail about requests is refused" in caplog.text
    assert address not in caplog.text


def test_the_database_keeps_one_row_for_each_mail(ada: User, now: datetime) -> None:
    def row() -> Mail:
        return Mail(person=ada, topic=Topic.REQUESTS, key="k", created_at=now)

    row().save()
    names = "mail_sent_once|social_mail.topic, social_mail.key"
    with pytest.raises(IntegrityError, match=names), transaction.atomic():
        row().save()
    assert {c.name for c in Mail._meta.constraints} == {"mail_sent_once"}


# --- The task -------------------------------------------------------------


def test_the_task_tries_again_by_itself(
    ada: User, ben: User, mailoutbox: Outbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_reader(ada)
    subject_id = decision(ada, ben)
    tries: list[int] = []

    def busy_twice(mail: EmailMultiAlternatives) -> None:
        tries.append(1)
        if len(tries) < 3:
            raise Busy
        mail.send()

    monkeypatch.setattr("social.services.mails.deliver", busy_twice)
    # Otherwise a task that is run in place is not run again.
    monkeypatch.setitem(mail_task.app.conf, "task_eager_propagates", False)
    mail_task.delay(topic="decisions", subject_id=subject_id)
    assert len(tries) == 3
    assert len(mailoutbox) == 1


def test_no_wait_is_longer_than_the_queue_keeps_a_task(settings: Any) -> None:
    waits = {events.WAIT.total_seconds(), mail_task.retry_backoff_max}
    assert max(waits) < settings.CELERY_BROKER_TRANSPORT_OPTIONS.get(
        "visibility_timeout", 600
    )


@pytest.mark.parametrize(
    ("event", "topic", "wait"),
    [
        (events.request_made, "requests", 300),
        (events.request_accepted, "accepted", 300),
        (events.message_sent, "messages", 300),
        (events.decision_made, "decisions", 0),
    ],
)
def test_an_event_queues_its_mail_after_commit(
    db: None,
    monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks: Any,
    event: Callable[[int], None],
    topic: str,
    wait: float,
) -> None:
    queued: list[dict[str, Any]] = []
    monkeypatch.setattr(mail_task, "apply_async", lambda **given: queued.append(given))
    with django_capture_on_commit_callbacks(execute=True):
        event(7)
        assert not queued
    assert queued == [{"kwargs": {"topic": topic, "subject_id": 7}, "countdown": wait}]


def test_a_broker_that_is_away_stops_nobody(
    ada: User,
    ben: User,
    monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks: Any,
) -> None:
    def away(**_: Any) -> None:
        raise ConnectionError

    monkeypatch.setattr(mail_task, "apply_async", away)
    with django_capture_on_commit_callbacks(execute=True):
        subject_id = request(ada, ben)
    assert Connection.objects.filter(pk=subject_id).exists()


def test_what_people_do_ends_in_a_mail(
    ada: User,
    ben: User,
    mailoutbox: Outbox,
    django_capture_on_commit_callbacks: Any,
) -> None:
    make_reader(ada)
    with django_capture_on_commit_callbacks(execute=True):
        request(ada, ben)
        row = Connection.objects.get()
    with django_capture_on_commit_callbacks(execute=True):
        connection_accept(connection=row, person=ada, now=NOW)
        say(ben, ada)
    assert [mail.subject for mail in mailoutbox] == [
        "Ben would like to connect with you · Musicmatch",
        "Ben wrote to you · Musicmatch",
    ]


def test_a_choice_made_meanwhile_counts(
    ada: User, ben: User, mailoutbox: Outbox
) -> None:
    make_reader(ada)
    subject_id = request(ada, ben)
    mail_choices_update(person=ada, wanted=[])
    send(Topic.REQUESTS, subject_id)
    assert not mailoutbox
