"""What mails tell of, each made the way it comes about."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.core.mail import EmailMultiAlternatives

from accounts.models import User
from social.models import Connection, Topic
from social.services import (
    connection_accept,
    connection_request,
    mail_send,
)
from tests.conftest import NOW
from tests.factories.mails import make_notice
from tests.factories.threads import make_connection, say

LATER = NOW + timedelta(minutes=5)
Outbox = list[EmailMultiAlternatives]
# Makes what a mail tells Ada of, done by Ben; returns its id.
Happening = Callable[[User, User], int]


def request(ada: User, ben: User) -> int:
    connection_request(requester=ben, addressee=ada, note="psst: secret", now=NOW)
    return Connection.objects.between(ada.pk, ben.pk).get().pk


def acceptance(ada: User, ben: User) -> int:
    connection_request(requester=ada, addressee=ben, now=NOW)
    row = Connection.objects.between(ada.pk, ben.pk).get()
    connection_accept(connection=row, person=ben, now=NOW)
    return row.pk


def message(ada: User, ben: User) -> int:
    make_connection(ada, ben)
    return say(ben, ada, "psst: secret").pk


def decision(ada: User, ben: User) -> int:
    return make_notice(ada).pk


HAPPENINGS: dict[Topic, Happening] = {
    Topic.REQUESTS: request,
    Topic.ACCEPTED: acceptance,
    Topic.MESSAGES: message,
    Topic.DECISIONS: decision,
}
every_topic = pytest.mark.parametrize("topic", list(Topic))
# The topics that another person causes.
by_people = pytest.mark.parametrize(
    "topic", [Topic.REQUESTS, Topic.ACCEPTED, Topic.MESSAGES]
)


def send(topic: Topic, subject_id: int, now: datetime = LATER) -> None:
    mail_send(topic=topic, subject_id=subject_id, now=now)
