"""Making many people at once, the same way one person is made: by the services."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from django.contrib.auth.hashers import make_password
from django.core.management.base import OutputWrapper
from django.db import transaction
from tqdm import tqdm

from accounts.models import User
from accounts.services import person_join
from ingest.library import Library
from ingest.models import Source
from ingest.services import Listening, listening_replace, source_link

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


def shared_password(password: str | None) -> str:
    """Hash a development password once for all members; unusable when None."""
    return make_password(password)


def add_members(
    members: Iterable[NewMember],
    *,
    origin: User.Origin,
    password_hash: str,
    now: datetime,
) -> Iterator[User]:
    """Make people who have joined, with their listening; yields each one made."""
    library = Library()
    for batch in batched(members):
        with transaction.atomic():
            made = [
                _add(member, origin, password_hash, library, now) for member in batch
            ]
        yield from made


def _add(
    member: NewMember,
    origin: User.Origin,
    password_hash: str,
    library: Library,
    now: datetime,
) -> User:
    person = User.objects.create(
        username=member.username,
        password=password_hash,
        bio=member.bio,
        time_zone=member.time_zone,
        last_active_at=member.last_active_at,
        origin=origin,
    )
    # Joined first: a taste is then computed once, with everything in it.
    person_join(
        person=person,
        handle=member.handle,
        display_name=member.display_name,
        country=member.country,
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
    return person


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
