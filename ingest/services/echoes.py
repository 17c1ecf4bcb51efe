"""One play once: the same play as several sources of a person have it."""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from django.db import transaction
from django.db.models import Count, QuerySet
from django.db.models.functions import Coalesce

from accounts.models import User
from ingest.models import Artist, Listen, Source
from ingest.names import title_key

_USUAL_LENGTH = 6 * 60
_LONGEST = 2 * 60 * 60
_MARGIN = 60
_AT_ONCE = 10_000
# Whose plays are marked in one transaction.
_PEOPLE = 100
_STANDS = Coalesce("track__artist__same_as_id", "track__artist_id")


class _Play(NamedTuple):
    at: int
    name: str
    pk: int
    was_echo: bool


@dataclass(slots=True)
class _Track:
    """One track of a person under whatever rows it has: its length, its plays."""

    person: int
    length: int = 0
    plays: dict[str, list[_Play]] = field(default_factory=lambda: defaultdict(list))


@transaction.atomic
def echoes_mark(*, person_id: int, since: datetime | None = None) -> int:
    """Mark which listens of a person are plays that another source tells better.

    To be called when a source was written, switched on or off, or left; ``since``
    spares the artists nobody heard from then on. Calling it again changes nothing, and
    the order in which sources came does not matter. Returns how many marks changed.
    """
    # Two imports of one person at once would not see each other's listens. Without
    # the key, because both hold rows that point at the person.
    people = User.objects.select_for_update(no_key=True).filter(pk=person_id)
    people.values_list("pk").first()
    mine = Listen.objects.filter(person_id=person_id)
    used = set(mine.of_used_sources().values_list("source", flat=True).distinct())
    if len(used) < 2:
        return mine.filter(is_echo=True).update(is_echo=False)
    rows = mine
    if since is not None:
        heard = mine.filter(listened_at__gte=since).values(whose=_STANDS)
        rows = mine.alias(whose=_STANDS).filter(whose__in=heard)
    return _mark(rows, {(person_id, source) for source in used})


@transaction.atomic(savepoint=False)
def echoes_of_artists(*, artist_ids: Iterable[int], after: int = 0) -> int | None:
    """Mark the plays of these artists anew, for the next hundred people with some.

    To be called when artists were joined or taken apart; those they stand for count,
    too. People come in the order of their ids, the first of them after ``after``;
    returns whom to go on after, None at the end.
    """
    artists = Artist.objects.rows_of(artist_ids)
    rows = Listen.objects.filter(track__artist__in=artists.values("pk"))
    # One source echoes nobody, and never did.
    several = (
        rows.filter(person__gt=after)
        .values("person")
        .alias(sources=Count("source", distinct=True))
    )
    several = several.filter(sources__gte=2).order_by("person")
    people = list(several.values_list("person", flat=True)[:_PEOPLE])
    if not people:
        return None
    # In the order of their ids, as everybody who locks several.
    locked = User.objects.select_for_update(no_key=True).filter(pk__in=people)
    list(locked.order_by("pk").values_list("pk", flat=True))
    rows = rows.filter(person__in=people)
    used = rows.of_used_sources().values_list("person", "source").distinct()
    _mark(rows, set(used))
    return people[-1] if len(people) == _PEOPLE else None


def _mark(rows: QuerySet[Listen], used: Set[tuple[int, str]]) -> int:
    """Mark the plays in these rows; ``used`` are people with sources that count."""
    echoes: list[int] = []
    shown: list[int] = []
    for track in _tracks(rows):
        counting = {s: p for s, p in track.plays.items() if (track.person, s) in used}
        heard = _echoes(counting, track)
        for play in (play for plays in track.plays.values() for play in plays):
            if play.was_echo != (play.pk in heard):
                (shown if play.was_echo else echoes).append(play.pk)
    _write(echoes, is_echo=True)
    _write(shown, is_echo=False)
    return len(echoes) + len(shown)


def _write(ids: Sequence[int], *, is_echo: bool) -> None:
    for start in range(0, len(ids), _AT_ONCE):
        rows = Listen.objects.filter(pk__in=ids[start : start + _AT_ONCE])
        rows.update(is_echo=is_echo)


def _tracks(rows: QuerySet[Listen]) -> Iterator[_Track]:
    """Read plays by person and track, in one query; plays in the order of time."""
    found: dict[tuple[int, int, str], _Track] = {}
    said = rows.annotate(stands=_STANDS)
    for person, pk, source, at, was_echo, stands, name, length in said.values_list(
        "person_id",
        "pk",
        "source",
        "listened_at",
        "is_echo",
        "stands",
        "track__name",
        "track__duration_ms",
    ):
        key = (person, stands, title_key(name))
        track = found.get(key) or found.setdefault(key, _Track(person))
        track.length = max(track.length, (length or 0) // 1000)
        play = _Play(int(at.timestamp()), name, pk, was_echo)
        track.plays[source].append(play)
    for track in found.values():
        for plays in track.plays.values():
            plays.sort()
    return iter(found.values())


def _echoes(by_source: Mapping[str, list[_Play]], track: _Track) -> set[int]:
    """Find the plays that a source of more timeliness has, too."""
    # A service gives the start of a play or its end: they lie its length apart.
    within = min(track.length or _USUAL_LENGTH, _LONGEST) + _MARGIN
    told: list[_Play] = []
    echoes: set[int] = set()
    for source in sorted(by_source, key=_later_ones_last):
        plays = by_source[source]
        same = {
            other
            for _, other in pairs(
                [play.at for play in told], [play.at for play in plays], within=within
            )
        }
        echoes.update(plays[place].pk for place in same)
        news = [play for place, play in enumerate(plays) if place not in same]
        told = sorted([*told, *news])
    return echoes


def _later_ones_last(source: str) -> tuple[int, str]:
    return -Source(source).door.timeliness, source


def pairs(
    ones: Sequence[int], others: Sequence[int], *, within: int
) -> list[tuple[int, int]]:
    """Pair moments of two rows, each once, none further apart than ``within``.

    As many as there can be, and of all ways to pair so many the nearest. Both rows are
    in the order of time; the answer gives places in them, the latest first.
    """
    if not ones or not others:
        return []
    # Of a pairing of most one more pair outweighs any distance.
    prize = (within + 1) * (min(len(ones), len(others)) + 1)
    # What the first ones cost with the first ``n`` others, up to the last in reach.
    best = [0]
    chosen: list[tuple[int, int, bytearray]] = []
    for one in ones:
        low = bisect_left(others, one - within) + 1
        high = bisect_right(others, one + within)
        best.extend([best[-1]] * (high + 1 - len(best)))
        takes = bytearray()
        before = best[low - 1] if low <= high else 0
        for n in range(low, high + 1):
            alone = min(best[n], best[n - 1])
            paired = before + abs(one - others[n - 1]) - prize
            before = best[n]
            # 0: without this one; 1: without this other; 2: both, as a pair.
            takes.append(2 if paired < alone else int(best[n - 1] < best[n]))
            best[n] = min(paired, alone)
        chosen.append((low, high, takes))
    return _walk_back(chosen, len(others))


def _walk_back(
    chosen: Sequence[tuple[int, int, bytearray]], n: int
) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    for place in range(len(chosen) - 1, -1, -1):
        low, high, takes = chosen[place]
        if not takes:
            continue
        # Further on nothing changed: this one does not reach there.
        n = min(n, high)
        while n >= low and takes[n - low] == 1:
            n -= 1
        if n >= low and takes[n - low] == 2:
            found.append((place, n - 1))
            n -= 1
    return found
