"""What a person can do with their own account."""

from datetime import datetime

from django.db import transaction

from accounts import handles
from accounts.models import User
from accounts.signals import visibility_changed


def _tell(person: User, now: datetime) -> None:
    visibility_changed.send(sender=User, person_id=person.pk, now=now)


@transaction.atomic
def person_join(
    *, person: User, handle: str, display_name: str, country: str, now: datetime
) -> User:
    """Take part in matching: from now on others can find this person.

    Raises ``ValidationError`` for a handle that cannot be had.
    """
    person.handle = handles.normalise(handle)
    person.display_name = display_name
    person.country = country
    person.joined_at = person.joined_at or now
    person.full_clean(exclude=["password"])
    person.save(update_fields=["handle", "display_name", "country", "joined_at"])
    _tell(person, now)
    return person


@transaction.atomic
def profile_update(*, person: User) -> User:
    """Save what the profile form changed on ``person``."""
    person.full_clean(exclude=["password"])
    person.save(update_fields=["handle", "display_name", "country", "bio", "time_zone"])
    return person


@transaction.atomic
def matching_pause(*, person: User, now: datetime) -> User:
    """Vanish from matching and keep everything."""
    person.paused_at = person.paused_at or now
    person.save(update_fields=["paused_at"])
    _tell(person, now)
    return person


@transaction.atomic
def matching_resume(*, person: User, now: datetime) -> User:
    """Come back into matching."""
    person.paused_at = None
    person.save(update_fields=["paused_at"])
    _tell(person, now)
    return person
