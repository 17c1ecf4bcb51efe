"""What moderators read of a case: what was reported, both people, what happened."""

from dataclasses import dataclass
from datetime import datetime

from accounts.models import User
from social.models import Appeal, ModerationAction, Report
from social.models.moderation import ModerationActionQuerySet
from social.services import decision_of

_SHOWN = 10


@dataclass(frozen=True, slots=True)
class History:
    """One of the two, the latest first; ``viewer`` is never shown who reported them."""

    role: str
    person: User | None
    about: list[Report]
    made: list[Report]
    actions: list[ModerationAction]


@dataclass(frozen=True, slots=True)
class Event:
    at: datetime
    words: str
    detail: str = ""
    person: User | None = None


@dataclass(frozen=True, slots=True)
class Case:
    report: Report
    decision: ModerationAction | None
    same: list[Report]
    histories: list[History]
    events: list[Event]

    @property
    def is_in_force(self) -> bool:
        """Whether something holds of the person that could be ended early."""
        person = self.report.person
        return person is not None and bool(
            person.suspended_until or person.limited_until
        )


def case_of(report: Report, *, viewer: User) -> Case:
    """Return everything about a case in a number of queries that never grows."""
    others = Report.objects.with_same(report).exclude(pk=report.pk)
    same = list(others.select_related("reporter").order_by("pk"))
    decision = decision_of(report)
    return Case(
        report=report,
        decision=decision,
        same=same,
        histories=[
            _history("Reported", report.person, report, viewer),
            _history("Reporter", report.reporter, report, viewer),
        ],
        events=_events(report, same, decision),
    )


def _history(role: str, person: User | None, report: Report, viewer: User) -> History:
    if person is None:
        return History(role, None, [], [], [])
    reports = Report.objects.not_about(viewer.pk).exclude(pk=report.pk)
    reports = reports.order_by("-created_at", "-pk")
    actions = ModerationAction.objects.about(person.public_id).order_by("-pk")
    return History(
        role,
        person,
        about=list(reports.filter(person=person)[:_SHOWN]),
        made=list(reports.filter(reporter=person)[:_SHOWN]),
        actions=list(actions[:_SHOWN]),
    )


def _events(
    report: Report, same: list[Report], decision: ModerationAction | None
) -> list[Event]:
    """What happened in this case, the first at the top."""
    actions: ModerationActionQuerySet = report.actions.order_by("pk")
    found = {action.pk: action for action in actions}
    if decision is not None:
        found[decision.pk] = decision
    events = [Event(report.created_at, "Reported", person=report.reporter)]
    events += [
        Event(other.created_at, "Reported as well", person=other.reporter)
        for other in same
    ]
    events += [_decided(action) for action in found.values()]
    appeals = Appeal.objects.filter(notice__action__in=found)
    events += [
        Event(appeal.created_at, "Appealed", appeal.words)
        for appeal in appeals.order_by("pk")
    ]
    return sorted(events, key=lambda event: event.at)


def _decided(action: ModerationAction) -> Event:
    words = f"{action.actor_name} decided: {action.get_verb_display()}"
    if action.until:
        words += f" {action.until:%d %B %Y, %H:%M} UTC"
    return Event(
        action.created_at, words, f"{action.get_rule_display()}. {action.reason}"
    )
