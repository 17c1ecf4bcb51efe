"""The pages of conversations: who is there, what is new, and nothing typed is lost."""

import re
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection as database
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import User
from accounts.services import matching_pause
from social import affinity, reading, services
from social.affinity import Card
from social.models import Connection, Message, ThreadSide
from tests.conftest import NOW
from tests.factories import make_person
from tests.factories.threads import make_connection, say

THREAD = "/messages/ben_near/"
NEWS = "/messages/ben_near/new/"
CARDS = [
    Card("artist", "Grouper"),
    Card("artist", "AC/DC & friends"),
    Card("artist", "Sade"),
    Card("artist", "Burial"),
    Card("track", "Headache", "Grouper"),
]
# As long as a session that was used just now writes nothing of its own.
DJANGOS_OWN = 2


@pytest.fixture
def friends(ada: User, ben: User) -> tuple[User, User]:
    make_connection(ada, ben)
    return ada, ben


@pytest.fixture
def shared(monkeypatch: pytest.MonkeyPatch) -> None:
    class Provider:
        def cards_between(
            self, viewer: User, person: User, connected: bool
        ) -> list[Card]:
            return CARDS

        def why_of(self, viewer: User, people_ids: Any) -> dict[int, Any]:
            return {}

    monkeypatch.setattr(affinity, "_provider", Provider())


def text(response: Any) -> str:
    return str(response.content.decode())


def marks(response: Any, name: str) -> list[str]:
    return re.findall(f'{name}="([^"]*)"', text(response))


def key_of(response: Any) -> str:
    [key] = re.findall(r'name="once_key" value="([^"]+)"', text(response))
    return str(key)


def count_queries(client: Client, url: str) -> int:
    client.get(url)
    with CaptureQueriesContext(database) as caught:
        assert client.get(url).status_code in (200, 204)
    return len(caught)


# --- The list -------------------------------------------------------------


def test_nobody_yet_is_said_with_a_way_on(as_ada: Client) -> None:
    page = as_ada.get("/messages/")
    assert "Nobody to write to yet" in text(page)
    assert 'href="/matches/"' in text(page)


def test_newest_first_with_what_is_unread(
    as_ada: Client, ada: User, ben: User, cyd: User, now: datetime
) -> None:
    for other in (ben, cyd):
        make_connection(ada, other)
    say(cyd, ada, "Three of them", now=now + timedelta(minutes=1))
    say(cyd, ada, "<b>rare</b>", now=now + timedelta(minutes=2))
    page = as_ada.get("/messages/")
    assert marks(page, "data-person") == ["cyd_stranger", "ben_near"]
    assert marks(page, "data-unread") == ["2", "0"]
    assert "&lt;b&gt;rare&lt;/b&gt;" in text(page)
    assert "Nothing written yet" in text(page)
    say(ada, ben, "Hello", now=now + timedelta(minutes=3))
    page = as_ada.get("/messages/")
    assert marks(page, "data-person") == ["ben_near", "cyd_stranger"]
    assert "You:" in text(page)


def test_pages_follow_each_other_without_gap_or_repeat(
    as_ada: Client, ada: User, now: datetime
) -> None:
    made = [make_person(f"person_{number:02}") for number in range(45)]
    for number, other in enumerate(made):
        # Several at one moment: the cursor still knows which of them it was.
        make_connection(ada, other, now=now + timedelta(minutes=number // 7))
    found, address = [], "/messages/"
    for expected in (20, 20, 5):
        page = as_ada.get(address)
        people = marks(page, "data-person")
        assert len(people) == expected
        found += people
        following = re.findall(r'rel="next" href="([^"]+)"', text(page))
        # A message that comes in meanwhile moves nothing on the pages behind it.
        say(ada, made[44], now=now + timedelta(hours=1))
        address = f"/messages/{following[0]}" if following else ""
    assert address == ""
    assert found == [person.handle for person in reversed(made)]


@pytest.mark.parametrize("cursor", ["x", "20261122T120000.0-x", "\0", "9" * 5000])
def test_a_cursor_that_is_none_begins_anew(
    as_ada: Client, friends: Any, cursor: str
) -> None:
    page = as_ada.get("/messages/", {"before": cursor})
    assert marks(page, "data-person") == ["ben_near"]


def test_the_list_asks_the_same_for_three_and_for_thirty(
    as_ada: Client, ada: User
) -> None:
    counts = []
    for upto in (3, 30):
        for number in range(upto):
            other = make_person(f"p{upto}_{number}")
            make_connection(ada, other)
            say(other, ada, now=timezone.now())
        counts.append(count_queries(as_ada, "/messages/"))
    assert counts[0] == counts[1] <= DJANGOS_OWN + 3


# --- Who is there ---------------------------------------------------------


def _block(ada: User, ben: User, now: datetime) -> None:
    services.block_create(blocker=ben, blocked=ada, now=now)


def _pause(ada: User, ben: User, now: datetime) -> None:
    matching_pause(person=ben, now=now)


def _suspend(ada: User, ben: User, now: datetime) -> None:
    User.objects.filter(pk=ben.pk).update(suspended_until=now + timedelta(days=900))


def _deactivate(ada: User, ben: User, now: datetime) -> None:
    User.objects.filter(pk=ben.pk).update(is_active=False)


def _hide_unconnected(ada: User, ben: User, now: datetime) -> None:
    row = Connection.objects.between(ada.pk, ben.pk).get()
    services.connection_remove(connection=row, person=ben, now=now)
    User.objects.filter(pk=ben.pk).update(is_hidden=True)


WAYS_TO_VANISH = [_block, _pause, _suspend, _deactivate, _hide_unconnected]


def _bare(response: Any, handle: str) -> str:
    token = r'name="csrfmiddlewaretoken" value="[^"]+"'
    return re.sub(token, "", text(response)).replace(handle, "")


@pytest.mark.parametrize("vanish", WAYS_TO_VANISH)
def test_who_is_not_there_left_no_trace(
    as_ada: Client,
    friends: tuple[User, User],
    now: datetime,
    vanish: Callable[[User, User, datetime], None],
) -> None:
    ada, ben = friends
    message = say(ben, ada, "A secret")
    vanish(ada, ben, now)
    inbox = as_ada.get("/messages/")
    assert "ben_near" not in text(inbox)
    assert "secret" not in text(inbox)
    assert "unread" not in text(inbox)
    missing = as_ada.get("/messages/nobody_here/")
    asked = [
        as_ada.get(THREAD),
        as_ada.get(NEWS),
        as_ada.get(NEWS, {"after": str(message.public_id)}),
        as_ada.get(THREAD, {"before": str(message.public_id)}),
        as_ada.get(f"/messages/left/{message.thread.public_id}/"),
        as_ada.post(THREAD, {"body": "Where are you?"}),
    ]
    for answer in asked:
        assert answer.status_code == 404
        assert _bare(answer, "ben_near") == _bare(missing, "nobody_here")
    assert Message.objects.count() == 1


def test_a_hidden_connection_still_writes(
    as_ada: Client, friends: tuple[User, User]
) -> None:
    User.objects.filter(handle="ben_near").update(is_hidden=True)
    assert as_ada.post(THREAD, {"body": "Hello"}).status_code == 302
    assert marks(as_ada.get("/messages/"), "data-person") == ["ben_near"]


@pytest.mark.parametrize("handle", ["cyd_stranger", "ada_owner", "nobody_here"])
def test_there_is_no_thread_with_whom_one_never_met(
    as_ada: Client, cyd: User, handle: str
) -> None:
    assert as_ada.get(f"/messages/{handle}/").status_code == 404
    assert as_ada.post(f"/messages/{handle}/", {"body": "Hi"}).status_code == 404
    assert as_ada.get(f"/messages/{handle}/new/").status_code == 404


def test_others_read_nothing(client: Client, friends: Any, cyd: User) -> None:
    message = say(*friends)
    for url in ("/messages/", THREAD, NEWS):
        assert client.get(url).status_code == 302
    client.force_login(cyd)
    for url in (THREAD, NEWS, f"/messages/left/{message.thread.public_id}/"):
        assert client.get(url).status_code == 404


# --- A thread -------------------------------------------------------------


@time_machine.travel(NOW, tick=False)
def test_two_voices_days_and_what_is_new(
    as_ada: Client, friends: tuple[User, User]
) -> None:
    ada, ben = friends
    User.objects.filter(pk=ada.pk).update(time_zone="Pacific/Auckland")
    today = timezone.now()
    say(ada, ben, "Long ago", now=datetime(2026, 3, 1, 23, 30, tzinfo=UTC))
    say(ben, ada, "One", now=today - timedelta(days=1))
    say(ben, ada, "Two", now=today)
    page = as_ada.get(THREAD)
    assert marks(page, "data-from") == ["ada_owner", "ben_near", "ben_near"]
    assert len(marks(page, "data-message")) == 3
    headings = re.findall(r'thread__day"><h2>([^<]+)<', text(page))
    assert headings == ["Monday 2 March 2026", "Yesterday", "Today"]
    assert ">12:30</time>" in text(page)
    assert text(page).count("thread__new") == 1
    assert text(page).index("thread__new") < text(page).index(">One<")
    assert "thread__new" not in text(as_ada.get(THREAD))
    reports = re.findall(
        r'href="(/people/ben_near/report/\?message=[^"]+)"', text(page)
    )
    assert len(reports) == 2


def test_text_is_never_markup(as_ada: Client, friends: Any) -> None:
    sent = (
        "<script>alert(1)</script>\nSee https://a.example/?q=1&r=2 and"
        " javascript:alert(1) <img src=x> http://b.example/\"onclick='x'"
    )
    as_ada.post(THREAD, {"body": sent})
    page = text(as_ada.get(THREAD))
    [said] = re.findall(r'<p class="said__text" dir="auto">(.*?)</p>', page, re.S)
    assert "&lt;script&gt;alert(1)&lt;/script&gt;<br>See" in said
    assert set(re.findall(r"<(\w+)", said)) == {"a", "br"}
    assert re.findall(r'<a href="([^"]+)" rel="([^"]+)">', said) == [
        ("https://a.example/?q=1&amp;r=2", "nofollow ugc noopener"),
        ("http://b.example/", "nofollow ugc noopener"),
    ]


def test_opening_reads_what_it_shows_and_no_more(
    as_ada: Client, friends: tuple[User, User]
) -> None:
    ada, ben = friends
    sent = [say(ben, ada, f"Line {number}") for number in range(35)]
    page = as_ada.get(THREAD)
    assert marks(page, "data-message") == [str(m.public_id) for m in sent[5:]]
    assert "Older messages, 5 of them unread" in text(page)
    assert ThreadSide.objects.get(person=ada).unread == 5
    [older] = re.findall(r'rel="prev" href="([^"]+)"', text(page))
    page = as_ada.get(older)
    assert marks(page, "data-message") == [str(m.public_id) for m in sent[:5]]
    assert "This is where your conversation begins" in text(page)
    assert ThreadSide.objects.get(person=ada).unread == 0
    for gone in (sent[0].public_id, uuid.uuid4(), "x", ""):
        assert as_ada.get(THREAD, {"before": str(gone)}).status_code == 404


def test_a_removed_message_keeps_its_place(
    as_ada: Client, friends: tuple[User, User], now: datetime
) -> None:
    ada, ben = friends
    message = say(ben, ada, "Something unkind", card=CARDS[0])
    Message.objects.filter(pk=message.pk).update(removed_at=now)
    for url in (THREAD, "/messages/"):
        page = as_ada.get(url)
        assert "Removed by a moderator" in text(page)
        assert "unkind" not in text(page)
        assert "Grouper" not in text(page)
    assert marks(as_ada.get(THREAD), "data-message") == [str(message.public_id)]


def test_someone_who_left_leaves_ones_own_words(
    as_ada: Client, friends: tuple[User, User]
) -> None:
    ada, ben = friends
    thread = say(ada, ben, "Farewell").thread
    say(ben, ada, "See you")
    ben.delete()
    inbox = as_ada.get("/messages/")
    assert marks(inbox, "data-unread") == ["0"]
    address = f"/messages/left/{thread.public_id}/"
    assert f'href="{address}#latest"' in text(inbox)
    page = as_ada.get(address)
    assert "Someone who left" in text(page)
    assert marks(page, "data-from") == ["ada_owner"]
    assert "See you" not in text(page)
    assert 'name="body"' not in text(page)
    assert as_ada.post(address, {"body": "Hello?"}).status_code == 405
    assert as_ada.get(THREAD).status_code == 404


def test_a_thread_asks_no_more_for_a_full_page(
    as_ada: Client, friends: tuple[User, User], cyd: User
) -> None:
    ada, ben = friends
    # Unread in both cases: what is there to count is counted.
    make_connection(ada, cyd)
    say(cyd, ada)
    say(ben, ada)
    few = count_queries(as_ada, THREAD)
    for _ in range(40):
        say(ben, ada)
    assert count_queries(as_ada, THREAD) == few <= 10 - DJANGOS_OWN


# --- Sending --------------------------------------------------------------


def test_sending_leads_to_the_new_message(
    as_ada: Client, friends: tuple[User, User]
) -> None:
    page = as_ada.get(THREAD)
    typed = {"body": " First line \r\n\r\nsecond ", "once_key": key_of(page)}
    answer = as_ada.post(THREAD, typed)
    message = Message.objects.get()
    assert answer.url == f"{THREAD}#m-{message.public_id}"
    assert message.body == "First line\n\nsecond"
    assert as_ada.post(THREAD, typed).url == answer.url
    assert Message.objects.count() == 1
    page = as_ada.get(THREAD)
    assert f'id="m-{message.public_id}"' in text(page)
    assert key_of(page) != typed["once_key"]


def test_an_old_form_with_new_words_is_asked_about(
    as_ada: Client, friends: Any
) -> None:
    typed = {"body": "One", "once_key": key_of(as_ada.get(THREAD))}
    as_ada.post(THREAD, typed)
    answer = as_ada.post(THREAD, {**typed, "body": "Two & three"})
    assert "You sent this form before" in text(answer)
    assert "Two &amp; three</textarea>" in text(answer)
    as_ada.post(THREAD, {"body": "Two & three", "once_key": key_of(answer)})
    bodies = Message.objects.order_by("pk").values_list("body", flat=True)
    assert list(bodies) == ["One", "Two & three"]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("", "Write something first."),
        (" \u200b\u202e ", "Write something first."),
        ("x" * 2001, "This is 2,001 characters long, and 2,000 fit."),
        (("a" + "\u0316" * 20) * 400, "too large to keep"),
    ],
)
def test_what_cannot_be_sent_is_kept(
    as_ada: Client, friends: Any, body: str, words: str
) -> None:
    key = str(uuid.uuid4())
    answer = as_ada.post(THREAD, {"body": body, "once_key": key})
    assert answer.status_code == 200
    assert words in text(answer)
    assert 'role="alert"' in text(answer)
    assert f"{body}</textarea>" in text(answer)
    assert key_of(answer) == key
    assert not Message.objects.exists()


def test_over_the_limit_says_until_when_and_keeps_the_text(
    as_ada: Client, friends: tuple[User, User]
) -> None:
    ada, ben = friends
    now = timezone.now()
    for number in range(52):
        say(ada, ben, now=now - timedelta(minutes=number))
    assert "You can send 8 more messages within this hour" in text(as_ada.get(THREAD))
    for number in range(8):
        say(ada, ben, now=now - timedelta(seconds=number))
    assert "that many have gone out. You can go on at" in text(as_ada.get(THREAD))
    answer = as_ada.post(THREAD, {"body": "One more <3"})
    assert answer.status_code == 429
    assert 0 < int(answer.headers["Retry-After"]) <= 9 * 60
    assert "One more &lt;3</textarea>" in text(answer)
    assert "your text is still here" in text(answer)
    assert Message.objects.count() == 60
    # A form that fails anyway is told its own reason.
    assert as_ada.post(THREAD, {"body": ""}).status_code == 200


def test_removed_a_moment_ago_keeps_the_text(
    as_ada: Client, friends: tuple[User, User], now: datetime
) -> None:
    ada, ben = friends
    say(ben, ada, "Hello")
    row = Connection.objects.get()
    services.connection_remove(connection=row, person=ben, now=now)
    answer = as_ada.post(THREAD, {"body": "Are you well?"})
    assert answer.status_code == 200
    assert "This was not sent" in text(answer)
    assert "Are you well?</textarea>" in text(answer)
    assert Message.objects.count() == 1
    page = as_ada.get(THREAD)
    assert "not connected any more" in text(page)
    assert marks(page, "data-from") == ["ben_near"]
    for gone in ('name="body"', "data-poll", "thread.js"):
        assert gone not in text(page)


# --- Cards ----------------------------------------------------------------


def test_three_shared_artists_lead_to_a_card(
    as_ada: Client, friends: Any, shared: None
) -> None:
    page = as_ada.get(THREAD)
    chips = re.findall(r'class="chip [^"]+" href="([^"]+)"', text(page))
    assert len(chips) == 3
    page = as_ada.get(chips[1].replace("&amp;", "&").removesuffix("#write"))
    laid = dict(re.findall(r'name="(kind|name|artist)" value="([^"]*)"', text(page)))
    assert laid == {"kind": "artist", "name": "AC/DC &amp; friends", "artist": ""}
    card = {"kind": "artist", "name": "AC/DC & friends", "artist": ""}
    assert as_ada.post(THREAD, {"body": "", **card}).status_code == 302
    assert Message.objects.get().card_name == "AC/DC & friends"
    assert "AC/DC &amp; friends" in text(as_ada.get(THREAD))
    assert "AC/DC &amp; friends" in text(as_ada.get("/messages/"))


def test_a_track_can_be_laid_beside_a_text(
    as_ada: Client, friends: Any, shared: None
) -> None:
    card = {"kind": "track", "name": "Headache", "artist": "Grouper"}
    assert 'value="Headache"' in text(as_ada.get(THREAD, card))
    as_ada.post(THREAD, {"body": "This one", **card})
    assert Message.objects.get().content == ("This one", *card.values())
    assert "Track by Grouper" in text(as_ada.get(THREAD))


def test_a_card_that_is_not_theirs_is_refused_in_words(
    as_ada: Client, friends: Any, shared: None
) -> None:
    card = {"kind": "artist", "name": "Nobody"}
    assert "Nobody" not in text(as_ada.get(THREAD, card))
    answer = as_ada.post(THREAD, {"body": "Listen", **card})
    assert "is not one of those you can send here" in text(answer)
    assert "Listen</textarea>" in text(answer)
    assert not Message.objects.exists()


# --- News -----------------------------------------------------------------


def test_nothing_new_is_one_query_and_nothing_sent(
    as_ada: Client, friends: tuple[User, User]
) -> None:
    message = say(*friends)
    url = f"{NEWS}?after={message.public_id}"
    as_ada.get(url)
    with CaptureQueriesContext(database) as caught:
        answer = as_ada.get(url)
    assert (answer.status_code, answer.content) == (204, b"")
    assert len(caught) == DJANGOS_OWN + 1
    assert as_ada.get(f"{NEWS}?after={uuid.uuid4()}").status_code == 204
    assert as_ada.get(f"{NEWS}?after=x").status_code == 404


@time_machine.travel(NOW, tick=False)
def test_news_are_what_came_after(as_ada: Client, friends: tuple[User, User]) -> None:
    ada, ben = friends
    assert as_ada.get(NEWS).status_code == 204
    now = timezone.now()
    first = say(ben, ada, "One", now=now - timedelta(days=1))
    answer = as_ada.get(NEWS)
    assert marks(answer, "data-message") == [str(first.public_id)]
    assert "Yesterday" in text(answer)
    second = say(ada, ben, "Two", now=now)
    third = say(ben, ada, "Three", now=now)
    answer = as_ada.get(NEWS, {"after": str(first.public_id)})
    assert marks(answer, "data-from") == ["ada_owner", "ben_near"]
    assert marks(answer, "data-message") == [
        str(second.public_id),
        str(third.public_id),
    ]
    assert f"?after={third.public_id}" in text(answer)
    assert 'hx-swap-oob="true"' in text(answer)
    assert "Today" in text(answer)
    assert "<html" not in text(answer)
    assert "no-store" in answer.headers["Cache-Control"]
    assert ThreadSide.objects.get(person=ada).unread == 0


def test_much_news_comes_in_parts(as_ada: Client, friends: tuple[User, User]) -> None:
    ada, ben = friends
    first = say(ada, ben)
    sent = [str(say(ben, ada).public_id) for _ in range(reading.MESSAGES + 5)]
    after, found = str(first.public_id), []
    while (answer := as_ada.get(NEWS, {"after": after})).status_code == 200:
        found += marks(answer, "data-message")
        after = found[-1]
    assert found == sent


def test_the_page_asks_for_what_comes_after_its_last_message(
    as_ada: Client, friends: tuple[User, User]
) -> None:
    page = text(as_ada.get(THREAD))
    assert f'hx-get="{NEWS}?after="' in page
    message = say(*friends)
    page = text(as_ada.get(THREAD))
    assert f'hx-get="{NEWS}?after={message.public_id}"' in page
