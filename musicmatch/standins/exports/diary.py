"""The years of one made-up listener, day by day, as a stream that can be repeated."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from itertools import accumulate
from random import Random

from musicmatch.standins.exports.records import BOOKS, SHOWS, Record, Shelf

# More than that does not fit into waking hours.
MOST_A_DAY = 150
_DAY = 24 * 3600
_MORNING, _WAKING = 6 * 3600, 17 * 3600
_FAVOURITES, _VISITORS = 45, 45
_A_SESSION = 12
_BREAKS = ("fwdbtn", "fwdbtn", "fwdbtn", "backbtn", "clickrow", "endplay")
_ENDS = ("trackdone",) * 12 + ("fwdbtn", "endplay", "logout", "unexpected-exit")


class Kind(Enum):
    MUSIC = "music"
    REMOVED = "removed"
    PODCAST = "podcast"
    AUDIOBOOK = "audiobook"


@dataclass(frozen=True, slots=True)
class Plan:
    """How much one listener hears: so many rows in so many years up to ``until``."""

    years: int
    plays: int
    until: datetime
    seed: int = 7

    @property
    def days(self) -> int:
        return round(self.years * 365.25)

    @property
    def last_day(self) -> int:
        """The number of the last whole day before ``until``."""
        return int(self.until.timestamp()) // _DAY - 1


@dataclass(frozen=True, slots=True)
class Event:
    """One row of history before it has a shape."""

    ended_at: int
    ms: int
    kind: Kind
    record: Record
    reason_start: str
    reason_end: str
    is_private: bool
    is_shuffled: bool


def events(plan: Plan, *, days: int | None = None) -> Iterator[Event]:
    """All events in order, or those of the last ``days`` days: the same ones."""
    shelf = Shelf()
    first = plan.last_day - plan.days + 1
    start = first if days is None else max(first, plan.last_day - days + 1)
    favourites = _Favourites(plan.seed, shelf)
    for day, count in _counts(plan, first):
        favourites.move_on(day)
        if day >= start:
            yield from _Day(plan.seed, day, favourites, shelf).events(count)


def _counts(plan: Plan, first: int) -> Iterator[tuple[int, int]]:
    """How many rows each day has; they add up to those of the plan."""

    def weight(day: int) -> float:
        # Repeatable chance, no secret.
        return 0.4 + Random(f"{plan.seed}:{day}:much").random() * 1.2  # noqa: S311

    days = range(first, first + plan.days)
    whole = sum(map(weight, days))
    given = 0
    for day, upto in zip(days, accumulate(map(weight, days)), strict=True):
        due = round(plan.plays * upto / whole)
        yield day, due - given
        given = due


class _Favourites:
    """Who is listened to in a month: some stay for years, some come once."""

    def __init__(self, seed: int, shelf: Shelf) -> None:
        self._rng = Random(f"{seed}:favourites")  # noqa: S311
        self._shelf = shelf
        self._month = -1
        self._steady = [self._anyone() for _ in range(_FAVOURITES)]
        self.artists: list[int] = []
        self.weights: list[float] = []

    def move_on(self, day: int) -> None:
        month = day // 30
        if month == self._month:
            return
        self._month = month
        for place in range(_FAVOURITES):
            # The longer somebody is a favourite, the safer their place.
            if self._rng.random() < 0.02 + 0.2 * place / _FAVOURITES:
                self._steady[place] = self._anyone()
        visitors = (self._rng.randrange(self._shelf.size) for _ in range(_VISITORS))
        self.artists = [*self._steady, *visitors]
        shares = [1 / (2 + place) for place in range(len(self.artists))]
        self.weights = list(accumulate(shares))

    def _anyone(self) -> int:
        """An artist of the catalogue twice out of three."""
        if self._rng.random() < 0.67:
            return self._rng.randrange(self._shelf.known)
        return self._rng.randrange(self._shelf.size)


class _Day:
    """One day, which knows nothing of the others."""

    def __init__(
        self, seed: int, day: int, favourites: _Favourites, shelf: Shelf
    ) -> None:
        self._rng = Random(f"{seed}:{day}:day")  # noqa: S311
        self._favourites = favourites
        self._shelf = shelf
        self._start = day * _DAY + _MORNING

    def events(self, count: int) -> Iterator[Event]:
        drawn = [self._draw() for _ in range(count)]
        spare = max(0, _WAKING - sum(ms // 1000 + 2 for _, _, ms, _ in drawn))
        pauses = sorted(self._rng.random() for _ in range(count // _A_SESSION + 1))
        at, rested = self._start, 0.0
        is_private = is_shuffled = False
        for number, (kind, record, ms, is_skipped) in enumerate(drawn):
            session, place = divmod(number, _A_SESSION)
            if place == 0:
                at += int(spare * (pauses[session] - rested))
                rested = pauses[session]
                is_private = self._rng.random() < 0.015
                is_shuffled = self._rng.random() < 0.4
            at += ms // 1000 + self._rng.randrange(2)
            yield Event(
                at,
                ms,
                kind,
                record,
                "clickrow" if place == 0 else "trackdone",
                self._rng.choice(_BREAKS if is_skipped else _ENDS),
                is_private,
                is_shuffled,
            )

    def _draw(self) -> tuple[Kind, Record, int, bool]:
        rng, chance = self._rng, self._rng.random()
        if chance < 0.02:
            show = rng.choice(SHOWS)
            episode = f"Episode {rng.randrange(1, 400)}"
            return Kind.PODCAST, _spoken(show, episode), rng.randrange(2_400_000), False
        if chance < 0.022:
            book = _spoken(rng.choice(BOOKS), f"Chapter {rng.randrange(1, 40)}")
            return Kind.AUDIOBOOK, book, rng.randrange(1_800_000), False
        artist = rng.choices(
            self._favourites.artists, cum_weights=self._favourites.weights
        )[0]
        place = int(self._shelf.tracks_of(artist) * rng.random() ** 1.6)
        record = self._shelf.record(artist, place)
        kind = Kind.REMOVED if chance > 0.992 else Kind.MUSIC
        if rng.random() < 0.12:
            return kind, record, rng.randrange(29_000), True
        heard = record.length_ms if rng.random() < 0.85 else record.length_ms // 2
        return kind, record, heard, False


def _spoken(title: str, part: str) -> Record:
    return Record(title, part, title, "", 0)
