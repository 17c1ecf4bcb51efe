"""The lists of one person: who is connected, who asked them, whom they asked."""

import re
from dataclasses import dataclass
from datetime import datetime

from accounts.models import Section, User
from social.affinity import Why, why_of_people
from social.models import Connection
from social.models.connections import ConnectionQuerySet
from social.showing import shows
from social.visibility import is_visible_to

PAGE_SIZE = 20
_PAGE = re.compile(r"[0-9]{1,4}")


@dataclass(frozen=True, slots=True)
class Related:
    """One connection as the viewer sees it; no why where nothing is compared."""

    connection: Connection
    person: User
    state: str
    why: Why | None
    last_active_at: datetime | None


@dataclass(frozen=True, slots=True)
class RelatedPage:
    """One page of a list, newest first; the numbers are of the pages beside it."""

    rows: list[Related]
    newer: int | None
    older: int | None


def accepted_page(viewer: User, number: str | None) -> RelatedPage:
    """Return whom the viewer is connected with."""
    rows = _visible(viewer).accepted().order_by("-changed_at", "-pk")
    return _page(viewer, rows, number)


def incoming_page(viewer: User, number: str | None) -> RelatedPage:
    """Return who waits for the viewer's answer."""
    rows = _visible(viewer).incoming(viewer.pk).order_by("-changed_at", "-pk")
    return _page(viewer, rows, number)


def sent_page(viewer: User, number: str | None) -> RelatedPage:
    """Return whom the viewer asked, in the order of asking: an answer moves nothing."""
    rows = _visible(viewer).sent(viewer.pk).order_by("-requested_at", "-pk")
    return _page(viewer, rows, number)


def related(viewer: User, connection: Connection) -> Related:
    """Return one connection as the viewer sees it."""
    [row] = _rows(viewer, [connection])
    return row


def _visible(viewer: User) -> ConnectionQuerySet:
    # The viewer's own end of each row is there as well.
    return (
        Connection.objects.of(viewer.pk)
        .filter(is_visible_to(viewer, "requester"))
        .filter(is_visible_to(viewer, "addressee"))
        .with_people()
    )


def _page(viewer: User, rows: ConnectionQuerySet, number: str | None) -> RelatedPage:
    """Cut one page without counting them all; a nonsense number is the first."""
    at = max(1, int(number)) if number and _PAGE.fullmatch(number) else 1
    start = (at - 1) * PAGE_SIZE
    found = list(rows[start : start + PAGE_SIZE + 1])
    return RelatedPage(
        _rows(viewer, found[:PAGE_SIZE]),
        newer=at - 1 if at > 1 else None,
        older=at + 1 if len(found) > PAGE_SIZE else None,
    )


def _rows(viewer: User, found: list[Connection]) -> list[Related]:
    people = {c.partner_of(viewer.pk): c.is_accepted for c in found}
    why = why_of_people(viewer, people)
    return [
        Related(
            connection,
            person,
            connection.standing_for(viewer.pk),
            why.get(person.pk),
            _active(viewer, person, connected=connection.is_accepted),
        )
        for connection, person in zip(found, people, strict=True)
    ]


def _active(viewer: User, person: User, *, connected: bool) -> datetime | None:
    """When the person was last here, where that is shown."""
    is_shown = shows(person, Section.ACTIVITY, to=viewer, connected=connected)
    return person.last_active_at if is_shown else None
