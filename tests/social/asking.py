"""Short ways to ask to connect and to answer, at a moment of one's own."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from social.models import Connection
from social.services import Asked, connection_request
from tests.conftest import NOW
from tests.factories import make_person

Verb = Callable[..., None]


def ask(a: User, b: User, note: str = "", at: datetime = NOW, **more: Any) -> Asked:
    return connection_request(requester=a, addressee=b, note=note, now=at, **more)


def answer(verb: Verb, person: User, at: datetime = NOW) -> None:
    """Let a person answer the only connection there is."""
    verb(connection=Connection.objects.get(), person=person, now=at)


def state() -> str:
    return Connection.objects.get().state


def people(count: int) -> list[User]:
    return [make_person(f"person_{number}") for number in range(count)]


def counted(client: Client, path: str) -> int:
    """How many queries a page takes."""
    with CaptureQueriesContext(connection) as queries:
        assert client.get(path).status_code == 200
    return len(queries)
