"""Writing a long history: months folded, the plays of the last year one by one."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from typing import Any

from django.db import transaction

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
    merged_month,
    pack_month,
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

    Of the plays of the last year those are kept that belong to what is kept of their
    month; older ones leave.
    """
    library = Library()
    artists = _artists(library, history.names)
    stored = {
        (row.month.year, row.month.month): row
        for row in ListeningMonth.objects.filter(person_id=person_id, source=source)
    }
    rows, winners = [], {}
    for key, month in history.months.items():
        new = _by_id(month, artists)
        merged = merged_month(_month(stored[key]), new) if key in stored else new
        winners[key] = merged
        rows.append(_row(person_id, source, key, merged))
    before = {key: _month(row) for key, row in stored.items() if key in winners}
    _write(rows)
    _write_listens(person_id, source, history, library, _Outcome(before, winners), now)
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
    sums: dict[int, Listened] = {}
    for key, (plays, ms) in month.artists.items():
        row = artists[key]
        earlier = sums.get(row, Listened(0, 0))
        sums[row] = Listened(earlier.plays + plays, earlier.ms + ms)
    return Month(month.first_at, month.last_at, sums, month.is_exact)


def _month(row: ListeningMonth) -> Month[int]:
    return Month(
        int(row.first_at.timestamp()),
        int(row.last_at.timestamp()),
        unpack_month(row.artists),
        row.is_exact,
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
        artists=pack_month(month.artists),
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
    """Of each month what was there, and what is kept now."""

    def __init__(
        self,
        before: Mapping[YearMonth, Month[int]],
        kept: Mapping[YearMonth, Month[int]],
    ) -> None:
        self._before = before
        self._kept = kept

    def replaced(self) -> Iterator[Month[int]]:
        """Months of which nothing is kept of what was there."""
        for key, month in self._before.items():
            kept = self._kept[key]
            is_joined = kept.plays > month.plays and _holds(kept, month)
            if kept != month and not is_joined:
                yield month

    def keeps(self, play: Play) -> bool:
        """Whether a play of the upload belongs to what is kept of its month."""
        at = _moment(play.ended_at)
        key = (at.year, at.month)
        before, kept = self._before.get(key), self._kept.get(key)
        return kept is not None and (before is None or kept != before)


def _holds(kept: Month[int], month: Month[int]) -> bool:
    return all(
        artist in kept.artists and kept.artists[artist].plays >= listened.plays
        for artist, listened in month.artists.items()
    )


def _write_listens(
    person_id: int,
    source: Source,
    history: History,
    library: Library,
    outcome: _Outcome,
    now: datetime,
) -> None:
    mine = Listen.objects.filter(person_id=person_id, source=source)
    mine.filter(listened_at__lt=now - _RECENT).delete()
    for month in outcome.replaced():
        first, last = _moment(month.first_at), _moment(month.last_at)
        mine.filter(listened_at__range=(first, last)).delete()
    plays = [play for play in history.recent_plays if outcome.keeps(play)]
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
        (row.month.year, row.month.month): _month(row)
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
