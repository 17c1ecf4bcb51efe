"""What moderators decide about a report: each decision is one verb."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.core.exceptions import PermissionDenied
from django.db import transaction

from accounts.models import PersonQuerySet, User
from social.models import Connection, Message, ModerationAction, Notice, Report
from social.services.moderation_log import Statement, action_write
from social.services.notices import notice_give
from social.services.suspensions import measures_apply

_Verb = ModerationAction.Verb
_Rule = ModerationAction.Rule
_Subject = Report.Subject
_ABOUT_A_PROFILE = (_Subject.PERSON, _Subject.PROFILE)
# A measure without an end is none: whoever it concerns is looked at again.
LONGEST = timedelta(days=10 * 365)


class CannotDecide(Exception):
    """This cannot be decided; the sentence says why."""


class AlreadyDecided(CannotDecide):
    """Someone else was first."""

    def __init__(self, action: ModerationAction | None) -> None:
        who = action.actor_name if action else "someone else"
        super().__init__(f"This was decided a moment ago by {who}.")


@dataclass(frozen=True, slots=True)
class _Case:
    """An open report, held; ``others`` are open reports of the very same."""

    report: Report
    others: list[Report]
    person: User | None
    actor: User


# --- Verbs ----------------------------------------------------------------


@transaction.atomic
def report_dismiss(
    *, report_id: int, actor: User, statement: Statement, now: datetime
) -> ModerationAction:
    """Find that no rule was broken. The person reported is told nothing of it."""
    if statement.rule != _Rule.NONE:
        raise CannotDecide("A report is dismissed when no rule was broken.")
    return _close(_hold(report_id, actor), _Verb.DISMISS, statement, now)


@transaction.atomic
def message_remove(
    *, report_id: int, actor: User, statement: Statement, now: datetime
) -> ModerationAction:
    """Take the text of the reported message or note away, for good."""
    case, _ = _hold_person(report_id, actor, statement)
    if not _text_remove(case.report, now):
        raise CannotDecide("There is no such text any more. Decide something else.")
    return _close(case, _Verb.REMOVE_MESSAGE, statement, now)


@transaction.atomic
def profile_clear(
    *, report_id: int, actor: User, statement: Statement, now: datetime
) -> ModerationAction:
    """Empty the name and the words on the profile; the handle stays."""
    case, person = _hold_person(report_id, actor, statement)
    if case.report.subject not in _ABOUT_A_PROFILE:
        raise CannotDecide("This report is not about a profile.")
    person.bio = person.display_name = ""
    person.save(update_fields=["bio", "display_name"])
    return _close(case, _Verb.CLEAR_PROFILE, statement, now)


@transaction.atomic
def person_warn(
    *, report_id: int, actor: User, statement: Statement, now: datetime
) -> ModerationAction:
    """Tell the person that a rule was broken, and nothing else."""
    case, _ = _hold_person(report_id, actor, statement)
    return _close(case, _Verb.WARN, statement, now)


@transaction.atomic
def person_limit(
    *, report_id: int, actor: User, statement: Statement, until: datetime, now: datetime
) -> ModerationAction:
    """Let the person ask nobody new to connect until then."""
    case, person = _hold_person(report_id, actor, statement)
    return _restrict(case, person, _Verb.LIMIT, statement, until, now)


@transaction.atomic
def person_suspend(
    *, report_id: int, actor: User, statement: Statement, until: datetime, now: datetime
) -> ModerationAction:
    """Take the person out of sight; they keep their notices and their data."""
    case, person = _hold_person(report_id, actor, statement)
    return _restrict(case, person, _Verb.SUSPEND, statement, until, now)


@transaction.atomic
def person_restore(
    *, report_id: int, actor: User, statement: Statement, now: datetime
) -> ModerationAction:
    """End the suspension and the limit of the person of a case before their time."""
    report = Report.objects.get(pk=report_id)
    person = _locked(report.person_id)
    _refuse(actor, person)
    if person is None or not (person.suspended_until or person.limited_until):
        raise CannotDecide("Nothing is in force that could be ended.")
    action = action_write(
        verb=_Verb.RESTORE,
        actor=actor,
        statement=statement,
        person=person,
        report=report,
        now=now,
    )
    measures_apply(person, now)
    _tell_person(person, action, statement, now)
    return action


def verbs_for(report: Report) -> list[str]:
    """Return what can be decided about an open report, the mildest first."""
    if report.person_id is None:
        return [_Verb.DISMISS]
    is_profile = report.subject in _ABOUT_A_PROFILE
    clean = _Verb.CLEAR_PROFILE if is_profile else _Verb.REMOVE_MESSAGE
    return [_Verb.DISMISS, clean, _Verb.WARN, _Verb.LIMIT, _Verb.SUSPEND]


def decision_of(report: Report) -> ModerationAction | None:
    """Return what closed a report, also where it was decided with another one."""
    if report.decided_at is None:
        return None
    made = ModerationAction.objects.filter(created_at=report.decided_at).order_by("pk")
    own = made.filter(report=report).first()
    if own is not None or report.person_id is None:
        return own
    same = Report.objects.on(report.person_id, report.subject, report.subject_key)
    return made.filter(report__in=same).first()


# --- What they share ------------------------------------------------------


def _hold(report_id: int, actor: User) -> _Case:
    """Lock the report, open ones of the same thing, and the person, in that order.

    Raises ``PermissionDenied``, :class:`AlreadyDecided` and :class:`CannotDecide`.
    """
    report = Report.objects.get(pk=report_id)
    rows = Report.objects.with_same(report).select_for_update().order_by("pk")
    held = {row.pk: row for row in rows}
    report = held.pop(report_id)
    person = _locked(report.person_id)
    _refuse(actor, person)
    if any(row.reporter_id == actor.pk for row in (report, *held.values())):
        raise CannotDecide("Nobody decides about what they reported themselves.")
    if not report.is_open:
        raise AlreadyDecided(decision_of(report))
    others = [row for row in held.values() if row.shows_same_as(report)]
    return _Case(report, others, person, actor)


def _hold_person(
    report_id: int, actor: User, statement: Statement
) -> tuple[_Case, User]:
    """As :func:`_hold`, for a measure: it needs a person and a broken rule."""
    case = _hold(report_id, actor)
    if case.person is None:
        raise CannotDecide("This person has left. Dismiss the report.")
    if statement.rule == _Rule.NONE:
        raise CannotDecide("Name the rule that was broken.")
    return case, case.person


def _locked(person_id: int | None) -> User | None:
    if person_id is None:
        return None
    people: PersonQuerySet = User.objects.select_for_update(no_key=True)
    return people.filter(pk=person_id).first()


def _refuse(actor: User, person: User | None) -> None:
    if not actor.has_perm("social.moderate"):
        raise PermissionDenied
    if person is not None and person.pk == actor.pk:
        raise CannotDecide("Nobody decides about themselves.")


def _text_remove(report: Report, now: datetime) -> bool:
    """Empty the reported text; returns whether there was one."""
    empty = {"card_kind": "", "card_name": "", "card_artist": ""}
    if report.subject == _Subject.MESSAGE:
        messages = Message.objects.filter(removed_at__isnull=True)
        message = messages.filter(public_id=report.subject_key)
        return message.update(body="", removed_at=now, **empty) > 0
    if report.subject == _Subject.NOTE:
        # It may have been asked again with other words, which nobody reported.
        words = report.snapshot["text"]["body"]
        requests = Connection.objects.filter(requester=report.person_id, note=words)
        request = requests.filter(public_id=report.subject_key)
        return request.update(note="", **empty) > 0
    return False


def _restrict(
    case: _Case,
    person: User,
    verb: str,
    statement: Statement,
    until: datetime,
    now: datetime,
) -> ModerationAction:
    if not now < until <= now + LONGEST:
        raise CannotDecide("The end lies in the future, and within ten years.")
    is_staff = person.is_staff or person.has_perm("social.moderate")
    if is_staff and not case.actor.is_superuser:
        raise CannotDecide("Only a superuser limits or suspends one of the staff.")
    action = _close(case, verb, statement, now, until)
    measures_apply(person, now)
    return action


def _close(
    case: _Case,
    verb: str,
    statement: Statement,
    now: datetime,
    until: datetime | None = None,
) -> ModerationAction:
    """Write the decision, close what it is about, and tell everyone concerned."""
    action = action_write(
        verb=verb,
        actor=case.actor,
        statement=statement,
        person=case.person,
        report=case.report,
        until=until,
        now=now,
    )
    closed = [case.report, *case.others]
    Report.objects.filter(pk__in=[report.pk for report in closed]).update(
        state=Report.State.DECIDED, decided_at=now
    )
    if case.person is not None and action.is_measure:
        _tell_person(case.person, action, statement, now)
    for reporter in User.objects.filter(pk__in=[r.reporter_id for r in closed]):
        notice_give(person=reporter, action=action, kind=Notice.Kind.REPORT, now=now)
    return action


def _tell_person(
    person: User, action: ModerationAction, statement: Statement, now: datetime
) -> None:
    notice_give(
        person=person,
        action=action,
        kind=Notice.Kind.DECISION,
        facts=statement.facts,
        now=now,
    )
