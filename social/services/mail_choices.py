"""Saying which mails one wants."""

from collections.abc import Collection
from uuid import UUID

from django.db import transaction

from accounts.models import User
from social.models import MailChoice, Topic


class NoSuchReader(Exception):
    """Nobody here has this public id (any more)."""


@transaction.atomic
def mail_choices_update(*, person: User, wanted: Collection[Topic]) -> MailChoice:
    """Want mails about exactly these topics."""
    fields = {topic.value: topic in wanted for topic in Topic}
    choice, _ = MailChoice.objects.update_or_create(person=person, defaults=fields)
    return choice


@transaction.atomic
def mail_topic_switch_off(*, public_id: UUID, topic: Topic) -> None:
    """Want no more mails about one topic; twice is once, other topics stay.

    Raises :class:`NoSuchReader`.
    """
    person = User.objects.filter(public_id=public_id).first()
    if person is None:
        raise NoSuchReader
    MailChoice.objects.update_or_create(person=person, defaults={topic.value: False})
