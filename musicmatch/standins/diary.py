"""What somebody listened to: a diary that only grows, the same after a restart.

Time is cut into slots of ``Rhythm.gap_minutes``. Whether a slot was used, on what
and at which millisecond is drawn from its number, so yesterday never changes and
new listens appear as the clock moves. Every service that a person uses shows the
same diary: one by the moment a track ended, another by the moment it began.
"""

import threading
from array import array
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from musicmatch.standins.draws import draw
from musicmatch.standins.shelf import Track
from musicmatch.standins.tastes import Person

DAY = 86_400
FAR = 2**40


@dataclass(frozen=True, slots=True)
class Listen:
    """One listen; ``at_ms`` is its end in Unix milliseconds.

    ``track`` is None for a local file.
    """

    at_ms: int
    track: Track | None
    has_context: bool


@dataclass(frozen=True, slots=True)
class Play:
    """One listen by its beginning, in whole Unix seconds."""

    started_at: int
    track: Track


def diary(person: Person, *, since_ms: int, now_ms: int) -> Iterator[Listen]:
    """The listens that ended after ``since_ms`` and up to ``now_ms``, newest first."""
    rhythm, tracks = person.rhythm, person.tracks("short_term", person.top_size)
    if rhythm is None or not tracks:
        return
    key, gap_ms = person.key, rhythm.gap_minutes * 60_000
    for slot in range(now_ms // gap_ms, since_ms // gap_ms - 1, -1):
        if draw(key, slot) >= rhythm.chance:
            continue
        at_ms = slot * gap_ms + int(draw(key, slot, "moment") * gap_ms * 0.9)
        if not since_ms < at_ms <= now_ms:
            continue
        track = tracks[int(len(tracks) * draw(key, slot, "track") ** 2)]
        has_context = draw(key, slot, "context") < 0.6
        is_local = rhythm.oddities and slot % 7 == 0
        yield Listen(at_ms, None if is_local else track, has_context)
        if rhythm.oddities and slot % 5 == 0:
            yield Listen(at_ms, track, has_context)


class History:
    """All plays of a person since a moment, by their beginning.

    ``most`` keeps only that many of the oldest. Safe to use from several threads.
    """

    def __init__(self, person: Person, since: int, most: int | None = None) -> None:
        self._person = person
        self._since_ms = since * 1000
        self._most = most
        self._tracks = person.tracks("short_term", person.top_size)
        self._numbers = {track: place for place, track in enumerate(self._tracks)}
        self._lock = threading.Lock()
        self._forget()

    def _forget(self) -> None:
        self._until_ms = self._since_ms
        self._starts = array("q")
        self._heard = array("H")

    def page(
        self, *, now: float, first: int = 0, end: int = FAR, skip: int = 0, most: int
    ) -> tuple[int, list[Play]]:
        """How many plays began in [first, end), and ``most`` of them after ``skip``.

        The newest come first. Only plays that have ended by ``now`` count.
        """
        with self._lock:
            places = self._places(now, first, end)
            shown = places[::-1][skip : skip + most]
            return len(places), [self._play(place) for place in shown]

    def oldest(self, *, now: float, first: int, most: int) -> list[Play]:
        """The first ``most`` plays that began at ``first`` or later, newest first."""
        with self._lock:
            shown = self._places(now, first, FAR)[:most]
            return [self._play(place) for place in reversed(shown)]

    def count(self, *, now: float) -> int:
        return self.page(now=now, most=0)[0]

    def _places(self, now: float, first: int, end: int) -> range:
        self._write_up_to(int(now * 1000))
        low, high = bisect_left(self._starts, first), bisect_left(self._starts, end)
        if self._most is not None:
            high = min(high, self._most)
        return range(low, max(low, high))

    def _play(self, place: int) -> Play:
        return Play(self._starts[place], self._tracks[self._heard[place]])

    def _write_up_to(self, now_ms: int) -> None:
        if now_ms < self._until_ms:
            # A clock that was put back: only tests do that.
            self._forget()
        listens = diary(self._person, since_ms=self._until_ms, now_ms=now_ms)
        for listen in reversed(list(listens)):
            if listen.track is not None:
                self._add(listen.at_ms, listen.track)
        self._until_ms = now_ms

    def _add(self, at_ms: int, track: Track) -> None:
        # A long track may begin before a short one that ended earlier.
        start = (at_ms - track.duration_ms) // 1000
        place = bisect_left(self._starts, start)
        self._starts.insert(place, start)
        self._heard.insert(place, self._numbers[track])


@lru_cache(maxsize=32)
def history(person: Person, since: int, most: int | None = None) -> History:
    """The history of a person, written once for all services that show it."""
    return History(person, since, most)
