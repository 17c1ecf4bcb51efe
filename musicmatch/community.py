"""Making many people at once, the same way one person is made: by the services."""

from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.core.management.base import OutputWrapper
from django.db import connection, transaction
from tqdm import tqdm

from accounts.models import User
from accounts.services import person_join
from ingest.models import Source
from ingest.music import Library
from ingest.services import Listening, listening_replace, source_link
from matching.services import refreshes_gathered

_T = TypeVar("_T")
# SQLite has one writer: longer transactions would keep the site waiting.
_BATCH = 50


@dataclass(frozen=True, slots=True)
class NewMember:
    """A person to make, and what each source says of their listening."""

    username: str
    handle: str
    display_name: str
    country: str
    bio: str
    time_zone: str
    last_active_at: datetime
    listening: tuple[tuple[Source, Listening], ...]
    shows_artists: bool = False


class NameTaken(Exception):
    """Someone who is not of this community has the name of one who is to be made."""

    def __init__(self, name: str) -> None:
        super().__init__(f"Someone here has the name {name} already.")


def add_members(
    members: Iterable[NewMember], *, origin: User.Origin, password: str, now: datetime
) -> Iterator[str]:
    """Make people who have joined, with their listening; yields each one's user name.

    While DEBUG is on all of them sign in with the same password, else with none.
    Those who are here already are passed over, so a load that was stopped goes on
    where it was. Raises :class:`NameTaken` before writing a batch with such a name.
    """
    library = Library()
    here = _names_here(origin)
    # Hashed once: that is slow on purpose.
    password_hash = make_password(password if settings.DEBUG else None)
    for batch in batched(m for m in members if m.username not in here):
        refuse_taken([member.handle for member in batch], origin=origin)
        with (
            _without_query_log(),
            transaction.atomic(),
            refreshes_gathered(now=now),
        ):
            for member in batch:
                _add(member, origin, password_hash, library, now)
        yield from (member.username for member in batch)
    _look_at_the_rows()


def _look_at_the_rows() -> None:
    """Until Postgres does so by itself, it plans as if the new rows were not there."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")


@contextmanager
def _without_query_log() -> Iterator[None]:
    """While DEBUG is on Django writes each query out for its log; not millions."""
    make_debug_cursor = connection.make_debug_cursor
    connection.make_debug_cursor = connection.make_cursor  # type: ignore[assignment,method-assign]
    try:
        yield
    finally:
        connection.make_debug_cursor = make_debug_cursor  # type: ignore[method-assign]


def _names_here(origin: User.Origin) -> set[str]:
    names = User.objects.filter(origin=origin).values_list("username", flat=True)
    return set(names)


def refuse_taken(names: Collection[str], *, origin: User.Origin) -> None:
    """Raise :class:`NameTaken` when someone else has one of these names."""
    others = User.objects.exclude(origin=origin)
    for column in ("handle", "username"):
        taken = others.filter(**{f"{column}__in": names})
        if person := taken.order_by("pk").first():
            raise NameTaken(getattr(person, column))


def _add(
    member: NewMember,
    origin: User.Origin,
    password_hash: str,
    library: Library,
    now: datetime,
) -> None:
    person = User.objects.create(
        username=member.username,
        password=password_hash,
        bio=member.bio,
        time_zone=member.time_zone,
        last_active_at=member.last_active_at,
        origin=origin,
    )
    person_join(
        person=person,
        handle=member.handle,
        display_name=member.display_name,
        country=member.country,
        shows_artists=member.shows_artists,
        now=now,
    )
    for source, listening in member.listening:
        link = source_link(person_id=person.pk, source=source, now=now)
        listening_replace(
            person_id=person.pk,
            source=source,
            listening=listening,
            now=now,
            library=library,
        )
        link.latest_import_at = now
        link.save(update_fields=["latest_import_at"])


def batched(items: Iterable[_T]) -> Iterator[list[_T]]:
    batch: list[_T] = []
    for item in items:
        batch.append(item)
        if len(batch) == _BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def with_progress(
    items: Iterable[_T], *, total: int, what: str, out: OutputWrapper
) -> Iterator[_T]:
    """Show a bar on a terminal, and a plain line every tenth elsewhere."""
    if out.isatty():
        yield from tqdm(items, total=total, desc=what, unit="", leave=False)
        return
    step = max(1, total // 10)
    for count, item in enumerate(items, start=1):
        yield item
        if count % step == 0 or count == total:
            out.write(f"{what}: {count} of {total}")


def say_how_to_sign_in(username: str, password: str, *, out: OutputWrapper) -> None:
    if settings.DEBUG:
        out.write(
            f"Sign in as any of them, for example {username}, with the password"
            f" {password}."
        )
