"""How the site's sources are doing, for the one who runs it."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Count, Exists, Max, OuterRef, Q

from accounts.models import ServiceGate
from ingest.models import (
    ArtistGenre,
    ArtistLookup,
    ImportRun,
    Source,
    SourceLink,
    TopArtist,
)
from ingest.services import doors
from ingest.sources.base import Way

# People an app of Spotify's may serve while it is in development mode.
SPOTIFY_SEATS = 5
_DAY = timedelta(days=1)
_ERRORS_SINCE = timedelta(days=7)
_MOST_ERRORS = 5
_MOST_NAMED = 20


@dataclass(frozen=True, slots=True)
class Closure:
    """A gate that is closed: until when, and why."""

    service: str
    until: datetime
    reason: str
    strikes: int


@dataclass(frozen=True, slots=True)
class RecentError:
    reason: str
    people: int
    latest_at: datetime


@dataclass(frozen=True, slots=True)
class Health:
    """One source: its door and its gate, its links and its runs."""

    source: Source
    is_open: bool
    closure: Closure | None
    links: tuple[tuple[str, int], ...]
    runs: tuple[tuple[str, int], ...]
    errors: tuple[RecentError, ...]

    @property
    def label(self) -> str:
        return self.source.label


@dataclass(frozen=True, slots=True)
class Lookups:
    service: str
    asked: int
    found: int
    due: int


@dataclass(frozen=True, slots=True)
class OperatorPage:
    has_spotify: bool
    seats_used: int
    seats: int
    seat_holders: tuple[str, ...]
    sources: tuple[Health, ...]
    other_closures: tuple[Closure, ...]
    lookups: tuple[Lookups, ...]
    genre_services: tuple[str, ...]
    never_asked: int
    uploads_waiting: int
    oldest_queued_at: datetime | None
    oldest_queued_label: str


def operator_page(now: datetime) -> OperatorPage:
    """Read the whole page; the number of queries does not depend on how much is there.

    A source nobody uses and nobody can is left out, and so is what was only loaded.
    """
    holders = _seat_holders()
    closed = _closures(now)
    links, runs, errors = _links(), _runs(now), _errors(now)
    sources = tuple(
        Health(
            source,
            doors.is_open(source),
            closed.get(source),
            links.get(source, ()),
            runs.get(source, ()),
            errors.get(source, ()),
        )
        for source in Source
        if source.door.way is not Way.NONE
        and (doors.is_open(source) or source in links or source in runs)
    )
    waiting = ImportRun.objects.filter(state=ImportRun.State.QUEUED)
    oldest = waiting.defer("staged").order_by("queued_at", "pk").first()
    return OperatorPage(
        has_spotify=bool(settings.SPOTIFY_CLIENT_ID) or bool(holders),
        seats_used=len(holders),
        seats=SPOTIFY_SEATS,
        seat_holders=tuple(holders[:_MOST_NAMED]),
        sources=sources,
        other_closures=tuple(c for s, c in closed.items() if s not in list(Source)),
        lookups=_lookups(now),
        genre_services=tuple(settings.GENRE_LOOKUP),
        never_asked=_never_asked(),
        uploads_waiting=ImportRun.objects.active().filter(source=Source.EXPORT).count(),
        oldest_queued_at=oldest.queued_at if oldest else None,
        oldest_queued_label=oldest.source_label if oldest else "",
    )


def _seat_holders() -> list[str]:
    """Name who is connected to Spotify by handle: user names are private."""
    links = SourceLink.objects.filter(source=Source.SPOTIFY)
    seated = links.exclude(state=SourceLink.State.NOT_ALLOWED)
    handles = seated.order_by("connected_at", "pk").values_list(
        "person__handle", flat=True
    )
    return [handle or "someone without a handle" for handle in handles]


def _closures(now: datetime) -> dict[str, Closure]:
    rows = ServiceGate.objects.filter(blocked_until__gt=now).order_by("service")
    return {
        row.service: Closure(
            row.service, row.blocked_until, row.get_reason_display(), row.strikes
        )
        for row in rows
    }


def _links() -> dict[str, tuple[tuple[str, int], ...]]:
    rows = SourceLink.objects.values("source", "state").annotate(n=Count("pk"))
    labels = {state.value: str(state.label) for state in SourceLink.State}
    found: dict[str, list[tuple[str, int]]] = defaultdict(list)
    for source, state, n in rows.order_by("source", "state").values_list(
        "source", "state", "n"
    ):
        found[source].append((labels.get(state, state), n))
    return {source: tuple(counts) for source, counts in found.items()}


def _runs(now: datetime) -> dict[str, tuple[tuple[str, int], ...]]:
    """Count what was queued in the last day, and what is still on its way."""
    lately = Q(queued_at__gte=now - _DAY) | Q(state__in=ImportRun.ACTIVE)
    rows = ImportRun.objects.filter(lately).values("source", "state")
    labels = {state.value: str(state.label) for state in ImportRun.State}
    found: dict[str, list[tuple[str, int]]] = defaultdict(list)
    for source, state, n in (
        rows.annotate(n=Count("pk"))
        .order_by("source", "state")
        .values_list("source", "state", "n")
    ):
        found[source].append((labels.get(state, state), n))
    return {source: tuple(counts) for source, counts in found.items()}


def _errors(now: datetime) -> Mapping[str, tuple[RecentError, ...]]:
    """What people were told of imports that failed, the latest first."""
    failed = ImportRun.objects.filter(
        state=ImportRun.State.FAILED, finished_at__gte=now - _ERRORS_SINCE
    )
    rows = failed.values("source", "reason").annotate(
        people=Count("person", distinct=True), latest=Max("finished_at")
    )
    found: dict[str, list[RecentError]] = defaultdict(list)
    for source, reason, people, latest in rows.order_by(
        "-latest", "reason"
    ).values_list("source", "reason", "people", "latest")[: _MOST_ERRORS * len(Source)]:
        found[source].append(RecentError(reason, people, latest))
    return {source: tuple(said[:_MOST_ERRORS]) for source, said in found.items()}


def _lookups(now: datetime) -> tuple[Lookups, ...]:
    rows = ArtistLookup.objects.values("service").annotate(
        asked=Count("pk"),
        found=Count("pk", filter=Q(genres_found__gt=0)),
        due=Count("pk", filter=Q(ask_again_at__lte=now)),
    )
    ordered = rows.order_by("service").values_list("service", "asked", "found", "due")
    return tuple(Lookups(*row) for row in ordered)


def _never_asked() -> int:
    """Count artists in somebody's list of whom no genre is known and none was asked."""
    genres = ArtistGenre.objects.filter(artist=OuterRef("artist"))
    lookups = ArtistLookup.objects.filter(artist=OuterRef("artist"))
    rows = TopArtist.objects.filter(~Exists(genres), ~Exists(lookups))
    return rows.values("artist").distinct().count()
