"""Switchable trouble: which calls go wrong, how, and how many times."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, get_args

from musicmatch.standins.spotify.wire import (
    Answer,
    api_error,
    html_answer,
    oauth_error,
    text_answer,
)

FaultKind = Literal[
    "status",
    "quota",
    "forbidden_json",
    "forbidden_plain",
    "oauth",
    "slow",
    "cut",
    "garbage",
    "null_names",
    "missing_keys",
    "wrong_types",
    "empty",
    "null_cursors",
]
KINDS: tuple[str, ...] = get_args(FaultKind)
SHAPE_KINDS = ("null_names", "missing_keys", "wrong_types", "empty", "null_cursors")

_NUMBERS = ("status", "retry_after", "seconds", "times", "skip")
_MESSAGES = {
    403: "Forbidden",
    404: "Resource not found",
    429: "API rate limit exceeded",
    500: "Server error",
    502: "Bad gateway",
    503: "Service unavailable",
}
_NOT_REGISTERED = "User not registered in the Developer Dashboard"
_GARBAGE = "<!doctype html><title>Oh</title><p>This is not what you asked for."


@dataclass(frozen=True, slots=True)
class Fault:
    """One kind of trouble for every path that begins with ``path``.

    ``times`` is how many calls it hits (None: until cleared) after letting ``skip``
    of them pass. ``retry_after`` is in seconds, None leaves the header out;
    ``seconds`` is the delay of ``slow``; ``error`` and ``description`` are those of
    ``oauth``. ``exact`` asks for the whole path instead of its beginning.
    """

    path: str
    kind: FaultKind = "status"
    status: int = 500
    retry_after: int | None = None
    seconds: float = 0.0
    error: str = "invalid_grant"
    description: str = "Refresh token revoked"
    times: int | None = None
    skip: int = 0
    exact: bool = False

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            message = f"{self.kind!r} is no fault; choose from {', '.join(KINDS)}"
            raise ValueError(message)
        for name in _NUMBERS:
            value = getattr(self, name)
            if value is not None and (not isinstance(value, int | float) or value < 0):
                message = f"{name} cannot be {value!r}"
                raise ValueError(message)

    def matches(self, path: str) -> bool:
        return path == self.path if self.exact else path.startswith(self.path)


def fault_from(path: str, options: Mapping[str, Any]) -> Fault:
    """Build a fault from loose options; raises ``TypeError`` or ``ValueError``."""
    return Fault(path=path, **options)


class FaultBook:
    """The faults switched on now; safe to use from several threads."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []
        self._lock = threading.Lock()

    def add(self, fault: Fault) -> None:
        with self._lock:
            self._faults.append(fault)

    def clear(self, path: str | None = None) -> None:
        """Forget every fault, or those of one path."""
        with self._lock:
            self._faults = [
                fault for fault in self._faults if path not in (None, fault.path)
            ]

    def take(self, path: str) -> Fault | None:
        """The oldest fault that hits this call, counted down."""
        with self._lock:
            for place, fault in enumerate(self._faults):
                if not fault.matches(path):
                    continue
                if fault.skip == 0:
                    return self._use(place, fault)
                self._faults[place] = replace(fault, skip=fault.skip - 1)
        return None

    def _use(self, place: int, fault: Fault) -> Fault:
        if fault.times is not None:
            self._faults[place] = replace(fault, times=fault.times - 1)
            if fault.times <= 1:
                del self._faults[place]
        return fault


def answer_of(fault: Fault) -> Answer | None:
    """The answer that replaces the real one, or None when the fault only bends it."""
    match fault.kind:
        case "status":
            return _status_answer(fault)
        case "quota":
            return api_error(
                429,
                "Too many requests",
                reason="QUOTA_EXCEEDED",
                headers=_retry_header(fault),
            )
        case "forbidden_json":
            return api_error(403, _NOT_REGISTERED)
        case "forbidden_plain":
            return text_answer(_NOT_REGISTERED, status=403)
        case "oauth":
            return oauth_error(fault.error, fault.description)
        case "garbage":
            return html_answer(_GARBAGE)
        case _:
            return None


def _status_answer(fault: Fault) -> Answer:
    message = _MESSAGES.get(fault.status, "Something went wrong")
    return api_error(fault.status, message, headers=_retry_header(fault))


def _retry_header(fault: Fault) -> dict[str, str]:
    if fault.retry_after is None:
        return {}
    return {"Retry-After": str(fault.retry_after)}
