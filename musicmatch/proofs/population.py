"""Making the people of a proof: tastes, talks and open sessions, in minutes."""

import json
import random
from collections import defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from importlib import import_module
from itertools import islice
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.db import connection

from accounts.models import User
from ingest.models import Source, SourceLink
from matching.bench.filling import fill_lists, fill_people
from matching.bench.synthetic import Synthetic
from matching.services import tastes_refresh
from musicmatch.people_bench import Crowd, Sizes
from social.models import Connection, Message

_BATCH = 5_000
_SEED = 7
_AT_ONCE = 1_000
# Of each person: how many they are connected with, and wrote to each other.
_CONNECTIONS, _MESSAGES = 2, 10
_PARTNERS = 20
_STRANGERS = 8
_BACKEND = settings.AUTHENTICATION_BACKENDS[0]


class NotEmpty(Exception):
    """There are people already: a proof's people are made in a database of its own."""


def community_fill(people: int, *, now: datetime) -> Iterator[str]:
    """Make people with lists, tastes and talks; says what is done."""
    if User.objects.exists():
        raise NotEmpty
    community = Synthetic(people)
    fill_people(community, now=now)
    yield f"{people:,} people"
    fill_lists(community, community.blocks(), people=people)
    _link(people, now)
    _look_at_the_rows()
    yield "their lists"
    for start in range(1, people + 1, _AT_ONCE):
        ids = range(start, min(start + _AT_ONCE, people + 1))
        tastes_refresh(person_ids=ids, now=now)
        if (start - 1) % (10 * _AT_ONCE) == 0:
            yield f"tastes from person {start:,} on"
    sizes = Sizes(people, _CONNECTIONS * people, _MESSAGES * people)
    Crowd(sizes, now=now, people=range(1, people + 1)).grow(sizes)
    _look_at_the_rows()
    yield f"{sizes.connections:,} connections, {sizes.messages:,} messages"


def _link(people: int, now: datetime) -> None:
    rows = (
        SourceLink(
            person_id=number,
            source=Source.COMMUNITY,
            connected_at=now,
            latest_import_at=now,
        )
        for number in range(1, people + 1)
    )
    while batch := list(islice(rows, _BATCH)):
        SourceLink.objects.bulk_create(batch)


def _look_at_the_rows() -> None:
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE")


# --- Who is here ----------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Member:
    """Someone with an open session; the rest are handles of others."""

    handle: str
    session: str
    partners: tuple[str, ...]
    strangers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Cast:
    """Whom a load generator acts as, and where the database stands before."""

    session_cookie: str
    csrf_cookie: str
    last_message: int
    members: tuple[Member, ...]

    def write(self, path: Path) -> None:
        members = [
            [m.handle, m.session, list(m.partners), list(m.strangers)]
            for m in self.members
        ]
        told = {
            "session_cookie": self.session_cookie,
            "csrf_cookie": self.csrf_cookie,
            "last_message": self.last_message,
            "members": members,
        }
        path.write_text(json.dumps(told), encoding="utf-8")
        # Whoever reads it is signed in as all of them.
        path.chmod(0o600)

    @classmethod
    def read(cls, path: Path) -> "Cast":
        told = json.loads(path.read_text(encoding="utf-8"))
        members = tuple(
            Member(handle, session, tuple(partners), tuple(strangers))
            for handle, session, partners, strangers in told.pop("members")
        )
        return cls(**told, members=members)


def cast_of(count: int, *, part: int = 0) -> Cast:
    """Sign so many people in who have someone to write to; each part has others.

    Strangers are never members: nobody is asked by whom they asked.
    """
    draw = random.Random(_SEED)  # noqa: S311 - no secret
    partners = _partners()
    able = [pk for pk, others in partners.items() if pk % 2 == 0 and len(others) > 1]
    draw.shuffle(able)
    chosen = sorted(able[part * count : (part + 1) * count])
    strangers = [pk for pk in _everyone() if pk % 2]
    named = {pk for one in chosen for pk in (one, *partners[one][:_PARTNERS])}
    handles = _handles([*named, *strangers])
    members = []
    for person in User.objects.filter(pk__in=chosen).order_by("pk"):
        known = partners[person.pk]
        some = draw.sample(strangers, min(_STRANGERS, len(strangers)))
        mine = [pk for pk in some if pk not in known]
        members.append(
            Member(
                handles[person.pk],
                session_of(person),
                tuple(handles[pk] for pk in known[:_PARTNERS]),
                tuple(handles[pk] for pk in mine),
            )
        )
    last = Message.objects.order_by("pk").values_list("pk", flat=True).last()
    return Cast(
        settings.SESSION_COOKIE_NAME,
        settings.CSRF_COOKIE_NAME,
        last or 0,
        tuple(members),
    )


def _everyone() -> Iterator[int]:
    joined = User.objects.filter(joined_at__isnull=False)
    yield from joined.order_by("pk").values_list("pk", flat=True)


def _handles(people: Collection[int]) -> dict[int, str]:
    found = User.objects.filter(pk__in=people).values_list("pk", "handle")
    return {pk: handle or "" for pk, handle in found}


def _partners() -> dict[int, list[int]]:
    found: dict[int, list[int]] = defaultdict(list)
    pairs = Connection.objects.accepted().order_by("pk")
    for a, b in pairs.values_list("requester_id", "addressee_id"):
        found[a].append(b)
        found[b].append(a)
    return found


def session_of(person: User) -> str:
    engine: Any = import_module(settings.SESSION_ENGINE)
    session = engine.SessionStore()
    session[SESSION_KEY] = str(person.pk)
    session[BACKEND_SESSION_KEY] = _BACKEND
    session[HASH_SESSION_KEY] = person.get_session_auth_hash()
    session.create()
    return str(session.session_key)
