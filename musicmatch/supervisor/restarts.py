"""How soon a child that died starts again, and when to stop trying."""

from collections import deque

WINDOW_SECONDS = 60.0
MOST_DEATHS = 5
FIRST_DELAY_SECONDS = 0.5


class Restarts:
    """Counts the deaths of one child; times are seconds of any steady clock."""

    def __init__(self) -> None:
        self._deaths: deque[float] = deque()

    def delay_after_death(self, now: float) -> float | None:
        """Record a death and return the seconds to wait, or None to give up.

        The wait doubles with every death within the last minute: 0.5 s, 1 s,
        2 s, 4 s. The fifth death within a minute is the last.
        """
        self._deaths.append(now)
        while self._deaths[0] <= now - WINDOW_SECONDS:
            self._deaths.popleft()
        if len(self._deaths) >= MOST_DEATHS:
            return None
        return float(FIRST_DELAY_SECONDS * 2 ** (len(self._deaths) - 1))
