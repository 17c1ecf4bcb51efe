"""What a person can do with their own account."""

from collections.abc import Mapping
from datetime import datetime
from functools import partial

from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.db.utils import IntegrityError

from accounts import handles
from accounts.models import Audience, PersonQuerySet, Section, User
from accounts.sessions import sessions_end
from accounts.signals import account_closing, visibility_changed
from accounts.traces import log_forget

# Any number no other advisory lock of the project uses.
_LEAVING_LOCK = 7_016_201


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
def profile_update(*, person: User, now: datetime) -> User:
    """Save what the profile form changed on ``person``; raises as joining does."""
    before = _locked(person)
    _save_public(person, ["handle", "display_name", "country", "bio", "time_zone"])
    if person.country != before.country:
        _tell(person, now)
    return person


@transaction.atomic
def privacy_update(
    *,
    person: User,
    is_hidden: bool,
    audiences: Mapping[Section, Audience],
    now: datetime,
) -> User:
    """Save who finds this person and who is shown what; other sections stay."""
    before = _locked(person)
    person.is_hidden = is_hidden
    fields = {f"{section}_audience": given for section, given in audiences.items()}
    for name, audience in fields.items():
        setattr(person, name, audience)
    person.save(update_fields=["is_hidden", *fields])
    if _found_as(person) != _found_as(before):
        _tell(person, now)
    return person


def _found_as(person: User) -> tuple[bool, bool]:
    """What of this the boards of others keep a copy of."""
    return person.is_hidden, person.country_audience == Audience.EVERYONE


def _locked(person: User) -> User:
    """The person as the database has them, until this transaction ends."""
    people: PersonQuerySet = User.objects.select_for_update(no_key=True)
    return people.get(pk=person.pk)


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


@transaction.atomic
def account_close(*, person: User, now: datetime) -> None:
    """Delete a person and everything that is theirs; twice is once."""
    person_id = person.pk
    _leave_one_at_a_time()
    account_closing.send(sender=User, person_id=person_id, now=now)
    found = User.objects.select_for_update().filter(pk=person_id).first()
    if found is None:
        return
    log_forget(found)
    found.delete()
    transaction.on_commit(partial(sessions_end, {person_id}))


def _leave_one_at_a_time() -> None:
    """Of two who wrote to each other, each would wait for the other's rows."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LEAVING_LOCK])
