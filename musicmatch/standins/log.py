"""What a stand-in was asked, kept for tests and for a developer to look at."""

import threading
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

_HIDDEN = "hidden"
_LENGTH = 10_000


@dataclass(frozen=True, slots=True)
class Call:
    """One line of the log; ``query`` has its secrets taken out."""

    method: str
    path: str
    query: dict[str, str]
    status: int
    at: datetime


class CallLog:
    """The latest calls, oldest first; safe to use from several threads."""

    def __init__(self, secrets: tuple[str, ...]) -> None:
        self._secrets = secrets
        self._calls: deque[Call] = deque(maxlen=_LENGTH)
        self._lock = threading.Lock()

    def add(
        self,
        *,
        method: str,
        path: str,
        query: Mapping[str, str],
        status: int,
        now: float,
    ) -> None:
        shown = {key: _HIDDEN if key in self._secrets else query[key] for key in query}
        call = Call(method, path, shown, status, datetime.fromtimestamp(now, UTC))
        with self._lock:
            self._calls.append(call)

    def all(self) -> tuple[Call, ...]:
        with self._lock:
            return tuple(self._calls)

    def clear(self) -> None:
        with self._lock:
            self._calls.clear()
