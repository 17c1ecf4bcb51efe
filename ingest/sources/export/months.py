"""One month of listening, folded, and how what several uploads say of it meets."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, pairwise
from typing import Generic, NamedTuple, TypeVar

K = TypeVar("K", str, int)
YearMonth = tuple[int, int]
# Account data knows the minute only.
_MINUTE = 60
# Files of one export that share a month are two or three. More are made up.
_MOST_PARTS = 30


class Listened(NamedTuple):
    """How often, and for how many milliseconds."""

    plays: int
    ms: int


@dataclass(frozen=True, slots=True)
class Month(Generic[K]):
    """What was listened to from the first play of a month to its last.

    The moments are seconds since 1970. ``is_exact``: extended history had a part in
    it; False for account data alone. ``firsts`` and ``lasts`` are what was played at
    those two moments. ``parts`` is what several uploads said, where no single one
    says it all; some of them may not count, as others know better.
    """

    first_at: int
    last_at: int
    artists: Mapping[K, Listened]
    is_exact: bool
    firsts: Mapping[K, Listened] = field(default_factory=dict, compare=False)
    lasts: Mapping[K, Listened] = field(default_factory=dict, compare=False)
    parts: tuple["Month[K]", ...] = field(default=(), compare=False)

    @property
    def plays(self) -> int:
        return sum(listened.plays for listened in self.artists.values())

    @property
    def ms(self) -> int:
        return sum(listened.ms for listened in self.artists.values())


def merged_month(stored: Month[K], new: Month[K]) -> Month[K]:
    """The month as it is after ``new`` was uploaded on top of ``stored``.

    Parts whose spans do not meet add up. Where they meet some of them stand alone, as
    the plays are the same: extended history before account data, then those that are
    longer together. All are remembered but those another one covers. So to upload the
    same or a part of it again changes nothing, the files of one export may come one by
    one, and in which order uploads come makes no difference.
    """
    return month_of(chain(parts_of(stored), parts_of(new)))


def parts_of(month: Month[K]) -> tuple[Month[K], ...]:
    return month.parts or (month,)


def month_of(parts: Iterable[Month[K]]) -> Month[K]:
    """Make one month of what several uploads say of it, at least one."""
    kept = _kept(parts)
    return kept[0] if len(kept) == 1 else _joined(kept)


def counted_parts(month: Month[K]) -> list[Month[K]]:
    """Return the parts that count, in the order of time; no two of them overlap."""
    parts = parts_of(month)
    exact = _longest([part for part in parts if part.is_exact])
    rough = [
        part
        for part in parts
        if not part.is_exact and all(_are_apart(part, other) for other in exact)
    ]
    return sorted(chain(exact, _longest(rough)), key=_order)


def shared_plays(early: Month[K], late: Month[K]) -> dict[K, Listened]:
    """What both have of the moment where one ends and the other begins.

    The plays of one second are the same plays; so are those of one minute, where one
    of the two knows no seconds.
    """
    gap = late.first_at - early.last_at
    if abs(gap) >= (1 if early.is_exact is late.is_exact else _MINUTE):
        return {}
    return {
        artist: min(early.lasts[artist], late.firsts[artist])
        for artist in early.lasts.keys() & late.firsts.keys()
    }


# --- Keeping --------------------------------------------------------------


def _kept(parts: Iterable[Month[K]]) -> list[Month[K]]:
    """Leave out parts another one covers; the rest in the order of time."""
    kept: list[Month[K]] = []
    for part in parts:
        if not any(_stands_for(other, part) for other in kept):
            kept = [other for other in kept if not _stands_for(part, other)]
            kept.append(part)
    kept.sort(key=_weight, reverse=True)
    return sorted(kept[:_MOST_PARTS], key=_order)


def _stands_for(one: Month[K], other: Month[K]) -> bool:
    """Whether one says all the other says, as well or better."""
    if other.is_exact and not one.is_exact:
        return False
    if other.first_at < one.first_at or one.last_at < other.last_at:
        return False
    spans = [(month.first_at, month.last_at, month.is_exact) for month in (one, other)]
    if spans[0] != spans[1]:
        return True
    weights = [(month.plays, month.ms) for month in (one, other)]
    if weights[0] != weights[1]:
        return weights[0] > weights[1]
    return sorted(one.artists.items()) <= sorted(other.artists.items())


def _order(month: Month[K]) -> tuple[object, ...]:
    return (
        month.first_at,
        month.last_at,
        month.is_exact,
        sorted(month.artists.items()),
    )


def _weight(month: Month[K]) -> tuple[bool, int, int, int]:
    span = month.last_at - month.first_at
    return month.is_exact, span, month.plays, month.ms


# --- Counting -------------------------------------------------------------


def _longest(parts: Sequence[Month[K]]) -> list[Month[K]]:
    """Of parts in the order of time those that do not overlap and say most."""
    rows: list[_Row[K]] = [_Row(0, 0, 0, ())]
    for part in parts:
        fits = [row for row in rows if not row.parts or _are_apart(row.parts[-1], part)]
        best: _Row[K] = max(fits, key=_said)
        rows.append(
            _Row(
                best.span + part.last_at - part.first_at,
                best.plays + part.plays,
                best.ms + part.ms,
                tuple(chain(best.parts, [part])),
            )
        )
    # Without a part there is nothing to count, even where no part says anything.
    return list(max(rows[1:] or rows, key=_said).parts)


class _Row(NamedTuple, Generic[K]):
    """Some parts, one after the other, and how much they say together."""

    span: int
    plays: int
    ms: int
    parts: tuple[Month[K], ...]


def _said(row: _Row[K]) -> tuple[int, int, int]:
    return row.span, row.plays, row.ms


def _are_apart(one: Month[K], other: Month[K]) -> bool:
    """Whether they share no more than the moment where one ends and one begins."""
    early, late = sorted((one, other), key=lambda part: (part.first_at, part.last_at))
    return early.last_at <= late.first_at or bool(shared_plays(early, late))


def _joined(parts: Sequence[Month[K]]) -> Month[K]:
    """Add up the parts that count; what two of them share counts once."""
    whole = Month(0, 0, {}, is_exact=False, parts=tuple(parts))
    counted = counted_parts(whole)
    sums: dict[K, Listened] = {}
    for part in counted:
        for artist, (plays, ms) in part.artists.items():
            earlier = sums.get(artist, Listened(0, 0))
            sums[artist] = Listened(earlier.plays + plays, earlier.ms + ms)
    for early, late in pairwise(counted):
        for artist, (plays, ms) in shared_plays(early, late).items():
            twice = sums[artist]
            sums[artist] = Listened(twice.plays - plays, twice.ms - ms)
    return Month(
        counted[0].first_at,
        max(part.last_at for part in counted),
        sums,
        any(part.is_exact for part in counted),
        counted[0].firsts,
        counted[-1].lasts,
        tuple(parts),
    )
