"""What a person can do with their own account."""

from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.utils import IntegrityError

from accounts import handles
from accounts.models import User
from accounts.signals import visibility_changed


class NotJoined(Exception):
    """Only someone who takes part in matching can leave it for a while."""


def _tell(person: User, now: datetime) -> None:
    visibility_changed.send(sender=User, person_id=person.pk, now=now)


@transaction.atomic
def person_join(
    *,
    person: User,
    handle: str,
    display_name: str,
    country: str,
    now: datetime,
    shows_artists: bool = False,
) -> User:
    """Take part in matching: from now on others can find this person.

    By an artist only with ``shows_artists``. Raises ``ValidationError`` for a handle
    that cannot be had, also for one that someone else took a moment ago.
    """
    person.handle = handles.normalise(handle)
    person.display_name = display_name
    person.country = country
    person.joined_at = person.joined_at or now
    person.shows_artists = shows_artists
    _save_public(
        person, ["handle", "display_name", "country", "joined_at", "shows_artists"]
    )
    _tell(person, now)
    return person


@transaction.atomic
def profile_update(*, person: User) -> User:
    """Save what the profile form changed on ``person``; raises as joining does."""
    _save_public(person, ["handle", "display_name", "country", "bio", "time_zone"])
    return person


def _save_public(person: User, fields: list[str]) -> None:
    taken = ValidationError("Someone has this handle already.", code="unique")
    others = {field.name for field in User._meta.fields} - set(fields)
    person.full_clean(others, validate_unique=False, validate_constraints=False)
    if User.objects.with_handle(person.handle or "").exclude(pk=person.pk).exists():
        raise ValidationError({"handle": taken})
    try:
        with transaction.atomic():
            person.save(update_fields=fields)
    except IntegrityError as error:
        if "user_unique_handle" not in str(error):
            raise
        raise ValidationError({"handle": taken}) from error


@transaction.atomic
def matching_pause(*, person: User, now: datetime) -> User:
    """Vanish from matching and keep everything; raises :class:`NotJoined`."""
    if person.joined_at is None:
        raise NotJoined
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


@transaction.atomic
def artists_show(*, person: User) -> User:
    """Be found by the artists one listens to; raises :class:`NotJoined`."""
    if person.joined_at is None:
        raise NotJoined
    return _set_shows_artists(person, True)


@transaction.atomic
def artists_hide(*, person: User) -> User:
    """Be found by no artist any more."""
    return _set_shows_artists(person, False)


def _set_shows_artists(person: User, shows: bool) -> User:
    person.shows_artists = shows
    person.save(update_fields=["shows_artists"])
    return person
