"""A pair has one thread with two sides, and the database keeps them whole."""

import uuid
from datetime import datetime, timedelta

import pytest
from django.db import IntegrityError, transaction

from accounts.models import User
from social.models import Connection, Message, Thread, ThreadSide
from social.services import messages_see
from social.services.threads import thread_open
from tests.factories.threads import make_connection, say


def test_opening_twice_is_opening_once(ada: User, ben: User, now: datetime) -> None:
    first = thread_open(a=ada, b=ben, now=now)
    assert thread_open(a=ben, b=ada, now=now + timedelta(hours=1)) == first
    sides = {(s.person, s.other, s.unread) for s in ThreadSide.objects.all()}
    assert sides == {(ada, ben, 0), (ben, ada, 0)}


def test_both_sides_know_the_newest_message(ada: User, ben: User) -> None:
    thread = make_connection(ada, ben)
    message = say(ada, ben, "Do you know Grouper?")
    assert message.thread == thread
    mine = ThreadSide.objects.get(person=ada)
    theirs = ThreadSide.objects.get(person=ben)
    assert (mine.last_message, mine.unread) == (message, 0)
    assert (theirs.last_message, theirs.unread) == (message, 1)
    assert mine.last_message_at == theirs.last_message_at == message.sent_at


def test_only_what_was_shown_is_read(ada: User, ben: User, now: datetime) -> None:
    thread = make_connection(ada, ben)
    sent = [say(ben, ada, text) for text in ("One", "Two", "Three")]
    own = say(ada, ben, "Mine")
    shown = [sent[1].pk, sent[2].pk, own.pk]
    for _ in range(2):
        messages_see(viewer=ada, thread=thread, shown=shown, now=now)
        assert ThreadSide.objects.get(person=ada).unread == 1
    assert ThreadSide.objects.get(person=ben).unread == 1
    own.refresh_from_db()
    assert own.seen_at is None


def test_nobody_reads_for_someone_else(
    ada: User, ben: User, cyd: User, now: datetime
) -> None:
    make_connection(ada, ben)
    message = say(ben, ada)
    other = make_connection(ada, cyd)
    messages_see(viewer=ada, thread=other, shown=[message.pk], now=now)
    messages_see(viewer=ben, thread=message.thread, shown=[message.pk], now=now)
    assert ThreadSide.objects.get(person=ada, other=ben).unread == 1


def test_what_someone_wrote_goes_with_them_and_the_rest_stays(
    ada: User, ben: User
) -> None:
    thread = make_connection(ada, ben)
    mine = say(ada, ben, "Mine")
    say(ben, ada, "Theirs")
    ben.delete()
    assert list(thread.messages.all()) == [mine]
    [side] = ThreadSide.objects.left_behind()
    assert (side.person, side.other, side.last_message) == (ada, None, None)


# --- What the database refuses --------------------------------------------


def test_one_thread_for_a_pair(ada: User, ben: User, now: datetime) -> None:
    Thread.objects.create(low=ada, high=ben, created_at=now)
    names = "thread_unique_pair|low_id, social_thread.high_id"
    with pytest.raises(IntegrityError, match=names), transaction.atomic():
        Thread.objects.create(low=ada, high=ben, created_at=now)


def test_a_pair_stands_in_one_order(ada: User, ben: User, now: datetime) -> None:
    for low, high in ((ben, ada), (ada, ada)):
        with (
            pytest.raises(IntegrityError, match="thread_pair_in_order"),
            transaction.atomic(),
        ):
            Thread.objects.create(low=low, high=high, created_at=now)


def test_one_side_each_and_none_with_oneself(
    ada: User, ben: User, now: datetime
) -> None:
    thread = thread_open(a=ada, b=ben, now=now)
    names = "threadside_unique_person|thread_id, social_threadside.person_id"
    with pytest.raises(IntegrityError, match=names), transaction.atomic():
        ThreadSide.objects.create(thread=thread, person=ada, last_message_at=now)
    with (
        pytest.raises(IntegrityError, match="threadside_no_self"),
        transaction.atomic(),
    ):
        ThreadSide.objects.filter(person=ada).update(other=ada)


@pytest.mark.parametrize(
    ("constraint", "fields"),
    [
        ("message_says_something", {"body": ""}),
        ("message_card_is_whole", {"card_kind": "track"}),
        ("message_card_is_whole", {"card_name": "Grouper"}),
        ("message_card_is_whole", {"card_kind": "artist", "card_artist": "A"}),
        ("message_body_fits", {"body": "x" * 8001}),
    ],
)
def test_a_message_is_whole(
    ada: User, ben: User, constraint: str, fields: dict[str, str]
) -> None:
    thread = make_connection(ada, ben)
    message = say(ada, ben)
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        Message.objects.filter(thread=thread, pk=message.pk).update(**fields)


def test_a_key_sends_one_message(ada: User, ben: User, now: datetime) -> None:
    make_connection(ada, ben)
    message = say(ada, ben)
    names = "message_sent_once|sender_id, social_message.once_key"
    with pytest.raises(IntegrityError, match=names), transaction.atomic():
        Message.objects.create(
            thread=message.thread,
            sender=ada,
            body="Again",
            sent_at=now,
            once_key=message.once_key,
        )


def test_an_unknown_message_has_none_before_or_after(ada: User, ben: User) -> None:
    make_connection(ada, ben)
    message = say(ada, ben)
    for unknown in (uuid.uuid4(), message.thread.public_id):
        assert not Message.objects.from_on(unknown).exists()
        assert not Message.objects.before(unknown).exists()
    assert Connection.objects.accepted().count() == 1
