"""What every pretend service has: faults, a clock, a log, switches and controls."""

import time
from abc import abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, ClassVar, Generic

from musicmatch.standins import control
from musicmatch.standins.damage import Spoiling
from musicmatch.standins.faults import GARBAGE, SHAPE_KINDS, F, FaultBook
from musicmatch.standins.log import Call, CallLog
from musicmatch.standins.server import LoopbackServer
from musicmatch.standins.wire import Answer, Refused, Request, html_answer

Check = Callable[[Any], bool]


class Standin(LoopbackServer, Generic[F]):
    """A pretend service on a loopback port of its own.

    ``latency`` (seconds added to each API call), ``clock`` (Unix seconds) and the
    switches named by the service may be set at any time.
    """

    name: ClassVar[str]
    # The beginnings of the paths that belong to the service.
    roots: ClassVar[tuple[str, ...]]
    spoiling: ClassVar[Spoiling]
    # Names of query values that the log must not show.
    secrets: ClassVar[tuple[str, ...]] = ()
    # What ``behave`` may set, and which values make sense.
    switches: ClassVar[Mapping[str, Check]] = {}
    fault_type: type[F]

    def __init__(
        self, *, latency: float = 0.0, clock: Callable[[], float] = time.time
    ) -> None:
        super().__init__()
        self._latency_at_start = latency
        self._log = CallLog(self.secrets)
        self.clock = clock
        self.started_at = clock()
        self.faults: FaultBook[F] = FaultBook()
        self.set_defaults()

    @abstractmethod
    def respond(self, request: Request) -> Answer:
        """Answer a call as the service would; may raise ``Refused``."""

    @abstractmethod
    def error_answer(self, status: int, headers: Mapping[str, str]) -> Answer:
        """The service's own way to say that something went wrong."""

    def set_defaults(self) -> None:
        """Put every switch where it is at the start."""
        self.latency: float = self._latency_at_start

    def subject(self, request: Request) -> str:
        """The path by which faults and the log know the call."""
        return request.path

    def is_api_call(self, request: Request) -> bool:
        """Whether ``latency`` delays the call; pages for people come at once."""
        return True

    def failure(self, fault: F) -> Answer | None:
        """The answer that replaces the real one; None when it is only bent."""
        if fault.kind == "garbage":
            return html_answer(GARBAGE)
        if fault.kind != "status":
            return None
        return self.error_answer(fault.status, fault.retry_header)

    def misread(self, request: Request, fault: F) -> Request:
        """The request as the service takes it while the fault is on."""
        return request

    def bent(self, answer: Answer, fault: F) -> Answer:
        """The answer as the fault lets it through."""
        if fault.kind == "slow":
            self.stopping.wait(fault.seconds)
        if fault.kind == "cut":
            return replace(answer, cut=True)
        if fault.kind in SHAPE_KINDS:
            return self.spoiling.damaged(answer, fault.kind)
        return answer

    def controls(self) -> Mapping[str, control.Control]:
        """The service's own controls by name, beside those that all have."""
        return {}

    def answer(self, request: Request) -> Answer:
        """Answer one request, with whatever fault is switched on for it."""
        if request.path.startswith("/_standin"):
            return control.answer(self, request)
        if self.latency and self.is_api_call(request):
            self.stopping.wait(self.latency)
        subject = self.subject(request)
        answer = self.answer_call(request, subject)
        self._log.add(
            method=request.method,
            path=subject,
            query=request.query,
            status=answer.status,
            now=self.now,
        )
        return answer

    def answer_call(self, request: Request, subject: str) -> Answer:
        """Answer a call to the service, with the fault that hits it."""
        fault = self.faults.take(subject)
        if fault is None:
            return self._responded(request)
        answer = self.failure(fault)
        if answer is None:
            answer = self._responded(self.misread(request, fault))
        return self.bent(answer, fault)

    def _responded(self, request: Request) -> Answer:
        try:
            return self.respond(request)
        except Refused as refusal:
            return refusal.answer

    @property
    def now(self) -> float:
        return self.clock()

    @property
    def log(self) -> tuple[Call, ...]:
        """Every call so far but those to the stand-in's own controls, oldest first."""
        return self._log.all()

    def calls(self, prefix: str) -> tuple[Call, ...]:
        """The logged calls whose path begins with ``prefix``."""
        return tuple(call for call in self.log if call.path.startswith(prefix))

    def fault(self, path: str, **options: Any) -> None:
        """Switch trouble on for paths that begin with ``path``; see ``Fault``.

        ``fault("/v1/me/top", status=429, retry_after=2)`` or
        ``fault("/v1/me", kind="cut", times=1)``. Raises ``TypeError`` or
        ``ValueError`` for an option that does not exist.
        """
        self.faults.add(self.fault_type(path=path, **options))

    def clear_faults(self, path: str | None = None) -> None:
        self.faults.clear(path)

    def behave(self, **changes: Any) -> None:
        """Set several switches at once; nothing changes if one is refused.

        Raises ``ValueError`` naming the switch or the value that is not known.
        """
        checks = {"latency": is_duration, **self.switches}
        for name, value in changes.items():
            if name not in checks or not checks[name](value):
                message = f"{name} cannot be {value!r}"
                raise ValueError(message)
        for name, value in changes.items():
            setattr(self, name, value)

    def reset(self) -> None:
        """Back to the start: no faults, every switch as it was, an empty log."""
        self.faults.clear()
        self.set_defaults()
        self._log.clear()


def is_duration(value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return 0 <= value < 1e9


def is_count(value: object) -> bool:
    return isinstance(value, int) and is_duration(value)


def is_flag(value: object) -> bool:
    return isinstance(value, bool)
