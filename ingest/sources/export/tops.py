"""Ranked lists of three ranges out of single plays, as other sources have them."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import NamedTuple

from ingest.names import name_key
from ingest.sources.export.months import K, Month, YearMonth
from ingest.sources.export.plays import Play

# Days back of each range.
RANGES = {"short_term": 28, "medium_term": 182, "long_term": 365}
MOST_TOP_ARTISTS, MOST_TOP_TRACKS = 150, 50
# A year of fewer plays says less than all years together.
FEWEST_A_YEAR = 20
_DAY = 24 * 3600


class Heard(NamedTuple):
    """A track as it is shown, and its id at Spotify where the plays say it."""

    artist: str
    name: str
    track_id: str | None


def artists_of(plays: Iterable[Play]) -> Iterator[tuple[str, int, int]]:
    """Artist, moment and milliseconds of plays, as :func:`top_lists` takes them."""
    return ((name_key(play.artist), play.ended_at, play.ms) for play in plays)


def top_lists(
    recent: Iterable[tuple[K, int, int]],
    months: Mapping[YearMonth, Month[K]],
    *,
    now: datetime,
) -> dict[str, list[K]]:
    """The artists of each range by plays, then by time listened, then by key.

    ``recent`` are artist, moment (seconds since 1970) and milliseconds of single
    plays. Where the last year has hardly any, all months make the long list.
    """
    recent = list(recent)
    lists = {}
    for name, since in _beginnings(now).items():
        rows = [(artist, 1, ms) for artist, at, ms in recent if at >= since]
        if name == "long_term" and len(rows) < FEWEST_A_YEAR:
            rows = [
                (artist, listened.plays, listened.ms)
                for month in months.values()
                for artist, listened in month.artists.items()
            ]
        lists[name] = _highest(rows)[:MOST_TOP_ARTISTS]
    return lists


def top_tracks(recent: Iterable[Play], *, now: datetime) -> dict[str, list[Heard]]:
    """The tracks of each range in the same order, named as in the latest play."""
    recent = sorted(recent, key=lambda play: (play.ended_at, play.track_id or ""))
    shown = {
        _key(play): Heard(play.artist, play.track, play.track_id) for play in recent
    }
    lists = {}
    for name, since in _beginnings(now).items():
        rows = [(_key(play), 1, play.ms) for play in recent if play.ended_at >= since]
        lists[name] = [shown[key] for key in _highest(rows)[:MOST_TOP_TRACKS]]
    return lists


def _key(play: Play) -> str:
    return f"{name_key(play.artist)}\n{name_key(play.track)}"


def _beginnings(now: datetime) -> dict[str, int]:
    end = int(now.timestamp())
    return {name: end - days * _DAY for name, days in RANGES.items()}


def _highest(rows: Iterable[tuple[K, int, int]]) -> list[K]:
    """What has most plays in rows of key, plays and milliseconds comes first."""
    sums: defaultdict[K, list[int]] = defaultdict(lambda: [0, 0])
    for key, plays, ms in rows:
        sums[key][0] += plays
        sums[key][1] += ms
    return sorted(sums, key=lambda key: (-sums[key][0], -sums[key][1], key))
