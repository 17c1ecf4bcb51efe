"""What waits for a person: the counts beside the places of the site."""

from dataclasses import dataclass
from typing import Any

from django.db.models import Count, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce

from accounts.models import User
from social.models import Connection, Notice, ThreadSide
from social.statements import kept
from social.visibility import is_visible_to


@dataclass(frozen=True, slots=True)
class Badges:
    """Requests and unread messages of people one may see, and unseen notices."""

    requests: int
    messages: int
    notices: int


def badges_of(viewer: User) -> Badges:
    """Count what waits for this viewer, in one query."""
    found = _waiting(viewer).answer(viewer)
    return Badges(*map(int, found)) if found else Badges(0, 0, 0)


@kept
def _waiting(viewer: User) -> QuerySet[Any, Any]:
    requests = Connection.objects.incoming(viewer.pk)
    requests = requests.filter(is_visible_to(viewer, "requester"))
    sides = ThreadSide.objects.of(viewer.pk).unread()
    sides = sides.filter(is_visible_to(viewer, "other"))
    notices = Notice.objects.of(viewer.pk).unseen()
    counts: QuerySet[Any] = User.objects.filter(pk=viewer.pk).values_list(
        _one_number(requests, "addressee", Count("pk")),
        _one_number(sides, "person", Sum("unread")),
        _one_number(notices, "person", Count("pk")),
    )
    return counts


def _one_number(rows: QuerySet[Any], person: str, number: Count | Sum) -> Coalesce:
    """A number over rows that are all of one ``person``, for a query; 0 for none."""
    grouped = rows.order_by().values(person).annotate(number=number)
    return Coalesce(Subquery(grouped.values("number")), 0)
