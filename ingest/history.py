"""How far back a person's listening is known, week by week, and where it is not."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from django.db.models import Count, Max, Min, Q
from django.db.models.functions import TruncWeek
from django.utils import timezone

from accounts.models import User
from ingest.models import Listen, ListeningMonth, Source, SourceLink
from ingest.sources.base import Way

_WEEKS = 53
_WEEK = timedelta(days=7)
_DAY = timedelta(days=1)
# Pixels of the week with the most plays.
_HEIGHT = 80
# What of the past a service forgets. The others tell everything from a day on.
_FORGETS = {Source.SPOTIFY: "Spotify remembers only the last 50 plays"}
_NOBODY = "no source that tells single plays is in use"


@dataclass(frozen=True, slots=True)
class SourceAge:
    """When a source was read, and when it is read next."""

    label: str
    is_used: bool
    needs_consent: bool
    latest_at: datetime | None
    next_at: datetime | None


@dataclass(frozen=True, slots=True)
class Week:
    """One bar: ``x`` in per cent, ``y`` and ``height`` in pixels."""

    starts: date
    plays: int
    is_gap: bool
    x: str
    y: int
    height: int
    month_label: str


@dataclass(frozen=True, slots=True)
class MonthRow:
    month: date
    plays: int


@dataclass(frozen=True, slots=True)
class History:
    sources: tuple[SourceAge, ...]
    weeks: tuple[Week, ...]
    gaps: tuple[str, ...]
    months: tuple[MonthRow, ...]
    plays: int
    height: int = _HEIGHT
    bar_width: str = f"{84 / _WEEKS:.2f}"

    @property
    def has_any(self) -> bool:
        return bool(self.plays or self.months)


@dataclass(frozen=True, slots=True)
class _Span:
    """Days of which a source knows everything, from the first to the last."""

    first: date
    last: date


@dataclass(frozen=True, slots=True)
class _Told:
    """What one source told of single plays, and when it was read."""

    source: Source
    first: date
    last: date
    read: date | None


@dataclass(frozen=True, slots=True)
class _WeekRow:
    plays: int
    first: date
    last: date


def history_of(person: User, now: datetime) -> History:
    """Read the last 53 weeks and all months of a person, in four queries."""
    links = list(SourceLink.objects.filter(person=person).order_by("source"))
    off = [link.source for link in links if not link.is_used]
    today = timezone.localdate(now)
    monday = today - today.weekday() * _DAY - (_WEEKS - 1) * _WEEK
    rows = _weeks_told(person, monday)
    months = list(
        ListeningMonth.objects.filter(person=person)
        .exclude(source__in=off)
        .order_by("-month", "source")
        .values_list("month", "first_at", "last_at", "plays")
    )
    told = _told(person, links)
    spans = _spans(told)
    spans += [_Span(_day(first), _day(last)) for _, first, last, _ in months]
    starts = [monday + n * _WEEK for n in range(_WEEKS)]
    gaps = [at for at in starts if at not in rows and not _is_known(at, spans)]
    known = [_Span(row.first, row.last) for row in rows.values()] + spans
    edges = _edges(gaps, known, starts)
    by_month: dict[date, int] = {}
    for month, _, _, plays in months:
        by_month[month] = max(plays, by_month.get(month, 0))
    return History(
        sources=tuple(_age(link) for link in links if _tells_plays(link)),
        weeks=_bars(starts, rows, set(gaps)),
        gaps=tuple(_sentence(*edge, told, links) for edge in edges),
        months=tuple(MonthRow(*row) for row in by_month.items()),
        plays=sum(row.plays for row in rows.values()),
    )


def _day(moment: datetime) -> date:
    return timezone.localdate(moment)


def _tells_plays(link: SourceLink) -> bool:
    door = Source(link.source).door
    return door.open is not None or door.way is Way.UPLOAD


def _age(link: SourceLink) -> SourceAge:
    read = [at for at in (link.latest_import_at, link.latest_recent_at) if at]
    return SourceAge(
        Source(link.source).label,
        link.is_used,
        link.needs_consent,
        max(read, default=None),
        link.next_import_at if link.is_used and not link.needs_consent else None,
    )


# --- Reading --------------------------------------------------------------


def _weeks_told(person: User, monday: date) -> dict[date, _WeekRow]:
    """Count the plays of each week that has any, by its Monday."""
    since = timezone.make_aware(datetime.combine(monday, time.min))
    listens = Listen.objects.filter(person=person, listened_at__gte=since)
    rows = (
        listens.of_used_sources()
        .values(week=TruncWeek("listened_at"))
        .annotate(
            plays=Count("pk", filter=Q(is_echo=False)),
            first=Min("listened_at"),
            last=Max("listened_at"),
        )
    )
    return {
        _day(week): _WeekRow(plays, _day(first), _day(last))
        for week, plays, first, last in rows.values_list(
            "week", "plays", "first", "last"
        )
    }


def _told(person: User, links: Iterable[SourceLink]) -> list[_Told]:
    """Read from when to when each source in use tells of single plays."""
    by_source = {link.source: link for link in links}
    rows = Listen.objects.filter(person=person).of_used_sources().values("source")
    found = []
    for source, first, last in (
        rows.annotate(first=Min("listened_at"), last=Max("listened_at"))
        .order_by("source")
        .values_list("source", "first", "last")
    ):
        link = by_source.get(source)
        read = _age(link).latest_at if link and Source(source).door.open else None
        found.append(
            _Told(Source(source), _day(first), _day(last), _day(read) if read else None)
        )
    return found


def _spans(told: Iterable[_Told]) -> list[_Span]:
    """Where silence means that nothing was played.

    That nothing came after the latest play is known of every service that was asked.
    """
    spans = []
    for row in told:
        first = row.last if row.source in _FORGETS else row.first
        spans.append(_Span(first, max(row.last, row.read or row.last)))
    return spans


# --- Gaps -----------------------------------------------------------------


def _is_known(monday: date, spans: Iterable[_Span]) -> bool:
    sunday = monday + _WEEK - _DAY
    return any(span.first <= sunday and span.last >= monday for span in spans)


def _edges(
    gaps: Sequence[date], known: Sequence[_Span], starts: Sequence[date]
) -> list[tuple[date | None, date | None]]:
    """Say of each run of unknown weeks its first and last day; None: open there."""
    runs: list[list[date]] = []
    for monday in gaps:
        if runs and runs[-1][-1] == monday - _WEEK:
            runs[-1].append(monday)
        else:
            runs.append([monday])
    found = []
    for run in runs:
        begins, ends = run[0], run[-1] + _WEEK
        before = [s.last for s in known if s.last < begins and begins != starts[0]]
        after = [s.first for s in known if s.first >= ends]
        first = max(before) + _DAY if before else None
        last = min(after) - _DAY if after and ends <= starts[-1] else None
        found.append((first, last))
    return found


def _sentence(
    first: date | None,
    last: date | None,
    told: Sequence[_Told],
    links: Sequence[SourceLink],
) -> str:
    if last is None:
        since = f"since {_said(first)}" if first else "of the last 12 months"
        return f"Nothing is known {since}: {_why_not_lately(told, links)}."
    why = _why_not_then(told, last)
    if first is None:
        return f"Nothing is known before {_said(last + _DAY)}: {why}."
    if first == last:
        return f"Nothing is known of {_said(first)}: {why}."
    begins = _said(first)
    if (first.year, first.month) == (last.year, last.month):
        begins = str(first.day)
    return f"Nothing is known from {begins} to {_said(last)}: {why}."


def _said(day: date) -> str:
    return f"{day.day} {day:%B %Y}"


def _why_not_then(told: Sequence[_Told], last: date) -> str:
    reasons = [
        _FORGETS.get(row.source)
        or f"what {row.source.label} tells begins on {_said(row.first)}"
        for row in told
        if row.source in _FORGETS or row.first > last
    ]
    # Of those who had told earlier and later, none was silent in between.
    ended = [
        f"what {row.source.label} tells ends on {_said(row.last)}"
        for row in told
        if row.source not in _FORGETS and row.last < last
    ]
    return ", and ".join([*ended, *reasons]) or _NOBODY


def _why_not_lately(told: Sequence[_Told], links: Sequence[SourceLink]) -> str:
    reasons = [
        f"{Source(link.source).label} has to be connected again"
        for link in links
        if link.is_used and link.needs_consent
    ]
    reasons += [
        f"{Source(link.source).label} is switched off"
        for link in links
        if not link.is_used and _tells_plays(link)
    ]
    waiting = {link.source for link in links if link.needs_consent}
    reasons += [
        f"what {row.source.label} tells ends on {_said(row.read or row.last)}"
        for row in told
        if row.source not in waiting
    ]
    return ", and ".join(reasons) or _NOBODY


# --- Drawing --------------------------------------------------------------


def _bars(
    starts: Sequence[date], rows: dict[date, _WeekRow], gaps: set[date]
) -> tuple[Week, ...]:
    most = max((row.plays for row in rows.values()), default=0)
    bars = []
    for place, monday in enumerate(starts):
        plays = rows[monday].plays if monday in rows else 0
        height = max(2, round(_HEIGHT * plays / most)) if plays else 0
        # Every other month has its name under the week that holds its first day.
        ends = monday + _WEEK - _DAY
        is_new = ends.day <= 7 and ends.month % 2 == 1 and place < _WEEKS - 2
        label = f"{ends:%b}" if is_new else ""
        bars.append(
            Week(
                monday,
                plays,
                monday in gaps,
                f"{100 * place / len(starts):.2f}",
                _HEIGHT - height,
                height,
                label,
            )
        )
    return tuple(bars)
