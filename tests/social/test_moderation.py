"""What moderators decide: each verb, whom it reaches, and who may not decide."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from accounts.models import User
from accounts.signals import visibility_changed
from social import services
from social.models import (
    AppendOnly,
    Message,
    ModerationAction,
    Notice,
    Report,
)
from social.services import AlreadyDecided, CannotDecide, Statement, block_create
from social.visibility import people_visible_to
from tests.conftest import NOW, require_or_skip
from tests.factories import make_person
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
def heard() -> Iterator[list[int]]:
    """Ids of the people whose visibility was said to have changed."""
    ids: list[int] = []

    def hear(person_id: int, **_: Any) -> None:
        ids.append(person_id)

    visibility_changed.connect(hear)
    yield ids
    visibility_changed.disconnect(hear)


# --- Verbs ----------------------------------------------------------------


def test_dismissing_tells_the_reporter_only(ada: User, ben: User, mod: User) -> None:
    case = report(ada, ben)
    action = decide(services.report_dismiss, case, mod, NO_RULE)
    case.refresh_from_db()
    assert (case.state, case.decided_at) == ("decided", NOW)
    assert (action.actor, action.actor_name) == (mod, "mod_one")
    assert (action.person_public_id, action.person_name) == (ben.public_id, "ben_near")
    assert (action.reason, action.rule, action.report) == (
        "It is a joke between the two.",
        "none",
        case,
    )
    assert told(ada) == [("report", "dismiss")]
    assert told(ben) == []


def test_a_removed_message_leaves_its_place(ada: User, ben: User, mod: User) -> None:
    connect(ada, ben)
    message = write(ben, ada, "Rude words")
    case = report(ada, ben, message=message.public_id)
    decide(services.message_remove, case, mod)
    message.refresh_from_db()
    assert (message.body, message.removed_at) == ("", NOW)
    assert Message.objects.count() == 1
    assert told(ben) == [("decision", "remove_message")]
    case.refresh_from_db()
    assert case.snapshot["text"]["body"] == "Rude words"


def test_a_removed_note_is_gone(ada: User, ben: User, mod: User) -> None:
    asked = connect(ben, ada, note="Rude words")
    decide(services.message_remove, report(ada, ben, note=asked.public_id), mod)
    asked.refresh_from_db()
    assert asked.note == ""


def test_another_note_than_the_reported_one_stays(
    ada: User, ben: User, mod: User
) -> None:
    asked = connect(ben, ada, note="Rude words")
    case = report(ada, ben, note=asked.public_id)
    type(asked).objects.filter(pk=asked.pk).update(note="Sorry")
    with pytest.raises(CannotDecide, match="no such text"):
        decide(services.message_remove, case, mod)
    case.refresh_from_db()
    assert case.is_open


def test_a_cleared_profile_keeps_its_handle(ada: User, ben: User, mod: User) -> None:
    User.objects.filter(pk=ben.pk).update(bio="Rude words")
    decide(services.profile_clear, report(ada, ben, profile=1), mod)
    ben.refresh_from_db()
    assert (ben.display_name, ben.bio, ben.handle) == ("", "", "ben_near")


def test_a_warning_changes_nothing_else(ada: User, ben: User, mod: User) -> None:
    decide(services.person_warn, report(ada, ben), mod)
    assert told(ben) == [("decision", "warn")]
    notice = Notice.objects.get(person=ben)
    assert notice.facts == "A message of 22 November."
    assert ben in people_visible_to(ada)


def test_a_limit_has_its_end(ada: User, ben: User, mod: User) -> None:
    action = decide(services.person_limit, report(ada, ben), mod, until=LATER)
    ben.refresh_from_db()
    assert (ben.limited_until, ben.suspended_until) == (LATER, None)
    assert action.until == LATER
    assert ben in people_visible_to(ada)


def test_who_is_suspended_vanishes(
    ada: User, ben: User, mod: User, heard: list[int]
) -> None:
    suspended(ben, ada, mod)
    assert ben.suspended_until == LATER
    assert ben.is_active
    assert ben not in people_visible_to(ada)
    assert heard == [ben.pk]


def test_restoring_ends_both(
    ada: User, ben: User, cyd: User, mod: User, heard: list[int]
) -> None:
    case = report(cyd, ben)
    suspended(ben, ada, mod)
    decide(services.person_limit, case, mod, until=LATER)
    decide(services.person_restore, case, mod, NO_RULE)
    ben.refresh_from_db()
    assert (ben.suspended_until, ben.limited_until) == (None, None)
    assert heard == [ben.pk, ben.pk]
    assert told(ben)[-1] == ("decision", "restore")
    with pytest.raises(CannotDecide, match="Nothing is in force"):
        decide(services.person_restore, case, mod, NO_RULE)


def test_a_shorter_suspension_does_not_shorten_a_longer(
    ada: User, ben: User, cyd: User, mod: User
) -> None:
    case = report(cyd, ben)
    suspended(ben, ada, mod, until=LATER)
    decide(services.person_suspend, case, mod, until=NOW + timedelta(hours=1))
    ben.refresh_from_db()
    assert ben.suspended_until == LATER


def test_mails_are_asked_for_once_a_notice(
    ada: User, ben: User, mod: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []
    monkeypatch.setattr("social.events.decision_made", asked.append)
    decide(services.person_warn, report(ada, ben), mod)
    assert sorted(asked) == sorted(Notice.objects.values_list("pk", flat=True))
    assert len(asked) == 2


# --- Several reports of one thing -----------------------------------------


def test_reports_of_the_same_words_close_together(
    ada: User, ben: User, cyd: User, mod: User
) -> None:
    first, second = report(ada, ben, profile=1), report(cyd, ben, profile=1)
    User.objects.filter(pk=ben.pk).update(bio="Other words by now")
    third = report(make_person("eve_late"), ben, profile=1)
    alone = report(cyd, ben)
    action = decide(services.person_warn, first, mod)
    open_ones = set(Report.objects.open())
    assert open_ones == {third, alone}
    assert told(ada) == told(cyd) == [("report", "warn")]
    second.refresh_from_db()
    assert services.decision_of(second) == action


def test_two_reports_of_a_person_are_two_cases(
    ada: User, ben: User, cyd: User, mod: User
) -> None:
    case, other = report(ada, ben), report(cyd, ben)
    decide(services.report_dismiss, case, mod, NO_RULE)
    other.refresh_from_db()
    assert other.is_open
    assert services.decision_of(other) is None


def test_facts_never_come_with_who_reported(ada: User, ben: User, mod: User) -> None:
    decide(services.person_warn, report(ada, ben, words="I am Ada"), mod)
    notice = Notice.objects.get(person=ben)
    rows = (*vars(notice).values(), *vars(notice.action).values())
    assert "Ada" not in str(rows)
    assert "ada_owner" not in str(rows)


# --- One decision a case --------------------------------------------------


def test_the_second_is_told_who_was_first(ada: User, ben: User, mod: User) -> None:
    case = report(ada, ben)
    decide(services.person_warn, case, mod)
    with pytest.raises(AlreadyDecided, match="a moment ago by mod_one"):
        decide(services.person_suspend, case, make_moderator("mod_two"), until=LATER)
    ben.refresh_from_db()
    assert not ben.is_suspended
    assert ModerationAction.objects.count() == 1


def test_who_decided_together_is_named_as_well(
    ada: User, ben: User, cyd: User, mod: User
) -> None:
    first, second = report(ada, ben, profile=1), report(cyd, ben, profile=1)
    decide(services.person_warn, first, mod)
    with pytest.raises(AlreadyDecided, match="a moment ago by mod_one"):
        decide(services.report_dismiss, second, make_moderator("mod_two"), NO_RULE)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("subject", [{}, {"profile": 1}])
def test_of_two_moderators_at_once_one_wins(subject: dict[str, int]) -> None:
    require_or_skip(connection.vendor == "postgresql", "Postgres")
    ada, ben, cyd = (make_person(h) for h in ("ada_owner", "ben_near", "cyd_too"))
    mods = [make_chief(f"chief_{n}") for n in range(3)]
    cases = [report(ada, ben, **subject)] * 2
    cases.append(report(cyd, ben, **subject) if subject else cases[0])

    def one(case: Report, actor: User) -> str:
        try:
            decide(services.person_warn, case, actor)
        except AlreadyDecided as reason:
            return str(reason)
        return "won"

    pairs = list(zip(cases, mods, strict=True))
    said = in_threads(*[lambda c=c, m=m: one(c, m) for c, m in pairs])  # type: ignore[misc]
    assert said.count("won") == 1
    winner = ModerationAction.objects.get().actor_name
    others = [words for words in said if words != "won"]
    assert others == [f"This was decided a moment ago by {winner}."] * 2
    assert told(ben) == [("decision", "warn")]


@pytest.mark.django_db(transaction=True)
def test_decisions_at_once_make_one_chain() -> None:
    require_or_skip(connection.vendor == "postgresql", "Postgres")
    chief, ada = make_chief(), make_person("ada_owner")
    cases = [report(ada, make_person(f"rude_{n}")) for n in range(4)]
    in_threads(
        *[
            lambda c=case: decide(services.report_dismiss, c, chief, NO_RULE)  # type: ignore[misc]
            for case in cases
        ]
    )
    check = services.log_check()
    assert (check.rows, check.faults) == (4, [])


# --- The log only grows ---------------------------------------------------


def test_the_log_is_neither_changed_nor_deleted(
    ada: User, ben: User, mod: User
) -> None:
    action = decide(services.person_warn, report(ada, ben), mod)
    action.reason = "Another"
    rows = ModerationAction.objects.all()
    for change in (
        action.save,
        action.delete,
        rows.delete,
        lambda: rows.update(reason="x"),
    ):
        with pytest.raises(AppendOnly):
            change()
    assert ModerationAction.objects.get().reason == "It insults a person."


def test_the_log_outlives_everyone_in_it(ada: User, ben: User, mod: User) -> None:
    decide(services.person_warn, report(ada, ben), mod)
    block_create(blocker=ada, blocked=ben, now=NOW)
    for person in (ada, ben, mod):
        person.delete()
    action = ModerationAction.objects.get()
    assert (action.actor, action.actor_name) == (None, "mod_one")
    assert action.person_name == "ben_near"
    assert services.log_check().faults == []


def test_a_statement_is_kept_word_for_word(ada: User, ben: User, mod: User) -> None:
    why = Statement(rule="safety", reason="Line one\nline “two” – 🎵", facts="x")
    action = decide(services.person_warn, report(ada, ben), mod, why)
    action.refresh_from_db()
    assert action.reason == "Line one\nline “two” – 🎵"
    assert action.sealed() == action.seal
