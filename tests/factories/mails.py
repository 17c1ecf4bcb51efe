"""People who want mails, and decisions to be told of."""

import uuid
from datetime import UTC, datetime

from allauth.account.models import EmailAddress

from accounts.models import User
from social.models import ModerationAction, Notice, Topic
from social.services import mail_choices_update

_NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def make_reader(person: User, *, topics: tuple[Topic, ...] = tuple(Topic)) -> str:
    """Give a person a confirmed address and mails about these topics."""
    address = f"{person.handle}@example.org"
    EmailAddress.objects.create(user=person, email=address, primary=True, verified=True)
    mail_choices_update(person=person, wanted=topics)
    return address


def make_notice(
    person: User, *, kind: Notice.Kind = Notice.Kind.DECISION, now: datetime = _NOW
) -> Notice:
    """Tell a person of a decision, without the case behind it."""
    action = ModerationAction.objects.create(
        actor_name="mod",
        verb=ModerationAction.Verb.WARN,
        rule=ModerationAction.Rule.RESPECT,
        reason="Words that hurt.",
        person_public_id=person.public_id,
        person_name=person.handle,
        created_at=now,
        previous_seal=uuid.uuid4().hex,
        seal=uuid.uuid4().hex,
    )
    return Notice.objects.create(
        person=person, action=action, kind=kind, created_at=now
    )
