"""Asking to connect, answering, and what each of the two gets to see of it."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from accounts import throttle
from accounts.models import User
from accounts.services import matching_pause
from social import services
from social.affinity import Card
from social.allowance import asks_left
from social.models import REST, Connection, Message, Thread
from social.models.connections import NoSuchMove
from social.services import (
    Asked,
    block_create,
    block_remove,
    connection_accept,
    connection_decline,
    connection_remove,
    connection_withdraw,
)
from social.standing import standing_of, states_for
from tests.conftest import NOW
from tests.social.asking import Verb, answer, ask, people, state

DAY = timedelta(days=1)
State = Connection.State


def seen_by(a: User, b: User) -> tuple[str, str]:
    """How each of the two stands with the other."""
    return standing_of(a, b).state, standing_of(b, a).state


# --- Asking ---------------------------------------------------------------


def test_a_request_waits_for_its_answer(ada: User, ben: User) -> None:
    card = Card("track", "Roads", "Portishead")
    assert ask(ada, ben, "Hello", card=card) == Asked.SENT
    row = Connection.objects.get()
    assert (row.requester, row.addressee, row.state) == (ada, ben, State.REQUESTED)
    assert (row.card_kind, row.card_name, row.card_artist) == (
        "track",
        "Roads",
        "Portishead",
    )
    assert (row.note, row.requested_at, row.seen_at) == ("Hello", NOW, None)
    assert seen_by(ada, ben) == ("sent", "incoming")


def test_asking_twice_is_asking_once(ada: User, ben: User) -> None:
    ask(ada, ben, "Hello")
    assert ask(ada, ben, "Hello again", NOW + DAY) == Asked.WAITING
    row = Connection.objects.get()
    assert (row.note, row.requested_at) == ("Hello", NOW)


def test_an_old_request_may_be_made_anew(ada: User, ben: User) -> None:
    ask(ada, ben, "Hello")
    services.requests_see(ids=[Connection.objects.get().pk], person=ben, now=NOW)
    assert ask(ada, ben, "Still here", NOW + REST) == Asked.SENT
    row = Connection.objects.get()
    assert (row.note, row.seen_at, row.state) == ("Still here", None, State.REQUESTED)


def test_crossed_requests_connect_at_once(ada: User, ben: User) -> None:
    ask(ada, ben, "Hello")
    assert ask(ben, ada, "And hello to you", NOW + DAY) == Asked.CONNECTED
    row = Connection.objects.get()
    assert (row.state, row.accepted_at) == (State.ACCEPTED, NOW + DAY)
    assert row.requester == ada
    assert seen_by(ada, ben) == ("accepted", "accepted")
    # What the second one typed is not lost.
    said = Message.objects.get()
    assert (said.sender, said.body) == (ben, "And hello to you")


def test_crossed_requests_without_words_leave_an_empty_thread(
    ada: User, ben: User
) -> None:
    ask(ada, ben)
    ask(ben, ada)
    assert Thread.objects.get().sides.count() == 2
    assert not Message.objects.exists()


def test_asking_someone_connected_changes_nothing(ada: User, ben: User) -> None:
    ask(ada, ben)
    ask(ben, ada)
    before = Connection.objects.values().get()
    assert ask(ada, ben, "Hello", NOW + DAY) == Asked.CONNECTED
    assert ask(ben, ada, "Hello", NOW + DAY) == Asked.CONNECTED
    assert Connection.objects.values().get() == before
    assert not Message.objects.exists()


@pytest.mark.parametrize("which", ["self", "blocked", "blocker", "paused", "left"])
def test_nobody_asks_whom_they_cannot_see(ada: User, ben: User, which: str) -> None:
    whom = ben
    if which == "self":
        whom = ada
    elif which == "blocked":
        block_create(blocker=ada, blocked=ben, now=NOW)
    elif which == "blocker":
        block_create(blocker=ben, blocked=ada, now=NOW)
    elif which == "paused":
        matching_pause(person=ben, now=NOW)
    else:
        User.objects.filter(pk=ben.pk).delete()
    with pytest.raises(services.NoSuchPerson):
        ask(ada, whom)
    assert not Connection.objects.exists()


def test_who_is_limited_cannot_ask_but_can_answer(
    ada: User, ben: User, cyd: User
) -> None:
    User.objects.filter(pk=ada.pk).update(limited_until=NOW + DAY)
    with pytest.raises(services.MayNotAsk):
        ask(ada, ben)
    ask(cyd, ada)
    assert ask(ada, cyd) == Asked.CONNECTED
    assert ask(ada, ben, at=NOW + DAY) == Asked.SENT


# --- Declined in silence --------------------------------------------------


def test_a_decline_looks_like_waiting(ada: User, ben: User) -> None:
    ask(ada, ben, "Hello")
    answer(connection_decline, ben, NOW + DAY)
    row = Connection.objects.get()
    assert (row.state, row.rests, row.rest_until) == (
        State.DECLINED,
        ada,
        NOW + DAY + REST,
    )
    assert seen_by(ada, ben) == ("sent", "")
    assert ask(ada, ben, "Please", NOW + 2 * DAY) == Asked.WAITING
    row.refresh_from_db()
    assert (row.state, row.note, row.requested_at) == (State.DECLINED, "Hello", NOW)


def test_asking_again_within_the_rest_is_declined_unseen(ada: User, ben: User) -> None:
    ask(ada, ben, "Hello")
    answer(connection_decline, ben)
    answer(connection_withdraw, ada)
    assert seen_by(ada, ben) == ("", "")
    assert ask(ada, ben, "Please", NOW + DAY) == Asked.SENT
    row = Connection.objects.get()
    assert (row.state, row.note) == (State.DECLINED, "Please")
    assert seen_by(ada, ben) == ("sent", "")
    assert not Connection.objects.incoming(ben.pk).exists()


def test_after_the_rest_it_is_a_fresh_request(ada: User, ben: User) -> None:
    ask(ada, ben, "Hello")
    answer(connection_decline, ben)
    answer(connection_withdraw, ada)
    assert ask(ada, ben, "A month later", NOW + REST) == Asked.SENT
    row = Connection.objects.get()
    assert (row.state, row.rests, row.rest_until) == (State.REQUESTED, None, None)
    assert seen_by(ada, ben) == ("sent", "incoming")


def test_waiting_and_declined_look_the_same_whenever_one_asks(
    ada: User, ben: User, cyd: User
) -> None:
    """Ben never answers, Cyd declines on the tenth day; Ada asks every few days."""
    ask(ada, ben, "First")
    ask(ada, cyd, "First")
    declined = Connection.objects.get(addressee=cyd)
    connection_decline(connection=declined, person=cyd, now=NOW + 10 * DAY)
    for days in range(11, 100, 3):
        at = NOW + days * DAY
        said = [ask(ada, whom, f"Day {days}", at) for whom in (ben, cyd)]
        assert said[0] == said[1]
        rows = [
            Connection.objects.values("note", "requested_at").get(addressee=whom)
            for whom in (ben, cyd)
        ]
        assert rows[0] == rows[1]
        assert standing_of(ada, ben).state == standing_of(ada, cyd).state == "sent"
        declined.refresh_from_db()
        rests = days < 40
        assert declined.state == (State.DECLINED if rests else State.REQUESTED)


def test_who_declined_may_ask_and_the_wish_still_stands(ada: User, ben: User) -> None:
    ask(ada, ben)
    answer(connection_decline, ben)
    assert ask(ben, ada, "I looked again", NOW + DAY) == Asked.CONNECTED
    row = Connection.objects.get()
    assert (row.state, row.rests, row.rest_until) == (State.ACCEPTED, None, None)
    assert Message.objects.get().body == "I looked again"


def test_who_declined_asks_afresh_when_the_wish_was_withdrawn(
    ada: User, ben: User
) -> None:
    ask(ada, ben)
    answer(connection_decline, ben)
    answer(connection_withdraw, ada)
    assert ask(ben, ada, "I looked again", NOW + DAY) == Asked.SENT
    row = Connection.objects.get()
    assert (row.requester, row.state, row.rests) == (ben, State.REQUESTED, None)
    assert seen_by(ada, ben) == ("incoming", "sent")


def test_a_block_does_not_end_a_rest(ada: User, ben: User) -> None:
    ask(ada, ben)
    answer(connection_decline, ben)
    block_create(blocker=ada, blocked=ben, now=NOW)
    block_remove(blocker=ada, blocked=ben)
    assert ask(ada, ben, at=NOW + DAY) == Asked.SENT
    assert state() == State.DECLINED


# --- Answering ------------------------------------------------------------


def test_accepting_opens_a_thread_and_twice_is_once(ada: User, ben: User) -> None:
    ask(ada, ben)
    answer(connection_accept, ben, NOW + DAY)
    before = Connection.objects.values().get()
    answer(connection_accept, ben, NOW + 2 * DAY)
    assert Connection.objects.values().get() == before
    thread = Thread.objects.get()
    assert {(s.person, s.other) for s in thread.sides.all()} == {(ada, ben), (ben, ada)}


def test_accepting_what_one_declined_is_still_possible(ada: User, ben: User) -> None:
    ask(ada, ben)
    answer(connection_decline, ben)
    answer(connection_accept, ben)
    assert state() == State.ACCEPTED


# Verb, whose, the states it leads from without a refusal, and to where.
VERBS = [
    (connection_accept, "ben", {"requested", "declined", "accepted"}, "accepted"),
    (connection_decline, "ben", {"requested", "declined"}, "declined"),
    (connection_withdraw, "ada", {"requested", "declined", "withdrawn"}, "withdrawn"),
    (connection_remove, "ada", {"accepted", "removed"}, "removed"),
    (connection_remove, "ben", {"accepted", "removed"}, "removed"),
]


@pytest.mark.parametrize("before", [str(value) for value in State])
@pytest.mark.parametrize(("verb", "who", "allowed", "to"), VERBS)
def test_each_verb_from_each_state(
    ada: User,
    ben: User,
    cyd: User,
    verb: Verb,
    who: str,
    allowed: Any,
    to: str,
    before: str,
) -> None:
    ask(ada, ben)
    Connection.objects.update(state=before, accepted_at=NOW)
    person, other = (ada, ben) if who == "ada" else (ben, ada)
    for stranger in (cyd, *([] if verb is connection_remove else [other])):
        with pytest.raises(services.NoSuchConnection):
            answer(verb, stranger)
    if before in allowed:
        answer(verb, person)
        answer(verb, person)
        assert state() == to
    else:
        with pytest.raises(services.NotOpen):
            answer(verb, person)
        assert state() == before


def test_no_move_that_is_not_named() -> None:
    for before in State:
        for after in set(State) - Connection.MOVES[before]:
            row = Connection(state=before)
            with pytest.raises(NoSuchMove):
                row.move(after, NOW)
            assert row.state == before


def test_removed_people_may_ask_again(ada: User, ben: User) -> None:
    ask(ada, ben)
    answer(connection_accept, ben)
    answer(connection_remove, ada)
    assert seen_by(ada, ben) == ("", "")
    assert ask(ben, ada) == Asked.SENT
    answer(connection_accept, ada)
    assert Thread.objects.count() == 1


def test_states_of_many_in_one_query(
    ada: User, ben: User, cyd: User, dee: User, django_assert_num_queries: Any
) -> None:
    ask(ada, ben)
    ask(cyd, ada)
    with django_assert_num_queries(1):
        found = states_for(ada, [ben.pk, cyd.pk, dee.pk])
    assert found == {ben.pk: "sent", cyd.pk: "incoming"}


def test_the_database_keeps_one_row_for_a_pair(ada: User, ben: User) -> None:
    ask(ada, ben)
    row = {"requested_at": NOW, "changed_at": NOW}
    with pytest.raises(IntegrityError), transaction.atomic():
        Connection.objects.create(requester=ben, addressee=ada, **row)
    with pytest.raises(IntegrityError), transaction.atomic():
        Connection.objects.create(requester=ada, addressee=ada, **row)
    with pytest.raises(IntegrityError), transaction.atomic():
        Connection.objects.update(state="accepted", accepted_at=None)


# --- The limit ------------------------------------------------------------


def test_five_a_day_in_the_first_week(ada: User) -> None:
    *first, last = people(6)
    for hours, person in enumerate(first):
        assert asks_left(ada, now=NOW).left == 5 - hours
        ask(ada, person, at=NOW + timedelta(hours=hours))
    later = NOW + timedelta(hours=5)
    with pytest.raises(throttle.OverLimit) as over:
        ask(ada, last, at=later)
    assert over.value.limit is throttle.ASK_AT_FIRST
    assert over.value.until == NOW + DAY
    assert ask(ada, last, at=NOW + DAY) == Asked.SENT


def test_then_twenty_a_day(ada: User) -> None:
    later = NOW + timedelta(days=7)
    assert asks_left(ada, now=later - timedelta(seconds=1)).left == 5
    assert asks_left(ada, now=later).left == 20
    *first, last = people(21)
    for person in first:
        ask(ada, person, at=later)
    with pytest.raises(throttle.OverLimit) as over:
        ask(ada, last, at=later)
    assert over.value.limit is throttle.ASK


def test_the_first_week_may_end_before_the_day(ada: User) -> None:
    almost = NOW + timedelta(days=7, hours=-2)
    for person in people(5):
        ask(ada, person, at=almost)
    assert asks_left(ada, now=almost).until == NOW + timedelta(days=7)


def test_only_unanswered_requests_count(ada: User, ben: User, cyd: User) -> None:
    ask(ada, ben)
    ask(ada, cyd)
    assert asks_left(ada, now=NOW).left == 3
    row = Connection.objects.get(addressee=ben)
    connection_accept(connection=row, person=ben, now=NOW)
    assert asks_left(ada, now=NOW).left == 4
    # A decline is not known to the one who asked; a withdrawal gives nothing back.
    row = Connection.objects.get(addressee=cyd)
    connection_decline(connection=row, person=cyd, now=NOW)
    assert asks_left(ada, now=NOW).left == 4
    connection_withdraw(connection=row, person=ada, now=NOW)
    assert asks_left(ada, now=NOW).left == 4


@pytest.mark.parametrize("who", ["asked", "asker"])
def test_a_block_gives_no_request_back(ada: User, ben: User, who: str) -> None:
    """Neither tells the count of a block, nor is blocking a way to ask more people."""
    ask(ada, ben)
    blocker, blocked = (ben, ada) if who == "asked" else (ada, ben)
    block_create(blocker=blocker, blocked=blocked, now=NOW)
    assert asks_left(ada, now=NOW).left == 4


def test_the_end_of_a_connection_counts_for_nothing(ada: User, ben: User) -> None:
    ask(ada, ben)
    row = Connection.objects.get()
    connection_accept(connection=row, person=ben, now=NOW)
    block_create(blocker=ben, blocked=ada, now=NOW)
    assert asks_left(ada, now=NOW).left == 5
