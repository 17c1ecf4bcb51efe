"""What moderators decided: the log is whole, everyone was told, measures hold."""

from collections.abc import Iterator
from datetime import datetime

from django.db.models import Exists, Max, OuterRef, Q

from accounts.models import User
from social.models import Appeal, ModerationAction, Notice, Report
from social.services import log_check
from social.services.moderation import decision_of

_Verb = ModerationAction.Verb
_TOLD = (*ModerationAction.MEASURES, _Verb.RESTORE)
_APPEALS = {
    Appeal.State.UPHELD: _Verb.UPHOLD,
    Appeal.State.OVERTURNED: _Verb.OVERTURN,
}


def differences(now: datetime) -> Iterator[str]:
    yield from log_check().faults
    yield from _untold()
    yield from _reports()
    yield from _appeals(now)
    yield from _measures(now)


def _untold() -> Iterator[str]:
    """Whoever is still here was told what was decided about them."""
    for verbs, kind in (
        (_TOLD, Notice.Kind.DECISION),
        (tuple(_APPEALS.values()), Notice.Kind.APPEAL),
    ):
        here = User.objects.filter(public_id=OuterRef("person_public_id"))
        told = Notice.objects.filter(
            action=OuterRef("pk"),
            kind=kind,
            person__public_id=OuterRef("person_public_id"),
        )
        actions = ModerationAction.objects.filter(Exists(here), verb__in=verbs)
        for action in actions.filter(~Exists(told)).order_by("pk"):
            yield f"decision {action.pk} ({action.verb}): the person was never told"


def _reports() -> Iterator[str]:
    for report in Report.objects.exclude(state=Report.State.OPEN).order_by("pk"):
        action = decision_of(report)
        # Of several about somebody who has left, only one leads to its decision.
        if action is None:
            if report.person_id is not None:
                yield f"report {report.pk}: decided, and nothing says how"
            continue
        told = Notice.objects.filter(
            action=action, kind=Notice.Kind.REPORT, person=report.reporter_id
        )
        if report.reporter_id is not None and not told.exists():
            yield f"report {report.pk}: its reporter was never told"


def _appeals(now: datetime) -> Iterator[str]:
    for appeal in Appeal.objects.with_decision().filter(decided_at__isnull=False):
        answers = ModerationAction.objects.filter(
            verb=_APPEALS[Appeal.State(appeal.state)],
            created_at=appeal.decided_at or now,
            person_public_id=appeal.notice.person.public_id,
        )
        if not answers.exists():
            yield f"appeal {appeal.pk}: decided, and the log does not say so"


def _measures(now: datetime) -> Iterator[str]:
    """The end of each measure is what the log says, until it is over."""
    acted = ModerationAction.objects.filter(person_public_id=OuterRef("public_id"))
    people = User.objects.filter(
        Exists(acted)
        | Q(suspended_until__isnull=False)
        | Q(limited_until__isnull=False)
    )
    for person in people.order_by("pk"):
        for verb, field in (
            (_Verb.SUSPEND, "suspended_until"),
            (_Verb.LIMIT, "limited_until"),
        ):
            held = ModerationAction.objects.in_force(person.public_id, verb, now)
            until = held.aggregate(end=Max("until"))["end"]
            said = getattr(person, field)
            is_over = said is not None and said <= now
            if said != until and not (is_over and until is None):
                yield f"person {person.pk}: {field} is not what the log says"
