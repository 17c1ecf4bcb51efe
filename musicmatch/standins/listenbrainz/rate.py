"""A limit on calls in a fixed window, and the headers that tell of it."""

import math
import threading
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Standing:
    """Where one call stands: whether it may pass, and what its answer says."""

    is_allowed: bool
    headers: dict[str, str]


class RateWindow:
    """Counts calls; times are Unix seconds. Safe to use from several threads."""

    def __init__(self) -> None:
        self._began = -math.inf
        self._used = 0
        self._lock = threading.Lock()

    def enter(self, *, now: float, limit: int, seconds: float) -> Standing:
        """Count one call, unless the window is full already."""
        with self._lock:
            if not self._began <= now < self._began + seconds:
                self._began, self._used = now, 0
            is_allowed = self._used < limit
            self._used += is_allowed
            end = self._began + seconds
            return Standing(
                is_allowed,
                {
                    "X-RateLimit-Limit": str(limit),
                    "X-RateLimit-Remaining": str(max(0, limit - self._used)),
                    "X-RateLimit-Reset-In": str(math.ceil(end - now)),
                    "X-RateLimit-Reset": str(math.ceil(end)),
                },
            )
