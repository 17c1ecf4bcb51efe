"""What waits for a person: the counts beside the places of the site."""

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any

from django.db import connections, router
from django.db.models import Count, Exists, F, OuterRef, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce

from accounts.models import User
from social.models import Connection, Notice, ThreadSide
from social.visibility import people_visible_to

# Nobody's id.
_SOMEONE = -1


@dataclass(frozen=True, slots=True)
class Badges:
    """Requests and unread messages of people one may see, and unseen notices."""

    requests: int
    messages: int
    notices: int


def badges_of(viewer: User) -> Badges:
    """Count what waits for this viewer, in one query."""
    statement, given = _statement(viewer.is_present, viewer.is_hidden)
    with connections[router.db_for_read(User)].cursor() as cursor:
        cursor.execute(statement, [viewer.pk if p == _SOMEONE else p for p in given])
        found = cursor.fetchone()
    return Badges(*map(int, found)) if found else Badges(0, 0, 0)


@cache
def _statement(is_present: bool, is_hidden: bool) -> tuple[str, tuple[Any, ...]]:
    """Return the query of a viewer like that, with ``_SOMEONE`` in their place.

    Kept, as every page asks it, and to put it together takes longer than to answer.
    """
    joined_at = datetime(2000, 1, 1, tzinfo=UTC) if is_present else None
    viewer = User(pk=_SOMEONE, joined_at=joined_at, is_hidden=is_hidden)
    requests = Connection.objects.incoming(_SOMEONE).annotate(who=F("requester"))
    sides = ThreadSide.objects.of(_SOMEONE).unread().annotate(who=F("other"))
    notices = Notice.objects.of(_SOMEONE).unseen()
    # Asked of each row anew: there are a few of them, and thousands of people.
    is_seen = Exists(people_visible_to(viewer).filter(pk=OuterRef("who")))
    counts = User.objects.filter(pk=_SOMEONE).values_list(
        _one_number(requests.filter(is_seen), "addressee", Count("pk")),
        _one_number(sides.filter(is_seen), "person", Sum("unread")),
        _one_number(notices, "person", Count("pk")),
    )
    statement, given = counts.query.sql_with_params()
    return statement, tuple(given)


def _one_number(rows: QuerySet[Any], person: str, number: Count | Sum) -> Coalesce:
    """A number over rows that are all of one ``person``, for a query; 0 for none."""
    grouped = rows.order_by().values(person).annotate(number=number)
    return Coalesce(Subquery(grouped.values("number")), 0)
