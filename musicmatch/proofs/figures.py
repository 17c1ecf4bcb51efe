"""What a run showed: how many, how fast, and what people saw when it failed."""

import math
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

_POINTS = (50, 95, 99)


def percentile(values: Iterable[float], point: int) -> float:
    """The smallest value that so many percent do not exceed; 0 of nothing."""
    ordered = sorted(values)
    if not ordered:
        return 0.0
    return ordered[max(0, math.ceil(len(ordered) * point / 100) - 1)]


@dataclass(frozen=True, slots=True)
class Failure:
    """What a person saw instead of what they asked for."""

    action: str
    saw: str
    shows_code: bool = False


class Tally:
    """Counts what visitors meet; safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.seconds: dict[str, list[float]] = defaultdict(list)
        self.refused: Counter[str] = Counter()
        self.failures: Counter[Failure] = Counter()
        self.latest_failure: float | None = None

    def answered(self, action: str, seconds: float) -> None:
        with self._lock:
            self.seconds[action].append(seconds)

    def refuse(self, action: str) -> None:
        """The site said no, in words, to what it has a limit for."""
        with self._lock:
            self.refused[action] += 1

    def fail(self, action: str, saw: str, *, shows_code: bool = False) -> None:
        with self._lock:
            self.latest_failure = time.monotonic()
            self.failures[Failure(action, saw, shows_code)] += 1

    @property
    def answers(self) -> int:
        with self._lock:
            return sum(map(len, self.seconds.values()))

    @property
    def errors(self) -> int:
        with self._lock:
            return self.failures.total()

    @property
    def code_shown(self) -> int:
        return sum(n for failure, n in self.failures.items() if failure.shows_code)

    def merged(self) -> list[float]:
        return [value for values in self.seconds.values() for value in values]

    def lines(self, elapsed: float) -> Iterable[str]:
        """The whole as a table, the most frequent action first."""
        yield _row("", "answers", "per s", *(f"p{p} ms" for p in _POINTS))
        rows = sorted(self.seconds.items(), key=lambda row: -len(row[1]))
        for action, values in [*rows, ("all", self.merged())]:
            points = (f"{1000 * percentile(values, p):.0f}" for p in _POINTS)
            yield _row(
                action, str(len(values)), f"{len(values) / elapsed:.1f}", *points
            )
        if self.refused:
            yield f"refused by a limit: {_listed(self.refused)}"
        yield f"errors: {self.errors}"
        for failure, times in self.failures.most_common():
            code = ", WITH CODE" if failure.shows_code else ""
            yield f"  {times} × {failure.action}: {failure.saw}{code}"


def _row(*cells: str) -> str:
    first, *rest = cells
    return f"{first:<14}" + "".join(f"{cell:>10}" for cell in rest)


def _listed(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count} × {name}" for name, count in counts.items())
