"""The pages of asking to connect: what stands there, for whom, and at what cost."""

import re
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client

from accounts.models import User
from accounts.services import matching_pause
from matching.services import index_rebuild
from social.allowance import asks_left
from social.models import REST, Connection
from social.services import (
    block_create,
    connection_accept,
    connection_decline,
    connection_withdraw,
)
from tests.conftest import HOST, NOW
from tests.factories import make_person, make_taste
from tests.social.asking import answer, ask, counted, people, state

DAY = timedelta(days=1)
State = Connection.State


@pytest.fixture(autouse=True)
def _clock() -> Any:
    with time_machine.travel(NOW, tick=False):
        yield


def signed_in(person: User) -> Client:
    client = Client(HTTP_HOST=HOST)
    client.force_login(person)
    return client


# --- Pages ----------------------------------------------------------------

REQUESTS = "/connections/requests/"


def address(verb: str) -> str:
    return f"/connections/{Connection.objects.get().public_id}/{verb}/"


def marks(page: Any) -> list[tuple[str, str]]:
    found = re.findall(
        r'data-connection="[0-9a-f-]{36}" data-person="(\w+)" data-state="(\w+)"',
        page.content.decode(),
    )
    return [(person, state) for person, state in found]


def test_the_whole_way_on_the_pages(as_ada: Client, community: list[User]) -> None:
    ben = community[1]
    page = as_ada.get("/people/ben_near/connect/?kind=artist&name=Grouper")
    html = page.content.decode()
    assert "You can ask 5 more people today." in html
    assert "3 artists in common" in html
    wish = re.search(r'<option value="([^"]*)" selected>Grouper', html)
    assert wish is not None
    data = {
        "note": "Hello <b>you</b>\nhttps://example.org",
        "card": '["artist", "Grouper", ""]',
    }
    done = as_ada.post("/people/ben_near/connect/", data, follow=True)
    assert done.redirect_chain == [(REQUESTS, 302)]
    assert marks(done) == [("ben_near", "sent")]
    assert b"Your request is with Ben." in done.content
    sent = done.content.decode().partition("Whom you asked")[2]
    assert "3 artists in common" in sent
    assert "of 100" in sent
    assert 'class="chip"' in sent
    theirs = signed_in(ben)
    page = theirs.get(REQUESTS)
    assert marks(page) == [("ada_owner", "incoming")]
    html = page.content.decode()
    assert "Hello &lt;b&gt;you&lt;/b&gt;<br>" in html
    assert 'rel="nofollow ugc noopener"' in html
    assert "3 artists in common" in html
    assert 'href="/matches/ada_owner/"' in html
    assert "Grouper" in html
    assert "Accept connection" in html
    assert "Not now" in html
    assert "/people/ada_owner/block/" in html
    done = theirs.post(address("accept"), follow=True)
    assert done.redirect_chain == [("/connections/", 302)]
    assert marks(done) == [("ada_owner", "accepted")]
    assert marks(as_ada.get("/connections/")) == [("ben_near", "accepted")]


def test_a_declined_request_stays_with_the_sender(
    as_ada: Client, ada: User, ben: User
) -> None:
    ask(ada, ben, "Hello")
    theirs = signed_in(ben)
    theirs.get(REQUESTS)
    before = {path: stripped(as_ada.get(path)) for path in SENDER}
    done = theirs.post(address("decline"), follow=True)
    assert b"Put aside. Ada is not told." in done.content
    assert marks(done) == []
    assert {path: stripped(as_ada.get(path)) for path in SENDER} == before
    assert marks(as_ada.get(REQUESTS)) == [("ben_near", "sent")]


SENDER = (
    REQUESTS,
    "/connections/",
    "/people/ben_near/",
    "/people/ben_near/connect/",
    "/people/cyd_stranger/connect/",
    "/matches/",
)


def stripped(page: Any) -> str:
    assert page.status_code in (200, 404)
    return re.sub(r'(csrf\w*" value=")[^"]*', r"\1", page.content.decode())


def test_withdrawing_takes_it_off_both_lists(
    as_ada: Client, ada: User, ben: User
) -> None:
    ask(ada, ben)
    done = as_ada.post(address("withdraw"), follow=True)
    assert done.redirect_chain == [(REQUESTS, 302)]
    assert marks(done) == marks(signed_in(ben).get(REQUESTS)) == []
    late = signed_in(ben).post(address("accept"), follow=True)
    assert b"Ada has taken the request back." in late.content
    assert state() == State.WITHDRAWN


def test_removing_is_asked_first(as_ada: Client, ada: User, ben: User) -> None:
    ask(ada, ben)
    assert as_ada.get(address("remove")).status_code == 404
    ask(ben, ada)
    assert b"Remove your connection with Ben" in as_ada.get(address("remove")).content
    assert state() == State.ACCEPTED
    done = as_ada.post(address("remove"), follow=True)
    assert b"You and Ben are not connected any more." in done.content
    assert marks(done) == []


def test_the_request_page_of_each_state(as_ada: Client, ada: User, ben: User) -> None:
    page = "/people/ben_near/connect/"
    ask(ben, ada, "Hello from Ben")
    html = as_ada.get(page).content.decode()
    assert "Ben asked you" in html
    assert "Hello from Ben" in html
    assert 'name="note"' not in html
    assert Connection.objects.get().seen_at == NOW
    answer(connection_decline, ada)
    assert 'name="note"' in as_ada.get(page).content.decode()
    answer(connection_withdraw, ben)
    ask(ada, ben, "Mine")
    html = as_ada.get(page).content.decode()
    assert "Withdraw request" in html
    assert 'name="note"' not in html
    with time_machine.travel(NOW + REST):
        assert 'name="note"' in signed_in(ada).get(page).content.decode()
    ask(ben, ada)
    there = as_ada.get(f"{page}?kind=artist&name=Sade")
    assert there["Location"] == "/messages/ben_near/?kind=artist&name=Sade"


@pytest.mark.parametrize(
    ("note", "says"),
    [
        ("x" * 301, "This is 301 characters long, and 300 fit."),
        ("e\u0301\u0323\u0324\u0325\u0326" * 300, "too large to keep"),
    ],
)
def test_a_note_too_long_is_refused_and_kept(
    as_ada: Client, ben: User, note: str, says: str
) -> None:
    page = as_ada.post("/people/ben_near/connect/", {"note": note})
    assert page.status_code == 200
    assert says in page.content.decode()
    assert 'role="alert"' in page.content.decode()
    assert "x" * 301 in page.content.decode() or "\u0323" in page.content.decode()
    assert not Connection.objects.exists()


def test_a_note_is_counted_as_people_see_it(as_ada: Client, ben: User) -> None:
    family = "\U0001f468\u200d\U0001f469\u200d\U0001f467"
    as_ada.post("/people/ben_near/connect/", {"note": family * 200})
    assert Connection.objects.get().note == family * 200


@pytest.mark.parametrize(
    "data",
    [
        {"card": '["artist", "Autechre", ""]'},
        {"card": "nonsense"},
        {"kind": "artist", "name": "Autechre"},
        {"kind": "track", "name": "Grouper", "artist": ""},
    ],
)
def test_music_the_two_do_not_share_is_refused(
    as_ada: Client, community: list[User], data: dict[str, str]
) -> None:
    page = as_ada.post("/people/ben_near/connect/", {"note": "Hello", **data})
    assert b"not among the music of you two" in page.content
    assert b"Hello" in page.content
    assert not Connection.objects.exists()


def test_an_address_may_ask_for_music_they_do_not_share(
    as_ada: Client, community: list[User]
) -> None:
    page = as_ada.get("/people/ben_near/connect/?kind=artist&name=Autechre")
    assert page.status_code == 200
    assert b"not among the music of you two" in page.content


def test_a_card_may_come_in_its_parts(as_ada: Client, community: list[User]) -> None:
    data = {"kind": "artist", "name": "Sade", "artist": ""}
    as_ada.post("/people/ben_near/connect/", data)
    assert Connection.objects.get().card_name == "Sade"


def test_over_the_limit_nothing_typed_is_lost(as_ada: Client, ada: User) -> None:
    *first, last = people(6)
    for person in first:
        ask(ada, person)
    page = as_ada.get(f"/people/{last.handle}/connect/").content.decode()
    assert "In your first week here you can ask 5 people a day" in page
    assert 'name="note"' not in page
    over = as_ada.post(f"/people/{last.handle}/connect/", {"note": "My long words"})
    assert over.status_code == 429
    assert over["Retry-After"] == str(24 * 60 * 60)
    assert b"My long words" in over.content
    assert b"What you typed is still here." in over.content
    assert Connection.objects.count() == 5


def test_a_failed_form_costs_nothing(as_ada: Client, ada: User, ben: User) -> None:
    as_ada.post("/people/ben_near/connect/", {"note": "x" * 301})
    assert asks_left(ada, now=NOW).left == 5


def test_who_is_limited_reads_until_when(as_ada: Client, ada: User, ben: User) -> None:
    User.objects.filter(pk=ada.pk).update(limited_until=NOW + DAY)
    page = as_ada.get("/people/ben_near/connect/")
    assert page.status_code == 200
    assert b"Moderators decided" in page.content
    assert b'name="note"' not in page.content
    refused = as_ada.post("/people/ben_near/connect/", {"note": "My words"})
    assert refused.status_code == 403
    assert b"My words" in refused.content
    assert not Connection.objects.exists()


def test_opening_the_page_marks_requests_as_seen_once(
    as_ada: Client, ada: User, ben: User
) -> None:
    ask(ben, ada)
    assert b">New<" in as_ada.get(REQUESTS).content
    assert Connection.objects.get().seen_at == NOW
    assert b">New<" not in as_ada.get(REQUESTS).content
    signed_in(ben).get(REQUESTS)
    assert Connection.objects.get().seen_at == NOW


def test_empty_lists_say_what_will_stand_there(as_ada: Client) -> None:
    assert b"Nobody waits for an answer." in as_ada.get(REQUESTS).content
    assert b"You are waiting for nobody." in as_ada.get(REQUESTS).content
    assert b"Nobody yet" in as_ada.get("/connections/").content


def test_lists_are_cut_into_pages(as_ada: Client, ada: User) -> None:
    for number in range(25):
        ask(make_person(f"asker_{number}"), ada, at=NOW + timedelta(minutes=number))
    first, second = as_ada.get(REQUESTS), as_ada.get(f"{REQUESTS}?page=2")
    assert [p for p, _ in marks(first)][:2] == ["asker_24", "asker_23"]
    assert len(marks(first)) == 20
    assert [p for p, _ in marks(second)] == [f"asker_{n}" for n in (4, 3, 2, 1, 0)]
    assert b"?page=2" in first.content
    assert b"?page=1" in second.content
    for nonsense in ("", "0", "-1", "x", "9" * 9999, "٣"):
        assert as_ada.get(REQUESTS, {"page": nonsense}).status_code == 200


WAYS = ["blocked", "blocker", "paused", "suspended"]


@pytest.mark.parametrize("way", WAYS)
def test_who_is_out_of_sight_is_on_no_list_and_on_no_address(
    as_ada: Client, ada: User, ben: User, cyd: User, dee: User, way: str
) -> None:
    ask(ada, ben)
    ask(cyd, ada)
    ask(ada, dee)
    ask(dee, ada)
    rows = list(Connection.objects.all())
    for person in (ben, cyd, dee):
        vanish(ada, person, way)
    for page in (REQUESTS, "/connections/"):
        assert marks(as_ada.get(page)) == []
    missing = stripped(as_ada.post("/people/nobody_here/connect/"))
    for row in rows:
        for verb in ("accept", "decline", "withdraw", "remove"):
            answered = as_ada.post(f"/connections/{row.public_id}/{verb}/")
            assert answered.status_code == 404
            assert stripped(answered) == missing
        partner = row.partner_of(ada.pk)
        for method in (as_ada.get, as_ada.post):
            found = method(f"/people/{partner.handle}/connect/")
            assert stripped(found) == missing
        assert as_ada.get(f"/connections/{row.public_id}/remove/").status_code == 404


def vanish(viewer: User, person: User, way: str) -> None:
    if way == "blocked":
        block_create(blocker=viewer, blocked=person, now=NOW)
    elif way == "blocker":
        block_create(blocker=person, blocked=viewer, now=NOW)
    elif way == "paused":
        matching_pause(person=person, now=NOW)
    else:
        User.objects.filter(pk=person.pk).update(suspended_until=NOW + DAY)


@pytest.mark.parametrize("verb", ["accept", "decline", "withdraw", "remove"])
def test_a_foreign_and_a_missing_id_are_one_404(
    as_ada: Client, ben: User, cyd: User, verb: str
) -> None:
    ask(ben, cyd)
    foreign = as_ada.post(address(verb))
    missing = as_ada.post(f"/connections/{'0' * 8}-0000-4000-8000-{'0' * 12}/{verb}/")
    assert foreign.status_code == missing.status_code == 404
    assert stripped(foreign) == stripped(missing)
    assert state() == State.REQUESTED


def test_oneself_is_a_404(as_ada: Client, ada: User) -> None:
    assert as_ada.get("/people/ada_owner/connect/").status_code == 404
    assert as_ada.post("/people/ada_owner/connect/").status_code == 404


@pytest.mark.parametrize(
    "path", ["/people/ben_near/connect/", "/connections/", REQUESTS]
)
def test_pages_need_a_session(client: Client, ben: User, path: str) -> None:
    assert client.get(path)["Location"] == f"/accounts/login/?next={path}"


@pytest.mark.parametrize("verb", ["accept", "decline", "withdraw"])
def test_answers_are_never_links(
    as_ada: Client, ada: User, ben: User, verb: str
) -> None:
    ask(ben, ada)
    assert as_ada.get(address(verb)).status_code == 405


# --- Cost -----------------------------------------------------------------


@pytest.mark.parametrize("path", [REQUESTS, "/connections/"])
def test_a_list_costs_the_same_for_three_and_for_thirty(
    as_ada: Client, community: list[User], path: str
) -> None:
    ada = community[0]

    def fill(count: int) -> int:
        for number in range(count):
            person = make_person(f"extra_{count}_{number}")
            make_taste(person, ["Sade", "Burial", f"Own {number}"])
            ask(person, ada, "Hello")
            if path == "/connections/":
                row = Connection.objects.get(requester=person)
                connection_accept(connection=row, person=ada, now=NOW)
        index_rebuild(now=NOW)
        as_ada.get("/matches/")
        Connection.objects.update(seen_at=None)
        return counted(as_ada, path)

    few = fill(3)
    many = fill(30)
    assert few == many <= 10
