"""Two people, or one person twice, at one moment: one true state in the end.

SQLite takes one writer at a time, so there the order is all that can differ.
"""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import ObjectDoesNotExist
from django.db import connection

from accounts import throttle
from accounts.models import User
from social import services
from social.models import Block, Connection, Thread, ThreadSide
from social.services import (
    block_create,
    connection_accept,
    connection_decline,
    connection_remove,
    connection_request,
    connection_withdraw,
)
from tests.conftest import NOW
from tests.factories import make_person
from tests.social.asking import Verb, ask, state
from tests.threads import in_threads

State = Connection.State
Act = Callable[[], object]
# What may be told to the one who came second.
REFUSED = (
    services.NoSuchPerson,
    services.NoSuchConnection,
    services.NotOpen,
    ObjectDoesNotExist,
)
ROUNDS = 5


@pytest.fixture(params=["forth", "back", "at once"])
def order(request: pytest.FixtureRequest) -> str:
    if request.param == "at once" and connection.vendor != "postgresql":
        pytest.skip("SQLite has one writer at a time")
    return str(request.param)


@pytest.fixture
def ada(transactional_db: None) -> User:
    return make_person("ada_owner")


@pytest.fixture
def ben(transactional_db: None) -> User:
    return make_person("ben_near")


def asking(a: User, b: User) -> Act:
    return lambda: connection_request(requester=a, addressee=b, note="Hi", now=NOW)


def answering(verb: Verb, person: User) -> Act:
    found = Connection.objects.get()
    return lambda: verb(connection=found, person=person, now=NOW)


def blocking(a: User, b: User) -> Act:
    return lambda: block_create(blocker=a, blocked=b, now=NOW)


def run(order: str, *acts: Act) -> list[Any]:
    """Do everything in an order, or at once; return what each gave or raised."""

    def tried(act: Act) -> Callable[[], Any]:
        def attempt() -> Any:
            try:
                return act()
            except REFUSED as refusal:
                return refusal

        return attempt

    work = [tried(act) for act in acts]
    if order == "at once":
        return in_threads(*work)
    if order == "forth":
        return [one() for one in work]
    return [one() for one in reversed(work)][::-1]


def begin(ada: User, ben: User, *, accepted: bool = False) -> None:
    """Start from Ada's request to Ben, or from their connection."""
    Connection.objects.all().delete()
    Block.objects.all().delete()
    Thread.objects.all().delete()
    ask(ada, ben)
    if accepted:
        answering(connection_accept, ben)()


def is_whole() -> bool:
    """A connection has its one thread of two sides."""
    if state() != State.ACCEPTED:
        return True
    return (Thread.objects.count(), ThreadSide.objects.count()) == (1, 2)


def rounds(order: str) -> range:
    return range(ROUNDS if order == "at once" else 1)


def test_ask_and_ask(order: str, ada: User, ben: User) -> None:
    for _ in rounds(order):
        Connection.objects.all().delete()
        said = run(order, asking(ada, ben), asking(ben, ada))
        assert sorted(said) == ["connected", "sent"]
        assert state() == State.ACCEPTED
        assert is_whole()


def test_the_same_request_twice(order: str, ada: User, ben: User) -> None:
    for _ in rounds(order):
        Connection.objects.all().delete()
        said = run(order, asking(ada, ben), asking(ada, ben))
        assert sorted(said) == ["sent", "waiting"]
        assert state() == State.REQUESTED


def test_ask_and_block(order: str, ada: User, ben: User) -> None:
    for _ in rounds(order):
        Connection.objects.all().delete()
        Block.objects.all().delete()
        run(order, asking(ada, ben), blocking(ben, ada))
        assert Block.objects.count() == 1
        open_states = [State.REQUESTED, State.ACCEPTED, State.DECLINED]
        assert not Connection.objects.filter(state__in=open_states).exists()


def test_accept_and_withdraw(order: str, ada: User, ben: User) -> None:
    for _ in rounds(order):
        begin(ada, ben)
        accepted, withdrawn = run(
            order,
            answering(connection_accept, ben),
            answering(connection_withdraw, ada),
        )
        # One of the two came too late, and was told so.
        if state() == State.ACCEPTED:
            assert accepted is None
            assert isinstance(withdrawn, services.NotOpen)
        else:
            assert state() == State.WITHDRAWN
            assert withdrawn is None
            assert isinstance(accepted, services.NotOpen)
            assert not Thread.objects.exists()
        assert is_whole()


def test_accept_and_decline(order: str, ada: User, ben: User) -> None:
    for _ in rounds(order):
        begin(ada, ben)
        accepted, declined = run(
            order,
            answering(connection_accept, ben),
            answering(connection_decline, ben),
        )
        # A yes after a no is a yes; a no after a yes is too late.
        assert accepted is None
        assert declined is None or isinstance(declined, services.NotOpen)
        assert state() == State.ACCEPTED
        assert is_whole()


def test_accept_and_block(order: str, ada: User, ben: User) -> None:
    for _ in rounds(order):
        begin(ada, ben)
        run(order, answering(connection_accept, ben), blocking(ada, ben))
        assert state() == State.REMOVED
        assert Block.objects.count() == 1


def test_remove_and_block(order: str, ada: User, ben: User) -> None:
    for _ in rounds(order):
        begin(ada, ben, accepted=True)
        run(order, answering(connection_remove, ben), blocking(ada, ben))
        assert state() == State.REMOVED


def test_accept_twice(order: str, ada: User, ben: User) -> None:
    for _ in rounds(order):
        begin(ada, ben)
        accept = answering(connection_accept, ben)
        assert run(order, accept, accept) == [None, None]
        assert state() == State.ACCEPTED
        assert is_whole()


def test_blocks_from_both_sides(order: str, ada: User, ben: User) -> None:
    for _ in rounds(order):
        begin(ada, ben, accepted=True)
        run(order, blocking(ada, ben), blocking(ben, ada))
        assert Block.objects.count() == 2
        assert state() == State.REMOVED


def test_ask_and_leave(order: str, ada: User, ben: User) -> None:
    for number in rounds(order):
        cyd = make_person(f"cyd_{number}")
        left = User.objects.filter(pk=cyd.pk)
        run(order, asking(ada, cyd), left.delete)
        assert not Connection.objects.filter(addressee_id=cyd.pk).exists()
        assert not left.exists()


def test_the_limit_holds_for_requests_at_one_moment(order: str, ada: User) -> None:
    others = [make_person(f"person_{number}") for number in range(8)]

    def tried(person: User) -> Act:
        def attempt() -> object:
            try:
                return asking(ada, person)()
            except throttle.OverLimit as over:
                return over

        return attempt

    said = run(order, *[tried(person) for person in others])
    assert sum(1 for one in said if one == "sent") == throttle.ASK_AT_FIRST.times
    assert Connection.objects.count() == throttle.ASK_AT_FIRST.times
    times = {over.until for over in said if isinstance(over, throttle.OverLimit)}
    assert times == {NOW + timedelta(days=1)}
