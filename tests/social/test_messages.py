"""Sending: to whom one is connected with, once, and so many within an hour."""

import uuid
from datetime import datetime, timedelta

import pytest
from django.db import connection as database

from accounts.models import User
from accounts.services import matching_pause
from accounts.text import length_of
from accounts.throttle import MESSAGE, OverLimit
from social import services
from social.affinity import Card
from social.forms.messages import MessageForm
from social.models import Connection, Message, ThreadSide
from social.reading import talk_or_404
from social.services import CannotSend, KeyUsed, NoSuchPerson, message_send
from tests.factories import make_person
from tests.factories.threads import make_connection, say
from tests.threads import in_threads

GROUPER = Card("artist", "Grouper")
HEADACHE = Card("track", "Headache", "Grouper")


def removed(a: User, b: User, now: datetime) -> None:
    row = Connection.objects.between(a.pk, b.pk).get()
    services.connection_remove(connection=row, person=b, now=now)


def blocked(a: User, b: User, now: datetime) -> None:
    services.block_create(blocker=b, blocked=a, now=now)


def paused(a: User, b: User, now: datetime) -> None:
    matching_pause(person=b, now=now)


def left(person: User, now: datetime) -> int:
    """How many messages someone still has, as their page says it."""
    [side, *_] = ThreadSide.objects.of(person.pk).select_related("other")
    return talk_or_404(person, side.other.handle, now=now).left


# --- To whom --------------------------------------------------------------


def test_only_the_connected_write(ada: User, ben: User) -> None:
    with pytest.raises(CannotSend):
        say(ada, ben)
    services.connection_request(requester=ada, addressee=ben, now=ada.joined_at)
    with pytest.raises(CannotSend):
        say(ada, ben)
    make_connection(ben, ada)
    assert say(ada, ben).body == "Hello"


@pytest.mark.parametrize(
    ("end", "refusal"),
    [(removed, CannotSend), (blocked, NoSuchPerson), (paused, NoSuchPerson)],
)
def test_what_ends_a_connection_ends_writing(
    ada: User, ben: User, now: datetime, end: object, refusal: type[Exception]
) -> None:
    make_connection(ada, ben)
    say(ada, ben)
    end(ada, ben, now)  # type: ignore[operator]
    for sender, recipient in ((ada, ben), (ben, ada)):
        with pytest.raises(refusal):
            say(sender, recipient)
    assert Message.objects.count() == 1
    assert ThreadSide.objects.get(person=ben).unread == 1


# --- Once -----------------------------------------------------------------


def test_one_key_sends_once(ada: User, ben: User, now: datetime) -> None:
    make_connection(ada, ben)
    sent = {"sender": ada, "recipient": ben, "once_key": uuid.uuid4(), "now": now}
    first = message_send(body="Hello", card=GROUPER, **sent)  # type: ignore[arg-type]
    again = message_send(body="Hello", card=GROUPER, **sent)  # type: ignore[arg-type]
    assert again == first
    assert ThreadSide.objects.get(person=ben).unread == 1
    removed(ada, ben, now)
    assert message_send(body="Hello", card=GROUPER, **sent) == first  # type: ignore[arg-type]


def test_a_key_never_swallows_other_words(
    ada: User, ben: User, cyd: User, now: datetime
) -> None:
    make_connection(ada, ben)
    make_connection(ada, cyd)
    key = uuid.uuid4()
    message_send(sender=ada, recipient=ben, body="Hello", once_key=key, now=now)
    others = [(ben, "Good bye", None), (cyd, "Hello", None), (ben, "Hello", GROUPER)]
    for recipient, body, card in others:
        with pytest.raises(KeyUsed):
            message_send(
                sender=ada,
                recipient=recipient,
                body=body,
                card=card,
                once_key=key,
                now=now,
            )
    # Someone else's key of the same value is their own.
    message_send(sender=ben, recipient=ada, body="Yes", once_key=key, now=now)
    assert Message.objects.count() == 2


def test_a_card_is_kept_by_name(ada: User, ben: User) -> None:
    make_connection(ada, ben)
    message = say(ada, ben, "", card=HEADACHE)
    assert message.content == ("", "track", "Headache", "Grouper")


# --- How many -------------------------------------------------------------


def test_sixty_an_hour_over_all_threads(
    ada: User, ben: User, cyd: User, now: datetime
) -> None:
    make_connection(ada, ben)
    make_connection(ada, cyd)
    minute = timedelta(minutes=1)
    for number in range(59):
        say(ada, (ben, cyd)[number % 2], now=now + number * minute / 2)
    assert left(ada, now + 30 * minute) == 1
    assert services.messages_free_at(sender=ada, now=now + 30 * minute) is None
    say(ada, ben, now=now + 30 * minute)
    with pytest.raises(OverLimit) as caught:
        say(ada, cyd, now=now + 31 * minute)
    assert (caught.value.limit, caught.value.until) == (MESSAGE, now + 60 * minute)
    assert left(ada, now + 31 * minute) == 0
    say(ben, ada, now=now + 31 * minute)
    say(ada, cyd, now=now + 60 * minute)
    assert Message.objects.filter(sender=ada).count() == 61


def test_what_was_not_sent_is_not_counted(
    ada: User, ben: User, cyd: User, now: datetime
) -> None:
    make_connection(ada, ben)
    with pytest.raises(CannotSend):
        say(ada, cyd)
    message = say(ada, ben)
    message_send(
        sender=ada, recipient=ben, body="Hello", once_key=message.once_key, now=now
    )
    assert left(ada, now) == 59


# --- At the same moment ---------------------------------------------------


@pytest.fixture
def pair(transactional_db: None) -> tuple[User, User]:
    if database.vendor != "postgresql":
        pytest.skip("SQLite lets one transaction write at a time")
    a, b = make_person("ann"), make_person("bob")
    make_connection(a, b)
    return a, b


def test_two_presses_at_once_send_once(pair: tuple[User, User], now: datetime) -> None:
    a, b = pair
    key = uuid.uuid4()

    def press() -> Message:
        return message_send(sender=a, recipient=b, body="Hi", once_key=key, now=now)

    first, *others = in_threads(*[press] * 4)
    assert others == [first] * 3
    assert ThreadSide.objects.get(person=b).unread == 1


def test_both_write_at_once(pair: tuple[User, User]) -> None:
    a, b = pair
    writing = [lambda: say(a, b), lambda: say(b, a)] * 4
    assert len(set(in_threads(*writing))) == 8
    newest = Message.objects.newest_first().first()
    for side in ThreadSide.objects.all():
        assert (side.unread, side.last_message) == (4, newest)


def test_the_last_one_of_an_hour_is_sent_once(
    pair: tuple[User, User], now: datetime
) -> None:
    a, b = pair
    for _ in range(59):
        say(a, b)

    def press() -> bool:
        try:
            say(a, b)
        except OverLimit:
            return False
        return True

    assert sorted(in_threads(*[press] * 3)) == [False, False, True]
    assert left(a, now) == 0


def test_reading_while_more_comes_in_loses_no_count(
    pair: tuple[User, User], now: datetime
) -> None:
    a, b = pair
    sent = [say(a, b) for _ in range(10)]
    shown = [message.pk for message in sent]

    def read() -> None:
        services.messages_see(viewer=b, thread=sent[0].thread, shown=shown, now=now)

    in_threads(read, read, lambda: say(a, b), lambda: say(a, b))
    assert ThreadSide.objects.get(person=b).unread == 2


# --- The form -------------------------------------------------------------


def form(body: str, **data: str) -> MessageForm:
    return MessageForm({"body": body, **data}, cards=[GROUPER, HEADACHE], chosen={})


FAMILY = "\U0001f468\u200d\U0001f469\u200d\U0001f467"


@pytest.mark.parametrize(
    ("body", "length"),
    [("", 0), ("a\nb", 3), ("e\u0301", 1), (FAMILY, 1), ("\U0001f1f5\U0001f1f9", 1)],
)
def test_characters_are_counted_as_people_see_them(body: str, length: int) -> None:
    assert length_of(body) == length


@pytest.mark.parametrize("body", ["x" * 2000, FAMILY * 1600, "é" * 2000])
def test_two_thousand_characters_fit(body: str) -> None:
    assert form(body).is_valid()
    assert length_of(body) <= 2000


def test_what_does_not_fit_is_said_in_words() -> None:
    assert form("x" * 2001).errors["body"] == [
        "This is 2,001 characters long, and 2,000 fit. Shorten it, or send it in parts."
    ]
    assert "too large to keep" in str(form(("a" + "\u0316" * 20) * 400).errors["body"])
    assert form(" \u200b\n ").errors["body"] == ["Write something first."]
    assert (
        form("A", kind="artist", name="Sade")
        .errors["__all__"][0]
        .startswith("That artist or track is not one of those you can send here.")
    )


def test_a_card_alone_says_enough() -> None:
    sent = form("", kind="track", name="Headache", artist="Grouper")
    assert sent.is_valid()
    assert sent.card == HEADACHE


def test_a_form_without_a_key_gets_one() -> None:
    for key in ("", "no key", "\0"):
        sent = form("Hello", once_key=key)
        assert sent.is_valid()
        assert isinstance(sent.cleaned_data["once_key"], uuid.UUID)
