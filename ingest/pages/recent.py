"""What the page about recent listens reads: a list for each source, never mixed."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.core.paginator import Page, Paginator
from django.db.models import Count, Q

from accounts.models import User
from ingest.history import History, history_of
from ingest.models import Listen, Source
from ingest.pages.taste import SHOWN, spotify_url


@dataclass(frozen=True, slots=True)
class ListenRow:
    track: str
    artist: str
    listened_at: datetime
    url: str


@dataclass(frozen=True, slots=True)
class RecentList:
    """Listens of one source, the latest first: from which to which, of how many."""

    source: Source
    listens: tuple[ListenRow, ...]
    first: int
    last: int
    of: int

    @property
    def source_label(self) -> str:
        return self.source.label


@dataclass(frozen=True, slots=True)
class RecentPage:
    """A page holds as many listens of each source; ``history`` is on the first."""

    lists: tuple[RecentList, ...]
    page_obj: Page[int]
    history: History | None


def recent_page(person: User, *, asked: str | None, now: datetime) -> RecentPage:
    """Read one page in two queries, and in four more the history on the first.

    Numbers out of reach give the last page, nonsense the first.
    """
    rows = Listen.objects.shown().filter(person=person)
    counted = rows.values_list("source").annotate(of=Count("pk")).order_by("source")
    counts = {Source(source): of for source, of in counted}
    longest = range(max(counts.values(), default=0))
    page_obj = Paginator(longest, SHOWN).get_page(asked)
    return RecentPage(
        _lists(person, counts, page_obj),
        page_obj,
        history_of(person, now) if page_obj.number == 1 else None,
    )


def _lists(
    person: User, counts: Mapping[Source, int], page_obj: Page[int]
) -> tuple[RecentList, ...]:
    start = (page_obj.number - 1) * SHOWN
    there = [source for source in Source if counts.get(source, 0) > start]
    found: dict[str, list[ListenRow]] = {source: [] for source in there}
    for listen in _listens(person, there, start):
        url = spotify_url("track", listen.track.spotify_id, listen.source)
        found[listen.source].append(
            ListenRow(
                listen.track.name, listen.track.artist.name, listen.listened_at, url
            )
        )
    return tuple(
        RecentList(
            source,
            tuple(found[source]),
            start + 1,
            start + len(found[source]),
            counts[source],
        )
        for source in there
    )


def _listens(person: User, sources: list[Source], start: int) -> list[Listen]:
    """Read as many listens of each source, in one query."""
    latest = Listen.objects.shown().filter(person=person)
    latest = latest.order_by("-listened_at", "-pk")
    wanted = Q(pk__in=[])
    for source in sources:
        of_source = latest.filter(source=source).values("pk")
        wanted |= Q(pk__in=of_source[start : start + SHOWN])
    rows = Listen.objects.filter(wanted).select_related("track__artist")
    return list(rows.order_by("-listened_at", "-pk"))
