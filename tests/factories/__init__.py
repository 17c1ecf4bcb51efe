"""Short ways to make what tests talk about; always through the services."""

from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import count

from accounts.models import User
from accounts.services import person_join
from ingest.models import Source
from ingest.services import Listening, listening_replace, source_link
from ingest.sources.base import ArtistItem

_NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
_numbers = count(1)


def make_user(username: str = "", **fields: object) -> User:
    """Make someone who has signed up and not joined."""
    name = username or f"user_{next(_numbers)}"
    return User.objects.create_user(name, password="a long password", **fields)


def make_person(handle: str, *, country: str = "", **fields: object) -> User:
    """Make someone who has joined."""
    person = make_user(f"login-{handle}", **fields)
    return person_join(
        person=person,
        handle=handle,
        display_name=handle.split("_")[0].title(),
        country=country,
        now=_NOW,
    )


def make_taste(
    person: User,
    artists: Sequence[str],
    *,
    source: Source = Source.COMMUNITY,
    genres: Sequence[str] = (),
    time_range: str = "long_term",
) -> None:
    """Give a person ranked artists, the closest first."""
    items = tuple(ArtistItem(name, genres=tuple(genres)) for name in artists)
    source_link(person_id=person.pk, source=source, now=_NOW)
    listening_replace(
        person_id=person.pk,
        source=source,
        listening=Listening(artists={time_range: items}, tracks={}),
        now=_NOW,
    )
