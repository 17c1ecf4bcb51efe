"""Folding the plays of one upload, in any order, into months and recent plays.

A play waits as 16 bytes in the bucket of its month; names are kept once, and those of
tracks only where the play is recent. What is asked for is folded month by month.
"""

from array import array
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from zlib import crc32

from ingest.names import name_key
from ingest.sources.export.months import Listened, Month, YearMonth
from ingest.sources.export.plays import LeftOut, Play

RECENT_DAYS = 365
# Ten years of 270 plays a day. More artists or recent tracks than these are made up.
MOST_PLAYS, MOST_ARTISTS, MOST_TRACKS = 1_000_000, 100_000, 100_000
_MINUTE, _DAY = 60, 24 * 3600
_HALF = (1 << 32) - 1
# How long, and in the bits above it what kind: of two the larger one is kept.
_PRIVATE, _EXACT, _MS = 1 << 31, 1 << 30, (1 << 30) - 1
# A second and the mark of a track in one number, and the number of an artist.
_Heard = tuple[int, int]


@dataclass(slots=True)
class _Bucket:
    """The plays of a month: second and mark of the track; artist, kind and how long."""

    when: "array[int]" = field(default_factory=lambda: array("Q"))
    what: "array[int]" = field(default_factory=lambda: array("Q"))

    def add(self, when: int, what: int) -> None:
        self.when.append(when)
        self.what.append(what)

    def best(self) -> dict[_Heard, int]:
        """Of the same track at the same second the play to be kept."""
        best: dict[_Heard, int] = {}
        for when, what in zip(self.when, self.what, strict=True):
            heard = (when, what >> 32)
            best[heard] = max(best.get(heard, 0), what & _HALF)
        return best

    def counted(self) -> int:
        return sum(not what & _PRIVATE for what in self.what)


@dataclass(slots=True)
class _Folded:
    months: dict[YearMonth, Month[str]] = field(default_factory=dict)
    recent: _Bucket = field(default_factory=_Bucket)
    duplicates: int = 0


class History:
    """The listening of one upload. ``now`` decides which plays are recent.

    A play that is there twice counts once, and so does one that account data and
    extended history both have: of two the extended one is kept, then the longer one.
    """

    def __init__(self, *, now: datetime) -> None:
        self._recent_from = int(now.timestamp()) - RECENT_DAYS * _DAY
        self._buckets: defaultdict[YearMonth, _Bucket] = defaultdict(_Bucket)
        # Most plays are of the day of the play before.
        self._day, self._bucket = -1, _Bucket()
        self._keys: list[str] = []
        self._numbers: dict[str, int] = {}
        # By spelling of an artist: the artist's number, how often it was met.
        self._spellings: dict[str, list[int]] = {}
        # How often a recent track was met, by artist and mark, spelling, and id.
        self._tracks: dict[tuple[int, str, str | None], int] = {}
        self._count = self._beyond = 0
        self._result: _Folded | None = None

    def add(self, play: Play) -> None:
        spelling = self._spellings.get(play.artist) or self._spelling(play.artist)
        if spelling is None or self._count >= MOST_PLAYS:
            self._beyond += 1
            return
        self._count += 1
        self._result = None
        mark, kind = _mark(play.track), _EXACT if play.is_exact else 0
        if play.is_private:
            kind = _PRIVATE | _EXACT
        else:
            spelling[1] += 1
            if play.ended_at >= self._recent_from:
                self._meet(spelling[0] << 32 | mark, play)
        if play.ended_at // _DAY != self._day:
            self._turn_to(play.ended_at)
        self._bucket.add(
            play.ended_at << 32 | mark, spelling[0] << 32 | kind | min(play.ms, _MS)
        )

    @property
    def months(self) -> dict[YearMonth, Month[str]]:
        """Every month with plays; its artists are keyed by ``name_key``."""
        return self._folded().months

    @property
    def names(self) -> dict[str, str]:
        """The spelling of each artist that is met most often, by its key."""
        spellings: defaultdict[str, dict[str, int]] = defaultdict(dict)
        for spelling, (number, count) in self._spellings.items():
            if count:
                spellings[self._keys[number]][spelling] = count
        met = {key for month in self.months.values() for key in month.artists}
        return {key: _most(spellings[key]) or key for key in met}

    @property
    def plays(self) -> int:
        """How many plays count."""
        return sum(month.plays for month in self.months.values())

    @property
    def left_out(self) -> Counter[LeftOut]:
        """How many of the plays given do not count, the private ones aside."""
        counts = Counter(
            {
                LeftOut.DUPLICATE: self._folded().duplicates,
                LeftOut.BEYOND: self._beyond,
            }
        )
        return +counts

    @property
    def recent_plays(self) -> list[Play]:
        """The plays of the 12 months before now, newest first.

        Names and ids are those met most often for the artist and for the track.
        """
        names, tracks = self.names, self._best_tracks()
        recent = self._folded().recent
        found = []
        for when, what in zip(recent.when, recent.what, strict=True):
            artist = what >> 32
            track = tracks.get(artist << 32 | when & _HALF)
            if track is not None:
                name = names[self._keys[artist]]
                is_exact = bool(what & _EXACT)
                found.append(Play(when >> 32, what & _MS, name, *track, is_exact))
        return sorted(found, key=lambda play: (-play.ended_at, play.artist, play.track))

    # --- Taking plays -----------------------------------------------------

    def _spelling(self, artist: str) -> list[int] | None:
        """A place for a new spelling, None where there are too many artists."""
        key = name_key(artist)
        number = self._numbers.get(key)
        is_new = number is None
        if number is None:
            if len(self._numbers) >= MOST_ARTISTS:
                return None
            number = self._numbers[key] = len(self._keys)
            self._keys.append(key)
        spelling = [number, 0]
        if is_new or len(self._spellings) < MOST_ARTISTS:
            self._spellings[artist] = spelling
        return spelling

    def _turn_to(self, moment: int) -> None:
        date = datetime.fromtimestamp(moment, UTC)
        self._day, self._bucket = moment // _DAY, self._buckets[date.year, date.month]

    def _meet(self, track: int, play: Play) -> None:
        met = (track, play.track, play.track_id)
        count = self._tracks.get(met, 0)
        if count or len(self._tracks) < MOST_TRACKS:
            self._tracks[met] = count + 1

    # --- Folding them -----------------------------------------------------

    def _folded(self) -> _Folded:
        if self._result is None:
            folded, late = _Folded(), set[_Heard]()
            for month in sorted(self._buckets):
                late = self._fold(month, late, folded)
            self._result = folded
        return self._result

    def _fold(
        self, month: YearMonth, late: set[_Heard], folded: _Folded
    ) -> set[_Heard]:
        """Fold one month; ``late`` are plays a moment before it, and those after."""
        bucket = self._buckets[month]
        best = bucket.best()
        if not all(low & _EXACT for low in best.values()):
            minutes = late | _minutes(best)
            best = {
                heard: low
                for heard, low in best.items()
                if low & _EXACT or _to_the_minute(heard, 0) not in minutes
            }
        kept = [(*heard, low) for heard, low in best.items() if not low & _PRIVATE]
        folded.duplicates += bucket.counted() - len(kept)
        if kept:
            folded.months[month] = self._month(kept)
        for when, artist, low in kept:
            if when >> 32 >= self._recent_from:
                folded.recent.add(when, artist << 32 | low)
        return _minutes(best, only_late=True)

    def _month(self, kept: list[tuple[int, int, int]]) -> Month[str]:
        sums: defaultdict[int, list[int]] = defaultdict(lambda: [0, 0])
        for _, artist, low in kept:
            listened = sums[artist]
            listened[0] += 1
            listened[1] += low & _MS
        moments = [when >> 32 for when, _, _ in kept]
        first, last = min(moments), max(moments)
        return Month(
            first,
            last,
            {self._keys[artist]: Listened(*sums[artist]) for artist in sums},
            any(low & _EXACT for _, _, low in kept),
            self._at(first, kept),
            self._at(last, kept),
        )

    def _at(self, moment: int, kept: list[tuple[int, int, int]]) -> dict[str, Listened]:
        """What was played at one second, by the keys of artists."""
        found: dict[str, Listened] = {}
        for when, artist, low in kept:
            if when >> 32 == moment:
                plays, ms = found.get(self._keys[artist], Listened(0, 0))
                found[self._keys[artist]] = Listened(plays + 1, ms + (low & _MS))
        return found

    def _best_tracks(self) -> dict[int, tuple[str, str | None]]:
        """The most frequent spelling and the most frequent id of recent tracks."""
        names: defaultdict[int, Counter[str]] = defaultdict(Counter)
        ids: defaultdict[int, Counter[str]] = defaultdict(Counter)
        for (track, name, track_id), count in self._tracks.items():
            names[track][name] += count
            if track_id is not None:
                ids[track][track_id] += count
        return {t: (_most(names[t]) or "", _most(ids[t])) for t in names}


def _minutes(best: dict[_Heard, int], *, only_late: bool = False) -> set[_Heard]:
    """The extended plays at the minutes account data may have for them.

    Nobody says whether it rounds down, or to the nearest minute: ``only_late`` are
    those that rounding leads into the next day, so perhaps into the next month.
    """
    exact = [heard for heard, low in best.items() if low & _EXACT]
    if only_late:
        exact = [h for h in exact if (h[0] >> 32) % _DAY >= _DAY - _MINUTE // 2]
    return {_to_the_minute(heard, up) for heard in exact for up in (0, _MINUTE // 2)}


def _to_the_minute(heard: _Heard, up: int) -> _Heard:
    when, artist = heard
    return ((when >> 32) + up) // _MINUTE << 32 | when & _HALF, artist


def _most(counts: dict[str, int]) -> str | None:
    """What was counted most often, of two the first in the alphabet."""
    return min(counts, key=lambda name: (-counts[name], name), default=None)


@lru_cache(maxsize=50_000)
def _mark(track: str) -> int:
    """A number for the name of a track: for one artist and second no other has it."""
    return crc32(name_key(track).encode())
