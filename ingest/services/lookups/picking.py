"""Which artists to ask about next: those that most people have, first."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet, Subquery

from ingest.models import Artist, ArtistGenre, ArtistLookup, TopArtist
from ingest.services.lookups.memory import FAILED, resting
from ingest.sources.base import ArtistKey


@dataclass(frozen=True, slots=True)
class DueArtist:
    """An artist to be asked about. One that failed before is asked about alone."""

    pk: int
    key: ArtistKey
    spotify_id: str | None
    has_failed: bool


class Question(NamedTuple):
    """What is remembered as asked, and the artists it can be asked about at all."""

    key: str
    can: Q


def due_artists(
    question: Question, *, ahead: Iterable[Question], now: datetime, limit: int
) -> list[DueArtist]:
    """Return artists of somebody's whose genres are not known, then those grown old.

    An artist waits for the questions ``ahead`` that can be asked about it and were
    not yet: what a preferred service knows need not be asked elsewhere. Three queries
    at most, and quick ones while nothing is due.
    """
    asked = ArtistLookup.objects.filter(artist=OuterRef("pk"))
    mine = asked.filter(service=question.key)
    links = ArtistGenre.objects.filter(artist=OuterRef("pk"))
    unknown = Artist.objects.filter(question.can, ~Exists(links))
    unknown = unknown.exclude(Exists(mine.filter(resting(now))))
    found: list[DueArtist] = []
    # An "or" for each question ahead is slow to read: not for nothing.
    if unknown.exists():
        for other in ahead:
            was_asked = Exists(asked.filter(service=other.key))
            unknown = unknown.filter(Q(was_asked) | ~other.can)
        found = _most_people_first(unknown, mine, limit)
    if len(found) < limit:
        # Apart, because a database reads either much faster than both with an "or".
        grown_old = Artist.objects.filter(
            question.can,
            Exists(links.filter(source=question.key)),
            Exists(mine.exclude(resting(now))),
        )
        found += _most_people_first(grown_old, mine, limit - len(found))
    return found


def _most_people_first(
    artists: QuerySet[Artist], mine: QuerySet[ArtistLookup], limit: int
) -> list[DueArtist]:
    """Read the artists anybody has; of two, the one whose answer is older."""
    rows = TopArtist.objects.filter(artist=OuterRef("pk"))
    people = rows.order_by().values("artist").annotate(n=Count("person", distinct=True))
    due = artists.filter(Exists(rows)).annotate(
        people=Subquery(people.values("n")),
        due_since=Subquery(mine.values("ask_again_at")[:1]),
        has_failed=Exists(mine.filter(FAILED)),
    )
    due = due.order_by("-people", F("due_since").asc(nulls_first=True), "pk")
    found = due.values_list("pk", "name", "mbid", "spotify_id", "has_failed")[:limit]
    return [
        DueArtist(pk, ArtistKey(name, mbid), spotify_id, has_failed)
        for pk, name, mbid, spotify_id, has_failed in found
    ]
