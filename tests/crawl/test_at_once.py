"""Two presses at one moment, on Postgres, from two browsers."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from accounts.models import User
from social.models import Appeal, Block, Connection, Message, Report, Thread, ThreadSide
from social.services import (
    CannotDecide,
    block_create,
    connection_request,
    log_check,
    person_warn,
)
from tests.conftest import HOST, NOW
from tests.factories import make_person
from tests.factories.mails import make_notice
from tests.factories.threads import make_connection, say
from tests.social.deciding import RESPECT, make_moderator, report
from tests.threads import in_threads

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(
        "connection.vendor != 'postgresql'",
        reason="SQLite has one writer at a time: nothing happens at once",
    ),
]
_TIMES = 4
PASSWORD = "a long password"


@dataclass
class Pair:
    """Ada and Ben, each with a browser."""

    ada: User
    ben: User

    def press(self, person: User, path: str, **data: str) -> Callable[[], int]:
        """Return a press of a button, to be done in a thread."""
        client = Client(HTTP_HOST=HOST)
        client.force_login(person)
        client.raise_request_exception = False
        return lambda: client.post(path, data).status_code

    @property
    def rows(self) -> Any:
        return Connection.objects.between(self.ada.pk, self.ben.pk)

    def answer(self, person: User, verb: str) -> Callable[[], int]:
        return self.press(person, f"/connections/{self.rows.get().public_id}/{verb}/")


@pytest.fixture(params=range(_TIMES))
def pair(request: Any, transactional_db: None) -> Pair:
    # Which of the two comes first is chance: each test is done several times.
    return Pair(make_person("ada_owner"), make_person("ben_near"))


def fine(statuses: list[int]) -> bool:
    return set(statuses) <= {200, 302, 403, 404}


def is_whole(pair: Pair) -> bool:
    """What must hold whatever happened: one row, one thread, true counts."""
    are_one = pair.rows.count() <= 1 and Thread.objects.count() <= 1
    blocked = Block.objects.exists()
    is_blocked_whole = not (blocked and pair.rows.accepted().exists())
    counts = all(
        side.unread
        == Message.objects.filter(thread=side.thread, seen_at__isnull=True)
        .exclude(sender=side.person)
        .count()
        for side in ThreadSide.objects.exclude(other=None)
    )
    return are_one and is_blocked_whole and counts


def test_both_ask(pair: Pair) -> None:
    statuses = in_threads(
        pair.press(pair.ada, "/people/ben_near/connect/", note="Hello"),
        pair.press(pair.ben, "/people/ada_owner/connect/", note="Hello"),
    )
    assert fine(statuses)
    assert pair.rows.get().is_accepted
    assert is_whole(pair)


def test_asking_twice(pair: Pair) -> None:
    ask = [pair.press(pair.ada, "/people/ben_near/connect/") for _ in range(2)]
    assert fine(in_threads(*ask))
    assert pair.rows.get().state == "requested"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("accept", "withdraw"),
        ("accept", "decline"),
        ("accept", "accept"),
        ("decline", "withdraw"),
    ],
)
def test_two_answers(pair: Pair, one: str, other: str) -> None:
    connection_request(requester=pair.ada, addressee=pair.ben, now=timezone.now())
    who = pair.ada if other == "withdraw" else pair.ben
    statuses = in_threads(pair.answer(pair.ben, one), pair.answer(who, other))
    assert fine(statuses)
    assert pair.rows.get().state in {"accepted", "declined", "withdrawn"}
    assert is_whole(pair)
    assert ThreadSide.objects.count() == 2 * Thread.objects.count()


def test_accepting_beside_a_block(pair: Pair) -> None:
    connection_request(requester=pair.ada, addressee=pair.ben, now=timezone.now())
    statuses = in_threads(
        pair.answer(pair.ben, "accept"),
        pair.press(pair.ada, "/people/ben_near/block/"),
    )
    assert fine(statuses)
    assert Block.objects.count() == 1
    assert is_whole(pair)


def test_both_block(pair: Pair) -> None:
    make_connection(pair.ada, pair.ben)
    statuses = in_threads(
        pair.press(pair.ada, "/people/ben_near/block/"),
        pair.press(pair.ben, "/people/ada_owner/block/"),
    )
    assert fine(statuses)
    assert Block.objects.exists()
    assert is_whole(pair)


def test_blocking_beside_unblocking(pair: Pair) -> None:
    block_create(blocker=pair.ada, blocked=pair.ben, now=NOW)
    statuses = in_threads(
        pair.press(pair.ada, "/people/ben_near/unblock/"),
        pair.press(pair.ada, "/people/ben_near/block/"),
    )
    assert fine(statuses)
    assert Block.objects.count() <= 1


@pytest.mark.parametrize("end", ["remove", "block"])
def test_writing_beside_an_end(pair: Pair, end: str) -> None:
    make_connection(pair.ada, pair.ben)
    say(pair.ben, pair.ada)
    once = str(uuid.uuid4())
    write = pair.press(pair.ada, "/messages/ben_near/", body="Hi", once_key=once)
    stop = (
        pair.answer(pair.ben, "remove")
        if end == "remove"
        else pair.press(pair.ben, "/people/ada_owner/block/")
    )
    assert fine(in_threads(write, stop))
    assert not pair.rows.accepted().exists()
    assert is_whole(pair)


def test_sending_one_form_twice(pair: Pair) -> None:
    make_connection(pair.ada, pair.ben)
    sent = {"body": "Hi", "once_key": str(uuid.uuid4())}
    write = [pair.press(pair.ada, "/messages/ben_near/", **sent) for _ in range(3)]
    assert fine(in_threads(*write))
    assert Message.objects.filter(body="Hi").count() == 1
    assert is_whole(pair)


def test_writing_to_each_other(pair: Pair) -> None:
    make_connection(pair.ada, pair.ben)
    people = {"ben_near": pair.ada, "ada_owner": pair.ben}
    write = [
        pair.press(who, f"/messages/{to}/", body="Hi", once_key=str(uuid.uuid4()))
        for to, who in [*people.items()] * 2
    ]
    assert fine(in_threads(*write))
    assert Message.objects.count() == 4
    assert is_whole(pair)


def test_reporting_twice(pair: Pair) -> None:
    form = {"reason": "spam", "words": "Look"}
    report = [
        pair.press(pair.ada, "/people/ben_near/report/", **form) for _ in range(2)
    ]
    assert fine(in_threads(*report))
    assert Report.objects.count() == 1


def test_appealing_twice(pair: Pair) -> None:
    notice = make_notice(pair.ada)
    path = f"/notices/{notice.public_id}/appeal/"
    appeal = [pair.press(pair.ada, path, words=f"Mine {n}") for n in range(2)]
    assert fine(in_threads(*appeal))
    assert Appeal.objects.count() == 1


# --- Leaving --------------------------------------------------------------


def leave(pair: Pair, person: User) -> Callable[[], int]:
    return pair.press(person, "/settings/data/delete/", password=PASSWORD)


def test_leaving_twice(pair: Pair) -> None:
    assert fine(in_threads(leave(pair, pair.ada), leave(pair, pair.ada)))
    assert not User.objects.filter(handle="ada_owner").exists()


def test_both_leave(pair: Pair) -> None:
    make_connection(pair.ada, pair.ben)
    say(pair.ada, pair.ben)
    say(pair.ben, pair.ada)
    assert fine(in_threads(leave(pair, pair.ada), leave(pair, pair.ben)))
    assert not User.objects.exists()
    assert not Thread.objects.exists()


@pytest.mark.parametrize(
    ("path", "data"),
    [
        ("/messages/ada_owner/", {"body": "Hi", "once_key": str(uuid.UUID(int=7))}),
        ("/people/ada_owner/block/", {}),
        ("/people/ada_owner/report/", {"reason": "spam", "words": "Look"}),
        ("/people/ada_owner/connect/", {"note": "Hello"}),
        ("/settings/privacy/", {"action": "pause"}),
    ],
)
def test_leaving_beside_the_other(pair: Pair, path: str, data: dict[str, str]) -> None:
    make_connection(pair.ada, pair.ben)
    say(pair.ada, pair.ben)
    say(pair.ben, pair.ada)
    statuses = in_threads(leave(pair, pair.ada), pair.press(pair.ben, path, **data))
    assert fine(statuses)
    assert not User.objects.filter(handle="ada_owner").exists()
    assert not Message.objects.exclude(sender=pair.ben).exists()
    for case in Report.objects.all():
        assert case.snapshot["person"]["handle"] == ""


def test_leaving_beside_a_reader(pair: Pair) -> None:
    make_connection(pair.ada, pair.ben)
    say(pair.ben, pair.ada)
    for _ in range(20):
        say(pair.ada, pair.ben)
    reader = Client(HTTP_HOST=HOST)
    reader.force_login(pair.ben)
    reader.raise_request_exception = False
    read = lambda: reader.get("/messages/ada_owner/").status_code  # noqa: E731
    assert fine(in_threads(leave(pair, pair.ada), read))
    assert Message.objects.count() == 1
    assert ThreadSide.objects.get().unread == 0


def test_leaving_beside_a_decision(pair: Pair) -> None:
    made = report(pair.ben, pair.ada)
    judge = make_moderator()

    def decide() -> int:
        try:
            person_warn(
                report_id=made.pk, actor=judge, statement=RESPECT, now=timezone.now()
            )
        except CannotDecide:
            return 404
        return 200

    assert fine(in_threads(leave(pair, pair.ada), decide))
    case = Report.objects.get()
    assert case.person is None
    assert case.snapshot["person"]["handle"] == ""
    assert log_check().faults == []


def test_the_clock_of_these_tests_stands_after_what_was_done() -> None:
    # The limits count by it.
    assert timezone.now() - NOW >= timedelta(hours=1)
    assert connection.vendor == "postgresql"
