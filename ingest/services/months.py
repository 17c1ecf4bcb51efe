"""Writing a long history: months folded, the plays of the last year one by one."""

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from functools import reduce
from itertools import islice, pairwise
from operator import or_
from typing import Any

from django.db import transaction
from django.db.models import Q

from ingest.models import Listen, ListeningMonth, Source, TopArtist, TopTrack
from ingest.music import Library
from ingest.names import name_key
from ingest.services.echoes import echoes_mark
from ingest.sources.base import ArtistItem, TrackItem
from ingest.sources.export import (
    History,
    Listened,
    Month,
    Play,
    YearMonth,
    counted_parts,
    merged_month,
    pack_month,
    shared_plays,
    top_lists,
    unpack_month,
)

_BATCH = 500
# Names looked up in one query.
_AT_ONCE = 2000
_RECENT = timedelta(days=365)
_TRACKS_KEPT = 50


@transaction.atomic
def months_merge(
    *, person_id: int, source: Source, history: History, now: datetime
) -> None:
    """Put what an upload says beside what earlier ones said, month by month.

    The same again, or a part of it under another name, changes nothing, and in which
    order uploads come makes no difference. Of the plays of the last year those are
    kept that belong to a part of their month that counts; older ones leave.
    """
    library = Library()
    artists = _artists(library, history.names)
    stored = {
        (row.month.year, row.month.month): row
        for row in ListeningMonth.objects.filter(person_id=person_id, source=source)
    }
    rows, outcome = [], _Outcome()
    for key, month in history.months.items():
        new = _by_id(month, artists)
        before = unpack_month(stored[key].artists) if key in stored else None
        merged = merged_month(before, new) if before else new
        outcome.add(key, before, merged)
        rows.append(_row(person_id, source, key, merged))
    _write(rows)
    plays = [
        play
        for play in history.recent_plays
        if outcome.brings(play, artists[name_key(play.artist)])
    ]
    _write_listens(person_id, source, plays, library, outcome, now)
    echoes_mark(person_id=person_id)


# --- Months ---------------------------------------------------------------


def _artists(library: Library, names: Mapping[str, str]) -> dict[str, int]:
    """Make every artist known; return their rows by key."""
    items = iter([ArtistItem(name[:200]) for name in sorted(names.values())])
    found: dict[str, int] = {}
    while some := list(islice(items, _AT_ONCE)):
        library.add_artists(some)
        found |= {name_key(item.name): library.artist_id(item) for item in some}
    return found


def _by_id(month: Month[str], artists: Mapping[str, int]) -> Month[int]:
    """The same month, artists by row: two keys may be one artist here."""

    def by_row(listened: Mapping[str, Listened]) -> dict[int, Listened]:
        sums: dict[int, Listened] = {}
        for key, (plays, ms) in listened.items():
            earlier = sums.get(artists[key], Listened(0, 0))
            sums[artists[key]] = Listened(earlier.plays + plays, earlier.ms + ms)
        return sums

    return Month(
        month.first_at,
        month.last_at,
        by_row(month.artists),
        month.is_exact,
        by_row(month.firsts),
        by_row(month.lasts),
    )


def _row(
    person_id: int, source: Source, key: YearMonth, month: Month[int]
) -> ListeningMonth:
    return ListeningMonth(
        person_id=person_id,
        source=source,
        month=date(*key, 1),
        is_exact=month.is_exact,
        first_at=_moment(month.first_at),
        last_at=_moment(month.last_at),
        plays=month.plays,
        artists=pack_month(month),
    )


def _write(rows: list[ListeningMonth]) -> None:
    ListeningMonth.objects.bulk_create(
        rows,
        batch_size=_BATCH,
        update_conflicts=True,
        unique_fields=["person", "source", "month"],
        update_fields=["is_exact", "first_at", "last_at", "plays", "artists"],
    )


def _moment(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


# --- Single plays ---------------------------------------------------------


class _Outcome:
    """Of each month which parts counted, and which do now."""

    def __init__(self) -> None:
        self._gone: list[Month[int]] = []
        self._stay: list[Month[int]] = []
        self._new: dict[YearMonth, list[Month[int]]] = {}
        # Plays of the upload that a part next to theirs has, too.
        self._twice: set[tuple[int, int]] = set()

    def add(self, key: YearMonth, before: Month[int] | None, after: Month[int]) -> None:
        earlier = counted_parts(before) if before else []
        now = counted_parts(after)
        self._gone += [part for part in earlier if part not in now]
        self._stay += [part for part in earlier if part in now]
        new = self._new[key] = [part for part in now if part not in earlier]
        for one, other in pairwise(now):
            at = other.first_at if other in new else one.last_at
            self._twice |= {(at, artist) for artist in shared_plays(one, other)}

    def gone(self, since: datetime) -> Q:
        """Plays of parts that count no more; of those that reach into this time."""
        gone, stay = (
            [Q(listened_at__range=_span(p)) for p in parts if _span(p)[1] >= since]
            for parts in (self._gone, self._stay)
        )
        if not gone:
            return Q(pk__in=[])
        return reduce(or_, gone) & ~reduce(or_, stay, Q(pk__in=[]))

    def brings(self, play: Play, artist: int) -> bool:
        """Whether a play of the upload belongs to a part that counts only now."""
        at = _moment(play.ended_at)
        if (play.ended_at, artist) in self._twice:
            return False
        parts = self._new.get((at.year, at.month), [])
        return any(part.first_at <= play.ended_at <= part.last_at for part in parts)


def _span(month: Month[int]) -> tuple[datetime, datetime]:
    return _moment(month.first_at), _moment(month.last_at)


def _write_listens(
    person_id: int,
    source: Source,
    plays: list[Play],
    library: Library,
    outcome: _Outcome,
    now: datetime,
) -> None:
    """Let those go that count no more, and add what the upload brings."""
    mine = Listen.objects.filter(person_id=person_id, source=source)
    mine.filter(listened_at__lt=now - _RECENT).delete()
    mine.filter(outcome.gone(now - _RECENT)).delete()
    tracks = _tracks(library, plays)
    rows = [
        Listen(
            person_id=person_id,
            source=source,
            track_id=library.track_id(tracks[play.artist, play.track, play.track_id]),
            listened_at=_moment(play.ended_at),
            ms_played=play.ms,
        )
        for play in plays
    ]
    Listen.objects.bulk_create(rows, batch_size=_BATCH, ignore_conflicts=True)


def _tracks(
    library: Library, plays: Iterable[Play]
) -> dict[tuple[str, str, str | None], TrackItem]:
    """Make every track known; return its item by what a play says of it."""
    items = {
        (play.artist, play.track, play.track_id): TrackItem(
            play.track[:300], ArtistItem(play.artist[:200]), play.track_id
        )
        for play in plays
    }
    waiting = iter(items.values())
    while some := list(islice(waiting, _AT_ONCE)):
        library.add_artists([item.artist for item in some])
        library.add_tracks(some)
    return items


# --- Ranked lists ---------------------------------------------------------


@transaction.atomic
def tops_of_listens(
    *, person_id: int, source: Source, now: datetime
) -> tuple[int, int]:
    """Rank artists and tracks anew by what is kept; return how many there are."""
    heard = list(
        Listen.objects.filter(
            person_id=person_id, source=source, listened_at__gte=now - _RECENT
        ).values_list("track__artist_id", "track_id", "listened_at", "ms_played")
    )
    months = {
        (row.month.year, row.month.month): unpack_month(row.artists)
        for row in ListeningMonth.objects.filter(person_id=person_id, source=source)
    }
    moments = [(a, t, int(at.timestamp()), ms or 0) for a, t, at, ms in heard]
    artists = top_lists([(a, at, ms) for a, _, at, ms in moments], months, now=now)
    tracks = top_lists([(t, at, ms) for _, t, at, ms in moments], {}, now=now)
    mine: dict[str, Any] = {"person_id": person_id, "source": source}
    TopArtist.objects.filter(**mine).delete()
    TopArtist.objects.bulk_create(
        [
            TopArtist(**mine, time_range=time_range, rank=rank, artist_id=row)
            for time_range, ids in artists.items()
            for rank, row in enumerate(ids, start=1)
        ],
        batch_size=_BATCH,
    )
    TopTrack.objects.filter(**mine).delete()
    TopTrack.objects.bulk_create(
        [
            TopTrack(**mine, time_range=time_range, rank=rank, track_id=row)
            for time_range, ids in tracks.items()
            for rank, row in enumerate(ids[:_TRACKS_KEPT], start=1)
        ],
        batch_size=_BATCH,
    )
    return _number(artists), _number(tracks)


def _number(lists: Mapping[str, list[int]]) -> int:
    return len(set().union(*lists.values()))
