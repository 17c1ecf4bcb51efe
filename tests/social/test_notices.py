"""What people read of decisions, and the one answer they have."""

import threading
import time
import uuid
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, connection, transaction
from django.test import Client

from accounts.models import User
from social import services
from social.models import Appeal, ModerationAction, Notice
from social.services import CannotDecide, appeals
from tests.conftest import HOST, NOW, require_or_skip
from tests.factories import make_person
from tests.matching.marks import marks, words_of
from tests.social.deciding import (
    LATER,
    NO_RULE,
    connect,
    decide,
    make_chief,
    make_moderator,
    report,
    suspended,
    told,
    write,
)
from tests.threads import in_threads


@pytest.fixture
def mod(db: None) -> User:
    return make_moderator()


@pytest.fixture
def warned(ada: User, ben: User, mod: User) -> Notice:
    """Ada, warned after Ben's report."""
    decide(services.person_warn, report(ben, ada), mod)
    return Notice.objects.get(person=ada)


def appealed(notice: Notice, words: str = "It was a joke.") -> Appeal:
    return services.appeal_create(notice=notice, words=words, now=NOW)


def outcome(verb: Any, appeal: Appeal, actor: User) -> ModerationAction:
    done: ModerationAction = verb(
        appeal_id=appeal.pk, actor=actor, reason="Looked at again.", now=NOW
    )
    return done


# --- Pages ----------------------------------------------------------------


def test_nothing_was_decided(as_ada: Client) -> None:
    assert "Moderators have decided nothing about you." in words_of(
        as_ada.get("/notices/")
    )


def test_a_decision_says_what_on_which_facts_and_by_which_rule(
    as_ada: Client, ada: User, ben: User, mod: User
) -> None:
    suspended(ada, ben, mod)
    User.objects.filter(pk=ada.pk).update(suspended_until=None)
    notice = Notice.objects.get(person=ada)
    page = words_of(as_ada.get(f"/notices/{notice.public_id}/"))
    assert "Your account is suspended for a time" in page
    assert "Until 29 November at 12:00" in page
    assert "No harassment and no hate" in page
    assert "A message of 22 November." in page
    assert "It insults a person." in page
    for name in ("Ben", "ben_near", "mod_one", "Mod"):
        assert name not in page


@pytest.mark.parametrize("verb", ["remove_message", "clear_profile", "warn", "limit"])
def test_every_decision_has_its_words(
    as_ada: Client, ada: User, ben: User, mod: User, verb: str
) -> None:
    connect(ada, ben)
    case = report(ben, ada, profile=1)
    if verb == "remove_message":
        case = report(ben, ada, message=write(ada, ben, "Rude").public_id)
    services_of: dict[str, Any] = {
        "remove_message": services.message_remove,
        "clear_profile": services.profile_clear,
        "warn": services.person_warn,
        "limit": services.person_limit,
    }
    more = {"until": LATER} if verb == "limit" else {}
    decide(services_of[verb], case, mod, **more)
    notice = Notice.objects.get(person=ada)
    response = as_ada.get(f"/notices/{notice.public_id}/")
    [headline] = [m for m in marks(response) if m["tag"] == "h1"]
    assert headline
    assert "Send appeal" in words_of(response)
    assert ("gone for good" in words_of(response)) == (
        verb in ("remove_message", "clear_profile")
    )


def test_the_reporter_reads_that_and_not_what(
    client: Client, ada: User, ben: User, warned: Notice
) -> None:
    client.force_login(ben)
    notice = Notice.objects.get(person=ben)
    page = words_of(client.get(f"/notices/{notice.public_id}/"))
    assert "Something you reported was decided" in page
    for word in ("warn", "insults", "ada_owner", "Ada", "A message of", "Send appeal"):
        assert word not in page
    assert "Something you reported was decided" in words_of(client.get("/notices/"))


def test_opening_a_notice_marks_it_as_seen_once(
    as_ada: Client, ada: User, warned: Notice
) -> None:
    assert "New" in words_of(as_ada.get("/notices/"))
    assert Notice.objects.of(ada.pk).unseen().count() == 1
    as_ada.get(f"/notices/{warned.public_id}/")
    warned.refresh_from_db()
    first = warned.seen_at
    assert first is not None
    as_ada.get(f"/notices/{warned.public_id}/")
    warned.refresh_from_db()
    assert warned.seen_at == first
    assert "New" not in words_of(as_ada.get("/notices/")).split("Notices")[-1]


def test_a_notice_is_its_persons_alone(
    client: Client, ben: User, warned: Notice
) -> None:
    address = f"/notices/{warned.public_id}/"
    assert client.get(address)["Location"] == f"/accounts/login/?next={address}"
    client.force_login(ben)
    foreign = client.get(address)
    missing = client.get(f"/notices/{uuid.uuid4()}/")
    assert (foreign.status_code, missing.status_code) == (404, 404)
    assert foreign.content == missing.content
    assert client.post(f"{address}appeal/", {"words": "x"}).status_code == 404
    warned.refresh_from_db()
    assert warned.seen_at is None
    assert not Appeal.objects.exists()


@pytest.mark.parametrize("rows", [3, 30])
def test_the_list_costs_the_same_for_any_number(
    as_ada: Client,
    ada: User,
    mod: User,
    rows: int,
    django_assert_max_num_queries: Any,
) -> None:
    for number in range(rows):
        decide(services.person_warn, report(make_person(f"p_{number}"), ada), mod)
    with django_assert_max_num_queries(6):
        page = as_ada.get("/notices/")
    assert len(marks(page, "data-notice")) == min(rows, 20)
    second = as_ada.get("/notices/?page=2")
    assert len(marks(second, "data-notice")) == (10 if rows == 30 else 3)


# --- The answer -----------------------------------------------------------


def test_one_appeal_for_a_decision(as_ada: Client, warned: Notice) -> None:
    address = f"/notices/{warned.public_id}/appeal/"
    answer = as_ada.post(address, {"words": "It was a <b>joke</b>."}, follow=True)
    assert "Your appeal is with the moderators." in words_of(answer)
    assert "It was a &lt;b&gt;joke&lt;/b&gt;." in answer.content.decode()
    assert "Send appeal" not in words_of(answer)
    for again in ({"words": "And more"}, {}):
        assert as_ada.post(address, again, follow=True).status_code == 200
    assert Appeal.objects.get().words == "It was a <b>joke</b>."


@pytest.mark.parametrize(
    ("words", "said"),
    [("", "Say why, in your words."), ("x" * 2001, "2,001 characters long")],
)
def test_an_appeal_needs_words_that_fit(
    as_ada: Client, warned: Notice, words: str, said: str
) -> None:
    page = as_ada.post(f"/notices/{warned.public_id}/appeal/", {"words": words})
    assert said in words_of(page)
    assert words in page.content.decode()
    assert not Appeal.objects.exists()


def test_only_what_weighs_on_one_can_be_appealed(
    client: Client, ada: User, ben: User, mod: User, warned: Notice
) -> None:
    client.force_login(ben)
    as_reporter = Notice.objects.get(person=ben)
    address = f"/notices/{as_reporter.public_id}/appeal/"
    assert client.post(address, {"words": "x"}).status_code == 404
    with pytest.raises(services.CannotAppeal):
        appealed(as_reporter)
    assert client.get(address).status_code == 405
    assert not Appeal.objects.exists()


def test_an_appeal_may_be_written_while_suspended(
    ada: User, ben: User, mod: User
) -> None:
    suspended(ada, ben, mod)
    User.objects.filter(pk=ada.pk).update(suspended_until=NOW.replace(year=2999))
    client = Client(HTTP_HOST=HOST)
    client.force_login(ada)
    notice = Notice.objects.get(person=ada)
    page = client.get(f"/notices/{notice.public_id}/")
    assert "Send appeal" in words_of(page)
    answer = client.post(f"/notices/{notice.public_id}/appeal/", {"words": "Sorry"})
    assert answer.headers["Location"] == f"/notices/{notice.public_id}/"
    assert Appeal.objects.get().words == "Sorry"


# --- Who decides about it -------------------------------------------------


def test_someone_else_decides_when_there_is_someone(
    as_ada: Client, ada: User, ben: User, mod: User, warned: Notice
) -> None:
    appeal = appealed(warned)
    assert list(services.deciders_of(warned)) == [mod]
    other = make_moderator("mod_two")
    assert list(services.deciders_of(warned)) == [other]
    with pytest.raises(CannotDecide, match="did not take part"):
        outcome(services.appeal_uphold, appeal, mod)
    outcome(services.appeal_uphold, appeal, other)
    appeal.refresh_from_db()
    assert (appeal.state, appeal.decided_by) == ("upheld", other)
    assert told(ada) == [("decision", "warn"), ("appeal", "uphold")]
    notice = Notice.objects.get(kind="appeal")
    page = words_of(as_ada.get(f"/notices/{notice.public_id}/"))
    assert "Your appeal: the decision stands" in page
    assert "Looked at again." in page
    assert "The decision you appealed against" in page
    assert "Send appeal" not in page


def test_the_page_says_who_will_read_it(as_ada: Client, warned: Notice) -> None:
    address = f"/notices/{warned.public_id}/"
    assert "the same person reads it again" in words_of(as_ada.get(address))
    make_chief()
    assert "Another moderator than the one" in words_of(as_ada.get(address))


def test_neither_reporter_nor_the_person_nor_a_suspended_one_decides(
    ada: User, mod: User
) -> None:
    reporter, resting = make_moderator("mod_two"), make_moderator("mod_three")
    judged = make_moderator("mod_four")
    decide(services.person_warn, report(reporter, judged), mod)
    User.objects.filter(pk=resting.pk).update(suspended_until=LATER)
    notice = Notice.objects.get(person=judged)
    assert list(services.deciders_of(notice)) == [mod]
    appeal = appealed(notice)
    for actor in (reporter, judged):
        with pytest.raises(CannotDecide):
            outcome(services.appeal_overturn, appeal, actor)
    with pytest.raises(PermissionDenied):
        outcome(services.appeal_overturn, appeal, ada)


@pytest.mark.parametrize("field", ["suspended_until", "limited_until"])
def test_overturning_takes_the_measure_back(
    ada: User, ben: User, mod: User, field: str
) -> None:
    verbs = {"suspended_until": services.person_suspend}
    verb = verbs.get(field, services.person_limit)
    decide(verb, report(ben, ada), mod, until=LATER)
    appeal = appealed(Notice.objects.get(person=ada))
    outcome(services.appeal_overturn, appeal, make_moderator("mod_two"))
    ada.refresh_from_db()
    assert getattr(ada, field) is None
    assert told(ada)[-1] == ("appeal", "overturn")
    assert services.log_check().faults == []


def test_overturning_one_leaves_another_in_force(
    ada: User, ben: User, cyd: User, mod: User
) -> None:
    second = report(cyd, ada)
    suspended(ada, ben, mod, until=LATER)
    decide(services.person_suspend, second, mod, until=NOW + timedelta(days=1))
    first = Notice.objects.filter(person=ada).order_by("pk")[0]
    outcome(services.appeal_overturn, appealed(first), make_moderator("mod_two"))
    ada.refresh_from_db()
    assert ada.suspended_until == NOW + timedelta(days=1)


def test_an_overturned_removal_brings_no_text_back(
    as_ada: Client, ada: User, ben: User, mod: User
) -> None:
    connect(ada, ben)
    message = write(ada, ben, "Fine words")
    decide(services.message_remove, report(ben, ada, message=message.public_id), mod)
    appeal = appealed(Notice.objects.get(person=ada))
    outcome(services.appeal_overturn, appeal, make_moderator("mod_two"))
    message.refresh_from_db()
    assert message.body == ""
    notice = Notice.objects.get(kind="appeal")
    assert "gone for good" in words_of(as_ada.get(f"/notices/{notice.public_id}/"))


def test_an_appeal_is_decided_once(ada: User, mod: User, warned: Notice) -> None:
    appeal, other = appealed(warned), make_moderator("mod_two")
    outcome(services.appeal_overturn, appeal, other)
    with pytest.raises(CannotDecide, match="a moment ago by mod_two"):
        outcome(services.appeal_uphold, appeal, make_chief())
    assert Appeal.objects.get().state == "overturned"


@pytest.mark.django_db(transaction=True)
def test_two_at_once_decide_an_appeal_once() -> None:
    require_or_skip(connection.vendor == "postgresql", "Postgres")
    ada, ben = make_person("ada_owner"), make_person("ben_near")
    first, *chiefs = (make_chief(f"chief_{n}") for n in range(3))
    suspended(ada, ben, first)
    appeal = appealed(Notice.objects.get(person=ada))

    def one(verb: Any, actor: User) -> str:
        try:
            return outcome(verb, appeal, actor).verb
        except CannotDecide:
            return "lost"

    said = in_threads(
        lambda: one(services.appeal_uphold, chiefs[0]),
        lambda: one(services.appeal_overturn, chiefs[1]),
    )
    [won] = [verb for verb in said if verb != "lost"]
    ada.refresh_from_db()
    assert ada.is_suspended == (won == "uphold")
    assert ModerationAction.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_an_appeal_and_another_case_of_the_same_person_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Both hold the person first and then the log: neither waits for ever."""
    require_or_skip(connection.vendor == "postgresql", "Postgres")
    ada, ben, cyd = (make_person(h) for h in ("ada_owner", "ben_near", "cyd_too"))
    first, *chiefs = (make_chief(f"chief_{n}") for n in range(3))
    case = report(cyd, ada)
    suspended(ada, ben, first)
    appeal = appealed(Notice.objects.get(person=ada))
    write_down, has_written = appeals.action_write, threading.Event()

    def write_slowly(**given: Any) -> ModerationAction:
        action = write_down(**given)
        has_written.set()
        time.sleep(0.5)
        return action

    def warn_meanwhile() -> ModerationAction:
        assert has_written.wait(10)
        return decide(services.person_warn, case, chiefs[1])

    monkeypatch.setattr(appeals, "action_write", write_slowly)
    overturn = partial(outcome, services.appeal_overturn, appeal, chiefs[0])
    said = in_threads(overturn, warn_meanwhile)
    assert [action.verb for action in said] == ["overturn", "warn"]
    assert services.log_check().faults == []


# --- Rows -----------------------------------------------------------------


def test_the_database_refuses_what_the_services_do(
    ada: User, ben: User, warned: Notice
) -> None:
    names = "notice_told_once|social_notice.person_id"
    with pytest.raises(IntegrityError, match=names), transaction.atomic():
        Notice.objects.create(
            person=ada, action=warned.action, kind="decision", created_at=NOW
        )
    appeal = appealed(warned)
    rows = Appeal.objects.filter(pk=appeal.pk)
    timed = "appeal_decided_has_time"
    with pytest.raises(IntegrityError, match=timed), transaction.atomic():
        rows.update(state="upheld")
    with pytest.raises(IntegrityError, match="appeal_words_fits"), transaction.atomic():
        rows.update(words="x" * 8001)
    with pytest.raises(IntegrityError), transaction.atomic():
        Appeal.objects.create(notice=warned, words="Again", created_at=NOW)


def test_a_dismissal_leaves_the_person_alone(
    as_ada: Client, ada: User, ben: User, mod: User
) -> None:
    decide(services.report_dismiss, report(ben, ada), mod, NO_RULE)
    assert marks(as_ada.get("/notices/"), "data-notice") == []
