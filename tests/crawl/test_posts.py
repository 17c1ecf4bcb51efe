"""Every form of the site, in the hands of whom it is not for, and at the wrong time:
nothing fails, and nothing changes that must not.

A new route fails the first test, until it has a good form in ``tests.crawl.posts``.
"""

import uuid
from collections.abc import Callable
from datetime import timedelta
from itertools import product

import pytest
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from accounts import throttle
from accounts.models import User
from accounts.services import account_close
from accounts.throttle import Limit
from social.models import Block, Connection, Message, Report, Thread
from social.services import block_create
from tests.conftest import HOST, NOW
from tests.crawl.conftest import Community, ada_comes
from tests.crawl.crawler import sign_in
from tests.crawl.posts import (
    FINE,
    Form,
    changed,
    forms_of,
    our_routes,
    send,
    state,
    tell,
    undone,
)
from tests.factories import make_person

# Who has the mail presses it, signed in or not.
OPEN = {"social:mail_off"}
# What suspended people may do: read and answer, take their data along, leave.
WHILE_SUSPENDED = {
    *OPEN,
    "leaving:data_export",
    "leaving:account_close",
    "social:appeal_create",
}
# Around blocks on purpose: whoever wrote to someone can be reported by them.
AROUND_BLOCKS = {"social:report_create"}


@pytest.fixture
def forms(community: Community) -> dict[str, Form]:
    return forms_of(community)


@pytest.fixture
def client(community: Community) -> Client:
    client = sign_in(community.dee)
    client.raise_request_exception = False
    return client


def body_of(answer: HttpResponse) -> bytes:
    """A page of what is missing is the same page, whatever was asked for."""
    return answer.content


# --- Every route ----------------------------------------------------------


def test_every_route_takes_a_form_we_know_or_none(
    client: Client, forms: dict[str, Form]
) -> None:
    problems = []
    for name, route in our_routes().items():
        if name in forms:
            continue
        values = {p: str(uuid.uuid4()) for p in route.parameters}
        given = {"handle": "ben_here", "pk": "1", "source": "export"}
        form = Form(route, {**values, **{k: given[k] for k in values if k in given}})
        before = state()
        status = send(client, form).status_code
        if status not in {404, 405} or changed(before):
            problems.append(f"{name} answers {status} to a form nobody tests")
    tell(problems)


def test_good_forms_are_good(client: Client, forms: dict[str, Form]) -> None:
    # The other tests prove nothing with forms that are refused anyway.
    unchanging = {"leaving:data_export", "ingest:upload"}
    problems = []
    for form in forms.values():
        before = state()
        with undone():
            status = send(client, form).status_code
            did = bool(changed(before))
        if status not in {200, 302} or did is (form.name in unchanging):
            problems.append(f"{form.name}: {status}, changes: {did}")
        client.force_login(User.objects.get(handle="dee_here"))
    tell(problems)


# --- In wrong hands -------------------------------------------------------


def test_nobody_is_asked_to_sign_in(forms: dict[str, Form]) -> None:
    problems = []
    for form in forms.values():
        if form.name in OPEN:
            continue
        before = state()
        answer = send(Client(HTTP_HOST=HOST), form)
        leads_to = answer.headers.get("Location", "")
        if not leads_to.startswith("/accounts/login/") or changed(before):
            problems.append(f"{form.name}: {answer.status_code} {leads_to}")
    tell(problems)


def test_a_form_of_another_site_is_refused(
    community: Community, forms: dict[str, Form]
) -> None:
    client = Client(HTTP_HOST=HOST, enforce_csrf_checks=True)
    client.force_login(community.dee)
    before = state()
    found = {
        form.name: send(client, form).status_code
        for form in forms.values()
        if form.name not in OPEN
    }
    assert {name: status for name, status in found.items() if status != 403} == {}
    assert changed(before) == []


def test_what_is_not_ones_own_is_missing(forms: dict[str, Form]) -> None:
    hal = make_person("hal_here")
    client, before, problems = sign_in(hal), state(), []
    mine = {"connection_id", "notice_id", "source"}
    for form in forms.values():
        if not mine & form.values.keys() or form.name == "ingest:source_connect":
            continue
        answer, missing = send(client, form), send(client, form.of_nothing())
        if answer.status_code != 404 or body_of(answer) != body_of(missing):
            problems.append(f"{form.name}: {answer.status_code}")
    tell(problems + changed(before))


def test_what_is_missing_is_missing(client: Client, forms: dict[str, Form]) -> None:
    before, problems = state(), []
    for form in forms.values():
        if form.values:
            status = send(client, form.of_nothing()).status_code
            # A link in a mail may be one of before the host changed keys: it says so.
            if status != (410 if form.name in OPEN else 404):
                problems.append(f"{form.name}: {status}")
    tell(problems + changed(before))


@pytest.mark.parametrize("way", ["by ada", "by dee", "by both", "hidden"])
def test_whom_one_must_not_see_is_missing(
    community: Community, forms: dict[str, Form], way: str
) -> None:
    ada = ada_comes(community, meets_dee=way != "hidden")
    connections = Connection.objects.between(ada.pk, community.dee.pk)
    ids = [str(row.public_id) for row in connections] or [str(uuid.uuid4())]
    if way == "hidden":
        ada.is_hidden = True
        ada.save()
    if way in ("by ada", "by both"):
        block_create(blocker=ada, blocked=community.dee, now=NOW)
    if way in ("by dee", "by both"):
        block_create(blocker=community.dee, blocked=ada, now=NOW)
    client, before, problems = sign_in(community.dee), state(), []
    around = set() if way == "hidden" else AROUND_BLOCKS
    around |= {"social:block_remove"} if way in ("by dee", "by both") else set()
    for form in forms.values():
        names = {"handle": ada.handle or "", "connection_id": ids[0]}
        theirs = {name: names[name] for name in form.values if name in names}
        if not theirs or form.name in around:
            continue
        answer = send(client, form.at(**theirs))
        missing = send(client, form.of_nothing())
        if answer.status_code != 404 or body_of(answer) != body_of(missing):
            problems.append(f"{form.name}: {answer.status_code}")
    tell(problems + changed(before))


def test_who_is_suspended_changes_nothing(
    community: Community, forms: dict[str, Form]
) -> None:
    community.dee.suspended_until = timezone.now() + timedelta(days=3)
    community.dee.save()
    client, before, problems = sign_in(community.dee), state(), []
    for form in forms.values():
        if form.name not in WHILE_SUSPENDED:
            status = send(client, form).status_code
            if status != 403:
                problems.append(f"{form.name}: {status}")
    tell(problems + changed(before))


def test_who_is_suspended_may_answer_and_leave(
    community: Community, forms: dict[str, Form]
) -> None:
    community.dee.suspended_until = timezone.now() + timedelta(days=3)
    community.dee.save()
    problems = []
    for name in sorted(WHILE_SUSPENDED):
        with undone():
            status = send(sign_in(community.dee), forms[name]).status_code
        if status not in {200, 302}:
            problems.append(f"{name}: {status}")
    tell(problems)


# --- At the wrong time ----------------------------------------------------


def test_pressing_twice_is_pressing_once(
    client: Client, community: Community, forms: dict[str, Form]
) -> None:
    problems = []
    for form in forms.values():
        with undone():
            send(client, form)
            after_one = state()
            status = send(client, form).status_code
            differs = changed(after_one)
        if status not in FINE or differs:
            problems.append(f"{form.name}: {status} {differs}")
        client.force_login(User.objects.get(handle="dee_here"))
    tell(problems)


_VERBS = ("accept", "decline", "withdraw", "remove")


def test_a_connection_takes_no_step_it_cannot_take(
    client: Client, community: Community, forms: dict[str, Form]
) -> None:
    dee, gil = community.dee, User.objects.get(handle="gil_here")
    problems = []
    for state_before, verb, is_mine in product(
        Connection.State.values, _VERBS, (True, False)
    ):
        asker, other = (dee, gil) if is_mine else (gil, dee)
        with undone():
            row = Connection.objects.create(
                requester=asker,
                addressee=other,
                state=state_before,
                requested_at=NOW,
                changed_at=NOW,
                accepted_at=NOW if state_before == "accepted" else None,
            )
            form = forms[f"social:connection_{verb}"]
            form = form.at(connection_id=str(row.public_id))
            status = send(client, form).status_code
            before, row = row, Connection.objects.get(pk=row.pk)
            is_legal = row.state == state_before or before.may_become(row.state)
            is_allowed = is_mine == (verb == "withdraw") or verb == "remove"
            moved = row.state != state_before
        if status not in {302, 404} or not is_legal or (moved and not is_allowed):
            problems.append(f"{verb} of {state_before}, mine {is_mine}: {status}")
    tell(problems)


@pytest.mark.parametrize("what", ["left", "blocked", "paused", "removed"])
def test_after_the_other_one_has_gone(
    client: Client, community: Community, forms: dict[str, Form], what: str
) -> None:
    _GONE[what](community)
    before, problems = state(), []
    for form in (
        forms["social:thread"],
        forms["social:connection_remove"],
        forms["social:connection_withdraw"],
    ):
        with undone():
            status = send(client, form).status_code
            # A connection that was removed on the other side can be seen to be so.
            if status not in {200, 302, 404} or _says_hello():
                problems.append(f"{form.name}: {status}")
    tell(problems + changed(before))


def _says_hello() -> bool:
    return Message.objects.filter(body="Hello").exists()


def _remove(here: Community) -> None:
    rows = Connection.objects.between(here.dee.pk, here.ben.pk)
    rows.update(state=Connection.State.REMOVED)


def _pause(here: Community) -> None:
    for person in (here.ben, here.cyd):
        User.objects.filter(pk=person.pk).update(paused_at=NOW)


def _leave(here: Community) -> None:
    for person in (here.ben, here.cyd):
        account_close(person=person, now=NOW)


def _block(here: Community) -> None:
    for person in (here.ben, here.cyd):
        block_create(blocker=person, blocked=here.dee, now=NOW)


_GONE: dict[str, Callable[[Community], None]] = {
    "left": _leave,
    "blocked": _block,
    "paused": _pause,
    "removed": _remove,
}


# --- Too often ------------------------------------------------------------


def test_over_every_limit(
    client: Client, community: Community, forms: dict[str, Form]
) -> None:
    dee = community.dee
    _fill_limits(dee)
    typed = {"social:connection_request": "note", "social:thread": "body"}
    typed["social:report_create"] = "words"
    _spend(throttle.EXPORT, str(dee.pk))
    _spend(throttle.WRONG_PASSWORD, str(dee.pk))
    before, problems = state(), []
    for name in (*typed, "leaving:data_export", "leaving:account_close"):
        form = forms[name]
        if name in typed:
            form = Form(form.route, form.values, form.data, (typed[name],))
            form = form.saying("Not lost at all")
        answer = send(client, form)
        seconds = int(answer.headers.get("Retry-After", 0))
        is_kept = name not in typed or "Not lost at all" in answer.text
        if answer.status_code != 429 or seconds <= 0 or not is_kept:
            problems.append(f"{name}: {answer.status_code} {seconds} kept {is_kept}")
    tell(problems + changed(before))


def _spend(limit: Limit, who: str) -> None:
    for _ in range(limit.times):
        throttle.spend(limit, who, now=timezone.now())


def _fill_limits(dee: User) -> None:
    now = timezone.now()
    others = [make_person(f"asked_{number}") for number in range(throttle.ASK.times)]
    thread = Thread.objects.filter(sides__person=dee).get()
    for other in others:
        Connection.objects.create(
            requester=dee, addressee=other, requested_at=now, changed_at=now
        )
        Report.objects.create(
            reporter=dee,
            person=other,
            subject="person",
            reason="spam",
            severity=1,
            created_at=now,
        )
    Message.objects.bulk_create(
        Message(
            thread=thread,
            sender=dee,
            body="Again",
            sent_at=now - timedelta(seconds=number),
            once_key=uuid.uuid4(),
        )
        for number in range(throttle.MESSAGE.times)
    )


def test_no_block_is_left_by_undoing(community: Community) -> None:
    # ``undone`` is what every test here relies on.
    before = Block.objects.count()
    with undone():
        Block.objects.all().delete()
    assert Block.objects.count() == before
