"""Answering a decision, and deciding about the answer."""

from datetime import datetime

from django.contrib.auth.backends import ModelBackend
from django.core.exceptions import PermissionDenied
from django.db import transaction

from accounts.models import PersonQuerySet, User
from social.models import Appeal, ModerationAction, Notice
from social.services.moderation import CannotDecide
from social.services.moderation_log import Statement, action_write
from social.services.notices import notice_give
from social.services.suspensions import measures_apply

_Verb = ModerationAction.Verb
_BACKEND = f"{ModelBackend.__module__}.{ModelBackend.__qualname__}"


class CannotAppeal(Exception):
    """Only a decision about oneself that weighs on one can be appealed."""


class AppealDecided(CannotDecide):
    """Someone else was first."""

    def __init__(self, appeal: Appeal) -> None:
        who = appeal.decided_by or "someone else"
        super().__init__(f"This was decided a moment ago by {who}.")


@transaction.atomic
def appeal_create(*, notice: Notice, words: str, now: datetime) -> Appeal:
    """Answer a decision, once; again gives the first answer."""
    if not notice.can_be_answered:
        raise CannotAppeal
    held = Notice.objects.select_for_update(of=("self",)).get(pk=notice.pk)
    appeal, _ = Appeal.objects.get_or_create(
        notice=held, defaults={"words": words, "created_at": now}
    )
    return appeal


@transaction.atomic
def appeal_uphold(
    *, appeal_id: int, actor: User, reason: str, now: datetime
) -> ModerationAction:
    """Let the decision stand."""
    appeal, _ = _hold(appeal_id, actor)
    return _decide(appeal, Appeal.State.UPHELD, _Verb.UPHOLD, actor, reason, now)


@transaction.atomic
def appeal_overturn(
    *, appeal_id: int, actor: User, reason: str, now: datetime
) -> ModerationAction:
    """Take the decision back. A text that was cleared stays cleared."""
    appeal, person = _hold(appeal_id, actor)
    state = Appeal.State.OVERTURNED
    action = _decide(appeal, state, _Verb.OVERTURN, actor, reason, now)
    measures_apply(person, now)
    return action


def deciders_of(notice: Notice) -> PersonQuerySet:
    """Return who may decide about an appeal: whoever did not decide before.

    Whoever did may where nobody else is left. Never the person it is about, and
    nobody who reported what it is about.
    """
    action = notice.action
    found: PersonQuerySet = User.objects.with_perm("social.moderate", backend=_BACKEND)
    able = found.filter(is_staff=True, suspended_until__isnull=True)
    able = able.exclude(pk=notice.person_id)
    told = Notice.objects.filter(action=action, kind=Notice.Kind.REPORT)
    able = able.exclude(pk__in=told.values("person"))
    others = able.exclude(moderation_actions=action)
    return others if others.exists() else able


def _hold(appeal_id: int, actor: User) -> tuple[Appeal, User]:
    """Lock an open appeal, and then its person, before the end of the log.

    As whoever decides about a report does. Raises ``PermissionDenied`` and
    ``CannotDecide``.
    """
    if not actor.has_perm("social.moderate"):
        raise PermissionDenied
    appeal = (
        Appeal.objects.with_decision().select_for_update(of=("self",)).get(pk=appeal_id)
    )
    if not appeal.is_open:
        raise AppealDecided(appeal)
    if not deciders_of(appeal.notice).filter(pk=actor.pk).exists():
        raise CannotDecide("Someone who did not take part before decides about this.")
    people: PersonQuerySet = User.objects.select_for_update(no_key=True)
    return appeal, people.get(pk=appeal.notice.person_id)


def _decide(
    appeal: Appeal, state: str, verb: str, actor: User, reason: str, now: datetime
) -> ModerationAction:
    """Write the outcome and tell the person who appealed."""
    before, person = appeal.notice.action, appeal.notice.person
    action = action_write(
        verb=verb,
        actor=actor,
        statement=Statement(rule=before.rule, reason=reason),
        person=person,
        report=before.report,
        now=now,
    )
    appeal.state, appeal.decided_at, appeal.decided_by = state, now, actor
    appeal.save(update_fields=["state", "decided_at", "decided_by"])
    notice_give(person=person, action=action, kind=Notice.Kind.APPEAL, now=now)
    return action
