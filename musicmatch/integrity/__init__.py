"""Whether everything stored agrees with everything else, and with what was sent.

Constraints hold what one row or one index can say. What several tables say together
is compared here: each check is a query or a few, reads only, and names each difference
in a sentence without anybody's words in it.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from itertools import islice
from time import perf_counter

from musicmatch.integrity import (
    connections,
    database,
    imports,
    index,
    listening,
    mails,
    moderation,
    tastes,
    threads,
)

__all__ = ["Check", "checks", "compared"]

_Differences = Callable[[datetime], Iterator[str]]
_MOST_NAMED = 20
_CHECKS: tuple[tuple[str, _Differences], ...] = (
    ("constraints and sequences of the database", database.differences),
    ("sides, unread counts and last messages of threads", threads.differences),
    ("connections, their threads and blocks", connections.differences),
    ("import runs, and the files they wait for", imports.differences),
    ("ranked lists, listens and their sources", listening.differences),
    ("tastes against the rows they are made of", tastes.differences),
    ("mails", mails.differences),
    ("the log of moderators, notices and measures", moderation.differences),
    ("the index against the database", index.differences),
)


@dataclass(frozen=True, slots=True)
class Check:
    """What was compared, how long it took, and what differs; ``more`` are not named."""

    what: str
    seconds: float
    differences: list[str] = field(default_factory=list)
    more: int = 0


def checks(*, now: datetime, tastes_of: int | None = None) -> Iterator[Check]:
    """Compare one thing after the other; tastes of so many people, None for all."""
    for what, differences in _CHECKS:
        if differences is tastes.differences:
            differences = partial(tastes.differences, sample=tastes_of)
        yield compared(what, partial(differences, now))


def compared(what: str, differences: Callable[[], Iterator[str]]) -> Check:
    """Run one comparison to its end, and keep the first sentences it has."""
    start = perf_counter()
    found = differences()
    named = list(islice(found, _MOST_NAMED))
    more = sum(1 for _ in found)
    return Check(what, perf_counter() - start, named, more)
