"""What waits for a person: the counts beside the places of the site."""

from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Exists, F, OuterRef, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce

from accounts.models import User
from social.models import Connection, Notice, ThreadSide
from social.visibility import people_visible_to


@dataclass(frozen=True, slots=True)
class Badges:
    """Requests and unread messages of people one may see, and unseen notices."""

    requests: int
    messages: int
    notices: int


def badges_of(viewer: User) -> Badges:
    """Count what waits for this viewer, in one query.

    Only when somebody's request or words wait, a second one asks which of these
    people may be seen: to build it costs more than to run it, on every page.
    """
    requests = Connection.objects.incoming(viewer.pk)
    sides = ThreadSide.objects.of(viewer.pk).unread()
    counts = _counts(viewer, requests, sides)
    if not counts.requests and not counts.messages:
        return counts
    # Asked of each row anew: there are a few of them, and thousands of people.
    is_seen = Exists(people_visible_to(viewer).filter(pk=OuterRef("who")))
    return _counts(
        viewer,
        requests.annotate(who=F("requester")).filter(is_seen),
        sides.annotate(who=F("other")).filter(is_seen),
    )


def _counts(
    viewer: User, requests: QuerySet[Connection], sides: QuerySet[ThreadSide]
) -> Badges:
    notices = Notice.objects.of(viewer.pk).unseen()
    counts = User.objects.filter(pk=viewer.pk).values_list(
        _one_number(requests, "addressee", Count("pk")),
        _one_number(sides, "person", Sum("unread")),
        _one_number(notices, "person", Count("pk")),
    )
    return Badges(*counts.get())


def _one_number(rows: QuerySet[Any], person: str, number: Count | Sum) -> Coalesce:
    """A number over rows that are all of one ``person``, for a query; 0 for none."""
    grouped = rows.order_by().values(person).annotate(number=number)
    return Coalesce(Subquery(grouped.values("number")), 0)
