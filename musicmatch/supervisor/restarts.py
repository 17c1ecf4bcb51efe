"""How soon a child that died starts again, and when to stop trying."""

from collections import deque

WINDOW_SECONDS = 60.0
MOST_DEATHS = 5
FIRST_DELAY_SECONDS = 0.5
LONGEST_DELAY_SECONDS = 10.0


class Restarts:
    """Counts the deaths of one child; times are seconds of any steady clock.

    One that never gives up tries for ever, as a container engine does.
    """

    def __init__(self, *, gives_up: bool = True) -> None:
        self._deaths: deque[float] = deque()
        self._gives_up = gives_up

    def delay_after_death(self, now: float) -> float | None:
        """Record a death and return the seconds to wait, or None to give up.

        The wait doubles with every death within the last minute: 0.5 s, 1 s,
        2 s, 4 s, at most 10 s. The fifth death within a minute is the last of one
        that gives up.
        """
        self._deaths.append(now)
        while self._deaths[0] <= now - WINDOW_SECONDS:
            self._deaths.popleft()
        if self._gives_up and len(self._deaths) >= MOST_DEATHS:
            return None
        delay = float(FIRST_DELAY_SECONDS * 2 ** (len(self._deaths) - 1))
        return min(delay, LONGEST_DELAY_SECONDS)
