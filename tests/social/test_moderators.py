"""The moderators' pages in the admin site, and who gets to them."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.utils import timezone

from accounts.models import User
from social import services
from social.models import Appeal, Message, ModerationAction, Notice, Report
from tests.conftest import HOST, NOW
from tests.factories import make_person
from tests.matching.marks import words_of
from tests.social.deciding import (
    LATER,
    NO_RULE,
    connect,
    decide,
    make_chief,
    make_moderator,
    moderators,
    page_of,
    report,
    signed_in,
    suspended,
    told,
    write,
)

pytestmark = [pytest.mark.django_db, pytest.mark.ignore_template_errors]
QUEUE, APPEALS = "/admin/social/report/", "/admin/social/appeal/"
WARN = {
    "verb": "warn",
    "rule": "respect",
    "facts": "A message of 22 November.",
    "reason": "It insults a person.",
}


@pytest.fixture
def mod(db: None) -> User:
    return make_moderator()


@pytest.fixture
def as_mod(mod: User) -> Client:
    return signed_in(mod)


@pytest.fixture
def case(ada: User, ben: User) -> Report:
    return report(ada, ben, words="He insults me.")


# --- Who gets in ----------------------------------------------------------

_SOMEONE: dict[str, Callable[[], User]] = {
    "person": lambda: make_person("some_one"),
    "staff": lambda: make_person("some_staff", is_staff=True),
    "moderator": make_moderator,
    "superuser": make_chief,
}
MATRIX = [
    # who, the pages of reports and appeals, a decision, messages in the admin site
    ("anonymous", 302, 302, 302),
    ("person", 302, 302, 302),
    ("staff", 403, 403, 403),
    ("moderator", 200, 302, 403),
    ("superuser", 200, 302, 200),
]


@pytest.mark.parametrize(("who", "looking", "decision", "messages"), MATRIX)
def test_who_gets_where(
    case: Report, cyd: User, who: str, looking: int, decision: int, messages: int
) -> None:
    warned = report(cyd, case.person or cyd)
    decide(services.person_warn, warned, make_moderator("mod_before"))
    appeal = services.appeal_create(
        notice=Notice.objects.get(kind="decision"), words="No", now=NOW
    )
    client = Client(HTTP_HOST=HOST)
    if who != "anonymous":
        client = signed_in(_SOMEONE[who]())
    pages = (QUEUE, page_of(case), APPEALS, page_of(appeal))
    assert [client.get(address).status_code for address in pages] == [looking] * 4
    assert client.post(page_of(case), WARN).status_code == decision
    is_decided = who in ("moderator", "superuser")
    assert ModerationAction.objects.count() == 1 + is_decided
    data = {"outcome": "overturn", "reason": "Looked again."}
    assert client.post(page_of(appeal), data).status_code == decision
    assert Appeal.objects.get().is_open != is_decided
    assert client.get("/admin/social/message/").status_code == messages


def test_the_group_holds_what_is_needed_and_no_more(mod: User) -> None:
    held = moderators().permissions.values_list("content_type__app_label", "codename")
    assert set(held) == {
        ("accounts", "view_user"),
        ("social", "view_report"),
        ("social", "change_report"),
        ("social", "moderate"),
        ("social", "view_appeal"),
        ("social", "change_appeal"),
        ("social", "view_moderationaction"),
    }
    made = Permission.objects.get(codename="moderate")
    assert made.content_type.model == "report"


def test_being_in_the_group_alone_opens_nothing(mod: User, case: Report) -> None:
    User.objects.filter(pk=mod.pk).update(is_staff=False)
    assert signed_in(mod).get(QUEUE).status_code == 302


def test_looking_is_not_deciding(case: Report) -> None:
    looker = make_person("looker", is_staff=True)
    looker.user_permissions.set(Permission.objects.filter(codename="view_report"))
    client = signed_in(looker)
    assert "Decide case" not in client.get(page_of(case)).content.decode()
    assert client.post(page_of(case), WARN).status_code == 403
    assert not ModerationAction.objects.exists()


# --- The queue ------------------------------------------------------------


def test_the_queue_is_by_severity_and_then_by_age(
    as_mod: Client, ada: User, ben: User, cyd: User
) -> None:
    def at(hours: int, reason: str, person: User) -> Report:
        return report(ada, person, reason=reason, at=NOW + timedelta(hours=hours))

    spam, late = at(0, "spam", ben), at(3, "threat", cyd)
    early = at(2, "minor", make_person("eve_five"))
    medium = at(1, "sexual", make_person("fay_six"))
    page = as_mod.get(QUEUE)
    rows = list(page.context["cl"].result_list)
    assert rows == [early, late, medium, spam]
    said = words_of(page)
    assert "2 open, high severity · 1 open, medium severity · 1 open, low" in said
    decide(services.report_dismiss, spam, make_chief(), NO_RULE)
    assert spam not in as_mod.get(QUEUE).context["cl"].result_list
    assert list(as_mod.get(f"{QUEUE}?state=decided").context["cl"].result_list) == [
        spam
    ]
    assert len(as_mod.get(f"{QUEUE}?state=all").context["cl"].result_list) == 4


def test_cases_are_found_by_handle(as_mod: Client, case: Report, cyd: User) -> None:
    other = report(cyd, make_person("eve_five"))
    for word, found in (("ben_n", case), ("ada_o", case), ("eve", other)):
        rows = as_mod.get(f"{QUEUE}?q={word}").context["cl"].result_list
        assert list(rows) == [found]


@pytest.mark.parametrize("rows", [3, 30])
def test_the_queue_costs_the_same_for_any_number(
    as_mod: Client, ada: User, rows: int, django_assert_max_num_queries: Any
) -> None:
    for number in range(rows):
        person = make_person(f"rude_{number}")
        report(ada, person, at=NOW + timedelta(days=number))
    as_mod.get(QUEUE)
    with django_assert_max_num_queries(9):
        page = as_mod.get(QUEUE)
    assert len(page.context["cl"].result_list) == rows


def test_several_are_dismissed_after_a_page_that_asks(
    as_mod: Client, mod: User, ada: User, ben: User, cyd: User
) -> None:
    cases = [report(ada, ben), report(cyd, ben), report(mod, cyd)]
    chosen = {"action": "dismiss", "_selected_action": [c.pk for c in cases]}
    asked = as_mod.post(QUEUE, chosen)
    assert "No rule was broken in any of these 3" in words_of(asked)
    assert Report.objects.open().count() == 3
    sure = {**chosen, "confirmed": "yes"}
    assert "Give the reason." in words_of(as_mod.post(QUEUE, sure))
    assert Report.objects.open().count() == 3
    said = words_of(as_mod.post(QUEUE, {**sure, "reason": "All fine."}, follow=True))
    assert f"Case {cases[0].pk} is dismissed." in said
    assert f"Case {cases[2].pk}: Nobody decides about what they reported" in said
    assert list(Report.objects.open()) == [cases[2]]
    assert ModerationAction.objects.count() == 2


def test_without_the_right_no_report_is_dismissed(case: Report) -> None:
    looker = make_person("looker", is_staff=True)
    looker.user_permissions.set(Permission.objects.filter(codename="view_report"))
    chosen = {"action": "dismiss", "_selected_action": [case.pk]}
    signed_in(looker).post(QUEUE, {**chosen, "confirmed": "yes", "reason": "x"})
    case.refresh_from_db()
    assert case.is_open


# --- A case ---------------------------------------------------------------


def test_a_case_shows_what_was_reported_as_it_was(
    as_mod: Client, ada: User, ben: User
) -> None:
    connect(ada, ben)
    User.objects.filter(pk=ben.pk).update(bio="<b>Old words</b>", email="b@example.org")
    ben.refresh_from_db()
    write(ada, ben, "Please stop")
    message = write(ben, ada, "<script>alert(1)</script>")
    made = report(ada, ben, message=message.public_id, may_read=True, words="See")
    User.objects.filter(pk=ben.pk).update(bio="New words")
    Message.objects.update(body="Changed since")
    response = as_mod.get(page_of(made))
    page = response.content.decode()
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "<script>alert" not in page
    said = words_of(response)
    for words in ("<b>Old words</b>", "Please stop", "See", "Harassment or hate"):
        assert words in said
    for words in ("New words", "Changed since", "b@example.org", ben.username):
        assert words not in said


def test_messages_are_read_only_when_the_reporter_said_so(
    as_mod: Client, ada: User, ben: User
) -> None:
    connect(ada, ben)
    write(ada, ben, "A secret")
    made = report(ada, ben)
    page = words_of(as_mod.get(page_of(made)))
    assert "A secret" not in page
    assert "did not say that they may be read" in page


def test_a_case_shows_what_happened_before(
    as_mod: Client, ada: User, ben: User, cyd: User, mod: User, case: Report
) -> None:
    before = report(cyd, ben)
    decide(services.person_warn, before, mod)
    by_ben = report(ben, cyd)
    about_ada = report(cyd, ada)
    page = as_mod.get(page_of(case)).content.decode()
    for other in (before, by_ben, about_ada):
        assert page_of(other) in page
    assert page_of(ModerationAction.objects.get()) in page


@pytest.mark.parametrize("rows", [1, 9])
def test_a_case_costs_the_same_for_any_past(
    as_mod: Client,
    ada: User,
    ben: User,
    mod: User,
    rows: int,
    django_assert_max_num_queries: Any,
) -> None:
    made = report(ada, ben, profile=1)
    for number in range(rows):
        person = make_person(f"other_{number}")
        decide(services.person_warn, report(person, ben), mod)
        report(person, ben, profile=1)
    as_mod.get(page_of(made))
    with django_assert_max_num_queries(18):
        as_mod.get(page_of(made))


def test_deciding_in_the_form(
    as_mod: Client, mod: User, ben: User, case: Report
) -> None:
    answer = as_mod.post(page_of(case), WARN, follow=True)
    assert answer.redirect_chain == [(QUEUE, 302)]
    assert f"Case {case.pk} is decided." in words_of(answer)
    action = ModerationAction.objects.get()
    assert (action.actor, action.verb, action.rule) == (mod, "warn", "respect")
    assert Notice.objects.get(person=ben).facts == "A message of 22 November."
    page = words_of(as_mod.get(page_of(case)))
    assert "Decide case" not in page
    assert "mod_one decided: warn" in page


@pytest.mark.parametrize("verb", ["limit", "suspend"])
def test_a_measure_with_an_end(
    as_mod: Client, ben: User, case: Report, verb: str
) -> None:
    until = timezone.now() + timedelta(days=3)
    data = {**WARN, "verb": verb, "until": f"{until:%Y-%m-%dT%H:%M}"}
    assert as_mod.post(page_of(case), data).status_code == 302
    ben.refresh_from_db()
    held = {"limit": ben.limited_until, "suspend": ben.suspended_until}
    assert held[verb] == until.replace(second=0, microsecond=0)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"verb": ""}, "Choose what to do."),
        ({"verb": "restore"}, "restore is not one of"),
        ({"verb": "remove_message"}, "remove_message is not one of"),
        ({"rule": "none"}, "Name the rule that was broken."),
        ({"verb": "dismiss"}, "dismissed when no rule was broken"),
        ({"facts": " "}, "Say what you looked at."),
        ({"reason": ""}, "Give the reason."),
        ({"reason": "x" * 2001}, "2,001 characters long"),
        ({"verb": "suspend"}, "Say until when."),
        ({"verb": "suspend", "until": "soon"}, "Give a date and a time."),
        ({"verb": "suspend", "until": "2020-01-01T00:00"}, "This moment has passed."),
        ({"verb": "limit", "until": "9999-12-31T23:59"}, "within ten years"),
    ],
)
def test_the_form_asks_for_the_whole_statement(
    as_mod: Client, case: Report, change: dict[str, str], said: str
) -> None:
    response = as_mod.post(page_of(case), {**WARN, **change})
    assert response.status_code == 200
    assert said in words_of(response)
    assert not ModerationAction.objects.exists()
    case.refresh_from_db()
    assert case.is_open


def test_the_second_moderator_is_told_who_was_first(
    as_mod: Client, ben: User, case: Report
) -> None:
    other = signed_in(make_moderator("mod_two"))
    as_mod.post(page_of(case), WARN)
    late = {**WARN, "verb": "suspend", "until": "2999-01-01T00:00"}
    answer = other.post(page_of(case), late, follow=True)
    assert "This was decided a moment ago by mod_one." in words_of(answer)
    assert ModerationAction.objects.count() == 1


def test_nobody_reads_a_case_about_themselves(
    as_mod: Client, mod: User, ada: User, ben: User
) -> None:
    about_mod, other = report(ada, mod), report(ada, ben)
    assert list(as_mod.get(QUEUE).context["cl"].result_list) == [other]
    assert as_mod.get(page_of(about_mod)).status_code == 404
    assert as_mod.post(page_of(about_mod), WARN).status_code == 404
    assert page_of(about_mod) not in as_mod.get(page_of(other)).content.decode()


def test_the_log_does_not_tell_a_moderator_who_was_reported(
    ada: User, ben: User, mod: User, as_mod: Client
) -> None:
    """A dismissal is told to whoever reported only: its reason may speak of them."""
    other = make_moderator("mod_two")
    own = decide(services.report_dismiss, report(ada, mod), other, NO_RULE)
    shown = decide(services.report_dismiss, report(ada, ben), other, NO_RULE)
    log = "/admin/social/moderationaction/"
    rows = as_mod.get(log).context["cl"].queryset
    assert list(rows) == [shown]
    assert as_mod.get(f"{log}{shown.pk}/change/").status_code == 200
    assert as_mod.get(f"{log}{own.pk}/change/").status_code == 302


def test_ending_early(
    as_mod: Client, mod: User, ada: User, ben: User, case: Report
) -> None:
    assert "End what is in force" not in as_mod.get(page_of(case)).content.decode()
    decide(services.person_suspend, case, mod, until=LATER)
    page = as_mod.get(page_of(case)).content.decode()
    assert "End what is in force" in page
    form = {"restore": "yes", "restore-reason": "Long enough."}
    assert "Give the reason." in words_of(as_mod.post(page_of(case), {"restore": "y"}))
    as_mod.post(page_of(case), form)
    ben.refresh_from_db()
    assert ben.suspended_until is None
    assert told(ben)[-1] == ("decision", "restore")
    again = as_mod.post(page_of(case), form, follow=True)
    assert "Nothing is in force" in words_of(again)


# --- Appeals --------------------------------------------------------------


def test_an_appeal_goes_to_someone_else(
    as_mod: Client, ada: User, ben: User, mod: User
) -> None:
    suspended(ben, ada, mod)
    appeal = services.appeal_create(
        notice=Notice.objects.get(person=ben), words="I am sorry.", now=NOW
    )
    data = {"outcome": "overturn", "reason": "They are."}
    assert "nobody else here can decide" in words_of(as_mod.get(page_of(appeal)))
    other = signed_in(make_moderator("mod_two"))
    assert "Someone who did not take part" in words_of(as_mod.get(page_of(appeal)))
    refused = as_mod.post(page_of(appeal), data, follow=True)
    assert "Someone who did not take part" in words_of(refused)
    assert "I am sorry." in words_of(other.get(page_of(appeal)))
    assert list(other.get(APPEALS).context["cl"].result_list) == [appeal]
    assert "Choose what to do." in words_of(other.post(page_of(appeal), {}))
    done = other.post(page_of(appeal), data, follow=True)
    assert f"Appeal {appeal.pk} is decided." in words_of(done)
    ben.refresh_from_db()
    assert not ben.is_suspended
    assert not other.get(APPEALS).context["cl"].result_list
    assert list(other.get(f"{APPEALS}?state=decided").context["cl"].result_list)
    late = other.post(page_of(appeal), data, follow=True)
    assert "decided a moment ago by mod_two" in words_of(late)


def test_ones_own_appeal_is_for_others(ada: User, mod: User) -> None:
    judged = make_moderator("mod_two")
    decide(services.person_warn, report(ada, judged), mod)
    appeal = services.appeal_create(
        notice=Notice.objects.get(person=judged), words="No", now=NOW
    )
    client = signed_in(judged)
    assert not client.get(APPEALS).context["cl"].result_list
    assert client.get(page_of(appeal)).status_code == 404
