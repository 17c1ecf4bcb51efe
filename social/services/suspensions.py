"""How long someone is suspended or limited, and the end of it."""

import logging
from datetime import datetime

from django.db import models, transaction

from accounts.models import User
from accounts.signals import visibility_changed
from social.models import ModerationAction

_log = logging.getLogger(__name__)
_Verb = ModerationAction.Verb
_FIELDS = {_Verb.SUSPEND: "suspended_until", _Verb.LIMIT: "limited_until"}


def measures_apply(person: User, now: datetime) -> None:
    """Suspend and limit the locked person as long as the log says, or no longer."""
    was_suspended = person.is_suspended
    for verb, field in _FIELDS.items():
        held = ModerationAction.objects.in_force(person.public_id, verb, now)
        setattr(person, field, held.aggregate(end=models.Max("until"))["end"])
    person.save(update_fields=list(_FIELDS.values()))
    if person.is_suspended != was_suspended:
        visibility_changed.send(sender=User, person_id=person.pk, now=now)


@transaction.atomic
def suspension_lift(*, person_id: int, now: datetime) -> bool:
    """End what is over for this person; returns whether anything was."""
    people = User.objects.select_for_update(no_key=True)
    person = people.filter(_is_over(now), pk=person_id).first()
    if person is None:
        return False
    measures_apply(person, now)
    _log.info("What was decided about person %s is over.", person.public_id)
    return True


def suspensions_lift(*, now: datetime) -> int:
    """End every suspension and limit that is over; returns of how many people."""
    ids = User.objects.filter(_is_over(now)).order_by("pk").values_list("pk", flat=True)
    return sum(suspension_lift(person_id=pk, now=now) for pk in list(ids))


def _is_over(now: datetime) -> models.Q:
    return models.Q(suspended_until__lte=now) | models.Q(limited_until__lte=now)
