"""Switchable trouble: which calls go wrong, how, and how many times."""

import threading
from dataclasses import dataclass, replace
from typing import ClassVar, Generic, TypeVar

SHAPE_KINDS = ("null_names", "missing_keys", "wrong_types", "empty")
COMMON_KINDS = ("status", "slow", "cut", "garbage", *SHAPE_KINDS)
GARBAGE = "<!doctype html><title>Oh</title><p>This is not what you asked for."

_NUMBERS = ("status", "retry_after", "seconds", "times", "skip")


@dataclass(frozen=True, slots=True)
class Fault:
    """One kind of trouble for every call whose path begins with ``path``.

    ``times`` is how many calls it hits (None: until cleared) after letting ``skip``
    of them pass. ``retry_after`` is in seconds, None leaves the header out;
    ``seconds`` is the delay of ``slow``. ``exact`` asks for the whole path instead
    of its beginning. Each service may know more kinds, and options for them.
    """

    path: str
    kind: str = "status"
    status: int = 500
    retry_after: int | None = None
    seconds: float = 0.0
    times: int | None = None
    skip: int = 0
    exact: bool = False

    kinds: ClassVar[tuple[str, ...]] = COMMON_KINDS

    def __post_init__(self) -> None:
        if self.kind not in self.kinds:
            message = f"{self.kind!r} is no fault; choose from {', '.join(self.kinds)}"
            raise ValueError(message)
        for name in _NUMBERS:
            value = getattr(self, name)
            if value is not None and (not isinstance(value, int | float) or value < 0):
                message = f"{name} cannot be {value!r}"
                raise ValueError(message)

    def matches(self, path: str) -> bool:
        return path == self.path if self.exact else path.startswith(self.path)

    @property
    def retry_header(self) -> dict[str, str]:
        if self.retry_after is None:
            return {}
        return {"Retry-After": str(self.retry_after)}


F = TypeVar("F", bound=Fault)


class FaultBook(Generic[F]):
    """The faults switched on now; safe to use from several threads."""

    def __init__(self) -> None:
        self._faults: list[F] = []
        self._lock = threading.Lock()

    def add(self, fault: F) -> None:
        with self._lock:
            self._faults.append(fault)

    def clear(self, path: str | None = None) -> None:
        """Forget every fault, or those of one path."""
        with self._lock:
            self._faults = [
                fault for fault in self._faults if path not in (None, fault.path)
            ]

    def take(self, path: str) -> F | None:
        """The oldest fault that hits this call, counted down."""
        with self._lock:
            for place, fault in enumerate(self._faults):
                if not fault.matches(path):
                    continue
                if fault.skip == 0:
                    return self._use(place, fault)
                self._faults[place] = replace(fault, skip=fault.skip - 1)
        return None

    def _use(self, place: int, fault: F) -> F:
        if fault.times is not None:
            self._faults[place] = replace(fault, times=fault.times - 1)
            if fault.times <= 1:
                del self._faults[place]
        return fault
