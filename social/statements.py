"""Questions that pages ask so often that they are put together once in a process.

To put such a query together takes several times as long as the database needs for it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any

from django.db import connections, router
from django.db.models import QuerySet

from accounts.models import User

# Nobody's id and nobody's handle: they hold the places of those who ask and are asked
# for.
SOMEONE, SOMEBODYS = -1, "?"


@dataclass(frozen=True, slots=True)
class Statement:
    """A query as the database reads it."""

    text: str
    given: tuple[Any, ...]

    def answer(self, viewer: User, handle: str = "") -> tuple[Any, ...] | None:
        """Ask it for a viewer; returns the first row as the database gives it."""
        places: dict[Any, Any] = {SOMEONE: viewer.pk, SOMEBODYS: handle}
        with connections[router.db_for_read(User)].cursor() as cursor:
            cursor.execute(self.text, [places.get(one, one) for one in self.given])
            found: tuple[Any, ...] | None = cursor.fetchone()
        return found


def kept(
    build: Callable[[User], QuerySet[Any, Any]],
) -> Callable[[User], Statement]:
    """Keep what ``build`` puts together for each kind of viewer there is."""

    @cache
    def of_a_kind(is_present: bool, is_hidden: bool) -> Statement:
        joined_at = datetime(2000, 1, 1, tzinfo=UTC) if is_present else None
        viewer = User(pk=SOMEONE, joined_at=joined_at, is_hidden=is_hidden)
        text, given = build(viewer).query.sql_with_params()
        return Statement(text, tuple(given))

    def of(viewer: User) -> Statement:
        return of_a_kind(viewer.is_present, viewer.is_hidden)

    return of
