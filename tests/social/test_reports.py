"""Telling moderators about someone, also about someone one cannot see any more."""

import uuid
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.http import Http404
from django.test import Client
from django.utils import timezone

from accounts.models import User
from accounts.services import account_close, matching_pause
from accounts.throttle import OverLimit
from social.models import Report
from social.reportable import reportable_or_404
from social.services import block_create
from social.views import reports
from tests.conftest import HOST, NOW, require_or_skip
from tests.factories import make_person, make_user
from tests.matching.marks import words_of
from tests.social.deciding import connect, report, write
from tests.threads import in_threads

PAGE = "/people/ben_near/report/"
WHY = {"reason": "harassment", "words": "He will not stop."}


# --- What is kept ---------------------------------------------------------


def test_it_keeps_the_person_as_they_were(ada: User, ben: User, now: datetime) -> None:
    User.objects.filter(pk=ben.pk).update(bio="Rude words")
    made = report(ada, ben, profile=1, words="Look at this")
    User.objects.filter(pk=ben.pk).update(bio="Nice words", display_name="Angel")
    made.refresh_from_db()
    assert made.snapshot == {
        "person": {"handle": "ben_near", "display_name": "Ben", "bio": "Rude words"},
        "text": {},
    }
    assert (made.subject, made.subject_key) == ("profile", "")
    assert (made.severity, made.state, made.words) == (2, "open", "Look at this")


def test_a_message_is_kept_as_it_was_and_nothing_else(ada: User, ben: User) -> None:
    connect(ada, ben)
    write(ada, ben, "Secret of mine")
    message = write(ben, ada, "I know where you live")
    made = report(ada, ben, message=message.public_id, reason="threat")
    assert made.subject_key == str(message.public_id)
    assert made.snapshot["text"]["body"] == "I know where you live"
    assert made.severity == Report.Severity.HIGH
    assert "messages" not in made.snapshot
    assert "Secret of mine" not in str(made.snapshot)
    assert made.may_read_messages is False


def test_the_last_ten_messages_when_they_may_be_read(ada: User, ben: User) -> None:
    connect(ada, ben)
    for number in range(12):
        write(ada if number % 2 else ben, ben if number % 2 else ada, f"no {number}")
    made = report(ada, ben, may_read=True)
    lines = made.snapshot["messages"]
    assert [line["body"] for line in lines] == [f"no {n}" for n in range(2, 12)]
    assert [line["from"] for line in lines][:2] == ["person", "reporter"]
    assert ada.handle not in str(made.snapshot)


def test_a_note_is_reported_by_whom_it_was_for(ada: User, ben: User) -> None:
    asked = connect(ben, ada, note="Hey you")
    made = report(ada, ben, note=asked.public_id)
    assert made.snapshot["text"]["body"] == "Hey you"
    with pytest.raises(Http404):
        report(ben, ada, note=asked.public_id)


# --- Whom and what one may report -----------------------------------------


@pytest.mark.parametrize(
    "meanwhile",
    ["i_block", "they_block", "both_block", "they_hide", "they_pause", "suspended"],
)
@pytest.mark.parametrize("had", ["connection", "nothing"])
def test_someone_one_cannot_see_any_more(
    ada: User, ben: User, cyd: User, now: datetime, meanwhile: str, had: str
) -> None:
    if had == "connection":
        connect(ada, ben)
        write(ben, ada, "A threat")
    if meanwhile in ("i_block", "both_block"):
        block_create(blocker=ada, blocked=ben, now=now)
    if meanwhile in ("they_block", "both_block"):
        block_create(blocker=ben, blocked=ada, now=now)
    if meanwhile == "they_hide":
        User.objects.filter(pk=ben.pk).update(is_hidden=True)
    if meanwhile == "they_pause":
        matching_pause(person=ben, now=now)
    if meanwhile == "suspended":
        User.objects.filter(pk=ben.pk).update(suspended_until=now + timedelta(days=1))
    if had == "connection" or meanwhile in ("i_block", "both_block"):
        thing = reportable_or_404(ada, "ben_near", {})
        # A connected person stays visible when they hide.
        is_seen = meanwhile == "they_hide"
        assert thing.name == ("Ben" if is_seen else "@ben_near")
        assert report(ada, ben).person == ben
    else:
        with pytest.raises(Http404):
            reportable_or_404(ada, "ben_near", {})


@pytest.mark.parametrize("handle", ["ada_owner", "nobody_here", "", "never_joined"])
def test_oneself_and_nobody_are_the_same_404(ada: User, handle: str) -> None:
    make_user("x", handle="never_joined")
    with pytest.raises(Http404):
        reportable_or_404(ada, handle, {})


def test_only_a_message_that_was_written_to_one(
    ada: User, ben: User, cyd: User
) -> None:
    connect(ada, ben)
    connect(ben, cyd)
    own = write(ada, ben, "Mine")
    to_cyd = write(ben, cyd, "To Cyd")
    for key in (own.public_id, to_cyd.public_id, uuid.uuid4(), "x", ""):
        with pytest.raises(Http404):
            report(ada, ben, message=key)
        with pytest.raises(Http404):
            report(ada, ben, note=key)


# --- Once, and ten times a day --------------------------------------------


def test_the_same_again_is_the_first(ada: User, ben: User, cyd: User) -> None:
    first = report(ada, ben)
    assert report(ada, ben, words="Other words") == first
    assert report(ada, ben, profile=1) != first
    assert report(cyd, ben) != first
    Report.objects.filter(pk=first.pk).update(state="decided", decided_at=NOW)
    assert report(ada, ben) != first


def test_ten_a_day(ada: User, ben: User) -> None:
    people = [make_person(f"rude_{n}") for n in range(10)]
    for number, person in enumerate(people):
        report(ada, person, at=NOW + timedelta(minutes=number))
    with pytest.raises(OverLimit) as over:
        report(ada, ben, at=NOW + timedelta(hours=1))
    assert over.value.until == NOW + timedelta(days=1)
    assert Report.objects.count() == 10
    assert report(ada, ben, at=NOW + timedelta(days=1, seconds=1)).person == ben


def test_the_database_refuses_what_the_service_does(ada: User, ben: User) -> None:
    made = report(ada, ben)
    fields = {"reason": "spam", "severity": 1, "created_at": NOW}
    pair = {"reporter": ada, "person": ben, "subject": "person"}
    names = "report_one_open|social_report.reporter_id"
    with pytest.raises(IntegrityError, match=names), transaction.atomic():
        Report.objects.create(**pair, **fields)
    with pytest.raises(IntegrityError, match="report_no_self"), transaction.atomic():
        Report.objects.create(
            reporter=ada, person=ada, subject="person", subject_key="x", **fields
        )
    rows = Report.objects.filter(pk=made.pk)
    timed = "report_decided_has_time"
    with pytest.raises(IntegrityError, match=timed), transaction.atomic():
        rows.update(state="decided")
    with pytest.raises(IntegrityError, match="report_words_fits"), transaction.atomic():
        rows.update(words="x" * 4001)
    assert {c.name for c in Report._meta.constraints} == {
        "report_one_open",
        "report_no_self",
        "report_decided_has_time",
        "report_words_fits",
    }


# --- Pages ----------------------------------------------------------------


def test_reporting_thanks_and_offers_to_block(as_ada: Client, ben: User) -> None:
    page = words_of(as_ada.get(PAGE))
    assert "Report Ben" in page
    assert "You can report 10 more times today." in page
    assert "last 10 messages" not in page
    answer = as_ada.post(PAGE, WHY, follow=True)
    assert answer.redirect_chain == [(PAGE, 302)]
    assert "Thank you. Your report is with the moderators." in words_of(answer)
    assert "Block Ben" in words_of(answer)
    assert Report.objects.get().words == "He will not stop."


def test_pressing_twice_is_pressing_once(as_ada: Client, ben: User) -> None:
    as_ada.post(PAGE, WHY)
    again = as_ada.post(PAGE, WHY, follow=True)
    assert again.status_code == 200
    assert "You have reported this already." in words_of(again)
    assert Report.objects.count() == 1


def test_a_message_is_quoted_and_escaped(as_ada: Client, ada: User, ben: User) -> None:
    connect(ada, ben)
    message = write(ben, ada, "<script>alert(1)</script>\nsecond line")
    address = f"{PAGE}?message={message.public_id}"
    page = as_ada.get(address).content.decode()
    assert "&lt;script&gt;alert(1)&lt;/script&gt;<br>second line" in page
    assert "<script>alert" not in page
    assert f'action="{address}"' in page
    answer = as_ada.post(address, {**WHY, "may_read_messages": "on"})
    assert answer.headers["Location"] == address
    made = Report.objects.get()
    assert (made.subject, made.may_read_messages) == ("message", True)


def test_who_cannot_be_seen_is_not_described(
    as_ada: Client, ada: User, ben: User, now: datetime
) -> None:
    connect(ada, ben)
    block_create(blocker=ben, blocked=ada, now=now)
    page = as_ada.get(PAGE).content.decode()
    assert "Report @ben_near" in page
    assert "Ben" not in page
    done = as_ada.post(PAGE, WHY, follow=True).content.decode()
    assert "Ben" not in done
    assert "/people/ben_near/block/" not in done


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({}, "Choose what fits best."),
        ({"reason": "nonsense"}, "nonsense"),
        ({"reason": "other"}, "Say what is wrong: none of the reasons fits."),
        ({"reason": "spam", "words": "x" * 1001}, "1,001 characters long"),
        ({"reason": "spam", "words": ("e" + "\u0316" * 20) * 200}, "too large"),
    ],
)
def test_a_wrong_form_says_why(
    as_ada: Client, ben: User, data: dict[str, str], said: str
) -> None:
    page = as_ada.post(PAGE, data)
    assert page.status_code == 200
    assert said in words_of(page)
    assert not Report.objects.exists()


def test_a_thousand_characters_as_people_count_them(as_ada: Client, ben: User) -> None:
    words = "👍🏽" * 1000
    assert as_ada.post(PAGE, {**WHY, "words": words}).status_code == 302
    assert Report.objects.get().words == words


def test_over_the_limit_nothing_is_lost(as_ada: Client, ada: User, ben: User) -> None:
    for number in range(10):
        report(ada, make_person(f"rude_{number}"), at=timezone.now())
    page = as_ada.post(PAGE, WHY)
    assert page.status_code == 429
    assert 0 < int(page.headers["Retry-After"]) <= 86_400
    assert "He will not stop." in page.content.decode()
    assert "You can go on at" in words_of(page)
    assert Report.objects.count() == 10


def test_refusals_are_one_404(
    as_ada: Client, client: Client, ada: User, ben: User, now: datetime
) -> None:
    block_create(blocker=ben, blocked=ada, now=now)
    missing = as_ada.get("/people/nobody_here/report/")
    hidden = as_ada.get(PAGE)
    assert (missing.status_code, hidden.status_code) == (404, 404)
    assert missing.content == hidden.content == as_ada.post(PAGE, WHY).content
    assert as_ada.post("/people/ada_owner/report/", WHY).status_code == 404
    assert not Report.objects.exists()


def test_a_session_is_needed(client: Client, ben: User) -> None:
    assert client.post(PAGE, WHY)["Location"] == f"/accounts/login/?next={PAGE}"
    client.force_login(make_user("only_signed_up"))
    assert client.post(PAGE, WHY)["Location"] == "/welcome/"
    assert not Report.objects.exists()


def test_who_is_suspended_reports_nobody(ada: User, ben: User, cyd: User) -> None:
    User.objects.filter(pk=ada.pk).update(
        suspended_until=timezone.now().replace(year=2999)
    )
    client = Client(HTTP_HOST=HOST)
    client.force_login(ada)
    assert client.post(PAGE, WHY).status_code == 403
    assert not Report.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_two_presses_at_once_are_one_report() -> None:
    require_or_skip(connection.vendor == "postgresql", "Postgres")
    ada, ben = make_person("ada_owner"), make_person("ben_near")
    made = in_threads(*[lambda: report(ada, ben)] * 4)
    assert len({one.pk for one in made}) == 1
    assert Report.objects.count() == 1


def test_the_page_costs_the_same(
    as_ada: Client, ada: User, ben: User, django_assert_max_num_queries: Any
) -> None:
    connect(ada, ben)
    message = write(ben, ada, "Rude")
    with django_assert_max_num_queries(13):
        as_ada.get(f"{PAGE}?message={message.public_id}")


def test_who_leaves_meanwhile_is_a_404(
    as_ada: Client, ben: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = reports.reportable_or_404

    def read_and_leave(*given: Any) -> Any:
        thing = read(*given)
        account_close(person=User.objects.get(pk=ben.pk), now=timezone.now())
        return thing

    monkeypatch.setattr(reports, "reportable_or_404", read_and_leave)
    assert as_ada.post(PAGE, WHY).status_code == 404
    assert not Report.objects.exists()
