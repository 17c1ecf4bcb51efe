"""What waits, counted of people one may see, in one query."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from accounts.models import User
from accounts.services import matching_pause
from social import badges
from social.badges import Badges, badges_of
from social.models import Connection
from social.services import (
    block_create,
    connection_accept,
    connection_decline,
    connection_remove,
    connection_request,
    connection_withdraw,
    messages_see,
)
from social.statements import SOMEONE
from tests.conftest import require_or_skip
from tests.factories import make_person, make_user
from tests.factories.mails import make_notice
from tests.factories.threads import make_connection, say

Change = Callable[[User, User, datetime], object]


def blocked_by_me(me: User, other: User, now: datetime) -> None:
    block_create(blocker=me, blocked=other, now=now)


def blocked_me(me: User, other: User, now: datetime) -> None:
    block_create(blocker=other, blocked=me, now=now)


def they_paused(me: User, other: User, now: datetime) -> None:
    matching_pause(person=other, now=now)


def i_paused(me: User, other: User, now: datetime) -> None:
    matching_pause(person=me, now=now)


def they_suspended(me: User, other: User, now: datetime) -> None:
    User.objects.filter(pk=other.pk).update(suspended_until=now + timedelta(days=1))


def i_suspended(me: User, other: User, now: datetime) -> None:
    User.objects.filter(pk=me.pk).update(suspended_until=now + timedelta(days=1))


def they_inactive(me: User, other: User, now: datetime) -> None:
    User.objects.filter(pk=other.pk).update(is_active=False)


def they_hid(me: User, other: User, now: datetime) -> None:
    User.objects.filter(pk=other.pk).update(is_hidden=True)


def i_hid(me: User, other: User, now: datetime) -> None:
    User.objects.filter(pk=me.pk).update(is_hidden=True)


def they_left(me: User, other: User, now: datetime) -> None:
    other.delete()


def nothing(me: User, other: User, now: datetime) -> None:
    """Leave everything as it is."""


GONE: list[Change] = [
    blocked_by_me,
    blocked_me,
    they_paused,
    i_paused,
    they_suspended,
    i_suspended,
    they_inactive,
    they_left,
]


@pytest.mark.parametrize(
    ("change", "count"),
    [(nothing, 1), (they_hid, 0), (i_hid, 0), *((change, 0) for change in GONE)],
)
def test_requests_of_those_one_may_see(
    ada: User, ben: User, now: datetime, change: Change, count: int
) -> None:
    connection_request(requester=ben, addressee=ada, now=now)
    change(ada, ben, now)
    ada.refresh_from_db()
    assert badges_of(ada).requests == count


# Those who are connected see each other even when one hides.
@pytest.mark.parametrize(
    ("change", "count"),
    [(nothing, 2), (they_hid, 2), (i_hid, 2), *((change, 0) for change in GONE)],
)
def test_unread_messages_of_those_one_may_see(
    ada: User, ben: User, now: datetime, change: Change, count: int
) -> None:
    make_connection(ada, ben)
    say(ben, ada)
    say(ben, ada)
    change(ada, ben, now)
    ada.refresh_from_db()
    assert badges_of(ada).messages == count


@pytest.mark.parametrize(
    ("answer", "who"),
    [
        (connection_accept, "ada"),
        (connection_decline, "ada"),
        (connection_withdraw, "ben"),
    ],
)
def test_an_answered_request_waits_no_more(
    ada: User, ben: User, now: datetime, answer: Any, who: str
) -> None:
    connection_request(requester=ben, addressee=ada, now=now)
    row = Connection.objects.get()
    answer(connection=row, person={"ada": ada, "ben": ben}[who], now=now)
    assert badges_of(ada) == badges_of(ben) == Badges(0, 0, 0)


def test_what_one_did_oneself_does_not_wait(
    ada: User, ben: User, cyd: User, now: datetime
) -> None:
    connection_request(requester=ada, addressee=cyd, now=now)
    make_connection(ada, ben)
    say(ada, ben)
    assert badges_of(ada) == Badges(0, 0, 0)
    assert badges_of(ben) == Badges(0, 1, 0)
    assert badges_of(cyd) == Badges(1, 0, 0)


def test_reading_takes_off_what_was_read(ada: User, ben: User, now: datetime) -> None:
    thread = make_connection(ada, ben)
    first = say(ben, ada)
    say(ben, ada)
    messages_see(viewer=ada, thread=thread, shown=[first.pk], now=now)
    assert badges_of(ada).messages == 1


def test_what_was_written_before_a_removal_can_still_be_read(
    ada: User, ben: User, now: datetime
) -> None:
    make_connection(ada, ben)
    say(ben, ada)
    connection_remove(connection=Connection.objects.get(), person=ben, now=now)
    assert badges_of(ada).messages == 1


def test_all_conversations_and_requests_add_up(
    ada: User, ben: User, cyd: User, dee: User, now: datetime
) -> None:
    for other in (ben, cyd):
        make_connection(ada, other)
        say(other, ada)
    for name in ("eve_five", "fin_six"):
        connection_request(requester=make_person(name), addressee=ada, now=now)
    connection_request(requester=dee, addressee=ada, now=now)
    block_create(blocker=dee, blocked=ada, now=now)
    assert badges_of(ada) == Badges(requests=2, messages=2, notices=0)


def test_notices_are_ones_own_and_unseen(ada: User, ben: User, now: datetime) -> None:
    make_notice(ada)
    seen = make_notice(ada)
    seen.seen_at = now
    seen.save()
    make_notice(ben)
    i_suspended(ada, ben, now)
    ada.refresh_from_db()
    assert badges_of(ada) == Badges(0, 0, 1)


def test_someone_who_has_not_joined(db: None) -> None:
    person = make_user("only_signed_up")
    make_notice(make_person("other_one"))
    assert badges_of(person) == Badges(0, 0, 0)


@pytest.mark.parametrize("others", [0, 1, 8])
def test_it_is_one_query(
    ada: User,
    now: datetime,
    django_assert_num_queries: Any,
    others: int,
) -> None:
    for number in range(others):
        connection_request(
            requester=make_person(f"asks_{number}"), addressee=ada, now=now
        )
        other = make_person(f"writes_{number}")
        make_connection(ada, other)
        say(other, ada)
        make_notice(ada)
    with django_assert_num_queries(1):
        assert badges_of(ada) == Badges(others, others, others)


# --- In the header --------------------------------------------------------


def test_the_header_says_them_in_words(
    as_ada: Client, ada: User, ben: User, cyd: User, now: datetime
) -> None:
    make_connection(ada, ben)
    say(ben, ada)
    say(ben, ada)
    connection_request(requester=cyd, addressee=ada, now=now)
    make_notice(ada)
    page = as_ada.get("/about/").content.decode()
    assert '<span class="unseen">2 unread</span>' in page
    assert '<span class="unseen">1 to answer</span>' in page
    assert '<span class="unseen">1 new</span>' in page


def test_the_header_is_quiet_when_nothing_waits(as_ada: Client) -> None:
    assert b'class="count"' not in as_ada.get("/about/").content


def test_a_large_number_is_short_to_the_eye(
    as_ada: Client, ada: User, ben: User
) -> None:
    make_connection(ada, ben)
    say(ben, ada)
    ada.thread_sides.update(unread=120)
    page = as_ada.get("/about/").content.decode()
    assert '<span class="count" aria-hidden="true">99+</span>' in page
    assert "120 unread" in page


def test_a_page_without_a_header_counts_nothing(
    as_ada: Client, client: Client, django_assert_num_queries: Any
) -> None:
    as_ada.get("/about/")
    with django_assert_num_queries(3) as with_header:
        as_ada.get("/about/")
    # Its own query looks for the person.
    with django_assert_num_queries(3) as without:
        assert as_ada.get("/people/nobody_here/").status_code == 404
    assert "social_notice" in with_header.captured_queries[-1]["sql"]
    assert all("social_notice" not in query["sql"] for query in without)


def test_a_stranger_is_counted_nothing(
    db: None, django_assert_num_queries: Any
) -> None:
    with django_assert_num_queries(0):
        assert Client(HTTP_HOST="127.0.0.1").get("/about/").status_code == 200


def test_the_rows_of_one_person_are_not_joined_with_everybody(ada: User) -> None:
    """Left to itself Postgres reads all people once there are many, for a few rows."""
    require_or_skip(connection.vendor == "postgresql", "Postgres")
    question = badges._waiting(ada)
    given = [ada.pk if one == SOMEONE else one for one in question.given]
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN {question.text}", given)
        plan = "\n".join(line for [line] in cursor.fetchall())
    assert "Scan on accounts_user" in plan or "accounts_user_pkey" in plan
    assert "Join" not in plan, plan
    assert "Nested Loop" not in plan, plan
