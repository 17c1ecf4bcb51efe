"""One worker's turn at asking: call after call, each service at its own pace."""

import logging
import uuid
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Generic, Protocol, TypeVar

from django.core.cache import cache
from django.db import IntegrityError, OperationalError

from accounts import gate
from ingest.services.lookups import switches
from ingest.services.turns import Clock
from ingest.sources.base import (
    AuthorizationRevoked,
    NotAllowed,
    RateLimited,
    SourceUnavailable,
)

logger = logging.getLogger(__name__)

Sleep = Callable[[float], None]
# A turn that dies holds the others up for as long; longer than any turn takes.
_ALONE_SECONDS = 120
# What can be asked in this time is picked at once, so that news is seen soon.
_PICKED_MS = 5000
_MOST_CALLS_PICKED = 20
# A call made a moment too early would find the gate still closed.
_MARGIN_SECONDS = 0.005


@contextmanager
def alone(name: str) -> Iterator[bool]:
    """Whether no other worker is at it; nobody else begins before this one ends."""
    key, mine = f"lookups:{name}", uuid.uuid4().hex
    is_alone = cache.add(key, mine, _ALONE_SECONDS)
    try:
        yield is_alone
    finally:
        if is_alone and cache.get(key) == mine:
            cache.delete(key)


class _Item(Protocol):
    @property
    def has_failed(self) -> bool: ...


Item = TypeVar("Item", bound=_Item)
Answer = TypeVar("Answer")


class Ask(ABC, Generic[Item, Answer]):
    """One kind of question to one service.

    ``key`` is what it is remembered by, ``service`` whose gate it goes through,
    ``page`` how many things one call may ask about.
    """

    key: str
    service: str
    page: int = 1

    def __init__(self) -> None:
        self.queue: deque[Item] = deque()

    @property
    def pause(self) -> int:
        """How many seconds the service wants to be left alone after its answer."""
        return 0

    @abstractmethod
    def pick(
        self, *, ahead: Sequence["Ask[Any, Any]"], now: datetime, limit: int
    ) -> list[Item]:
        """Return what to ask about; ``ahead`` are the questions that go first."""

    @abstractmethod
    def fetch(self, items: Sequence[Item]) -> Answer:
        """Make one call; raises source errors."""

    @abstractmethod
    def keep(self, items: Sequence[Item], answer: Answer, *, now: datetime) -> None:
        """Write an answer, and that it was given, at once."""

    @abstractmethod
    def keep_failure(self, items: Sequence[Item], *, now: datetime) -> None:
        """Remember that there was no answer."""

    def refill(self, *, ahead: Sequence["Ask[Any, Any]"], now: datetime) -> None:
        calls = _PICKED_MS // max(switches.gap_ms(self.service), 1)
        limit = self.page * min(max(calls, 1), _MOST_CALLS_PICKED)
        self.queue.extend(self.pick(ahead=ahead, now=now, limit=limit))

    def take(self) -> list[Item]:
        """Take one call's items off the queue. What failed before is asked alone."""
        items = [self.queue.popleft()]
        while len(items) < self.page and self.queue:
            if items[0].has_failed or self.queue[0].has_failed:
                break
            items.append(self.queue.popleft())
        return items


AnyAsk = Ask[Any, Any]


class Turn:
    """Asks in the order of preference, until the time is up or nothing is due.

    A service that refuses, fails or wants to rest is left alone until the next turn.
    """

    def __init__(
        self, asks: Sequence[AnyAsk], *, clock: Clock, sleep: Sleep, until: datetime
    ) -> None:
        self.asks = [a for a in asks if not switches.has_refused(a.service)]
        # Whose turn it is: the one just asked goes to the end.
        self.waiting = list(self.asks)
        self.clock = clock
        self.sleep = sleep
        self.until = until

    def take(self) -> None:
        while self.clock() < self.until and self._refill():
            while self.clock() < self.until and self._step():
                pass

    def _refill(self) -> bool:
        """Pick what is due; whether there is anything."""
        for place, ask in enumerate(self.asks):
            ask.refill(ahead=self.asks[:place], now=self.clock())
        return any(ask.queue for ask in self.asks)

    def _step(self) -> bool:
        """Make the next call, or wait for it; whether there was one to make."""
        gaps: list[datetime] = []
        for ask in [ask for ask in self.waiting if ask.queue]:
            try:
                gate.enter(
                    ask.service,
                    now=self.clock(),
                    gap_ms=switches.gap_ms(ask.service),
                )
            except gate.GateClosed as closed:
                if closed.reason is None:
                    gaps.append(closed.retry_at)
                else:
                    self._leave(ask.service)
                continue
            self.waiting.remove(ask)
            self.waiting.append(ask)
            self._call(ask)
            return True
        if gaps:
            wait = (min(gaps) - self.clock()).total_seconds()
            self.sleep(max(0.0, wait) + _MARGIN_SECONDS)
        return bool(gaps)

    def _call(self, ask: AnyAsk) -> None:
        items = ask.take()
        try:
            answer = ask.fetch(items)
        except RateLimited as error:
            self._rest(ask.service, error.retry_after, is_quota=error.is_quota)
        except SourceUnavailable as error:
            logger.info("%s gave no answer: %s.", ask.key, error)
            ask.keep_failure(items, now=self.clock())
            self._leave(ask.service)
        except (AuthorizationRevoked, NotAllowed) as error:
            logger.error("%s refuses this site’s lookups: %s.", ask.service, error)
            switches.refused(ask.service)
            self._leave(ask.service)
        else:
            self._keep(ask, items, answer)
            if ask.pause:
                self._rest(ask.service, ask.pause)

    def _keep(self, ask: AnyAsk, items: Sequence[Any], answer: Any) -> None:
        try:
            ask.keep(items, answer, now=self.clock())
        except (IntegrityError, OperationalError):
            # An import wrote the same at the same moment, or deleted a row.
            logger.warning("An answer could not be written.", exc_info=True)
            self._leave(ask.service)

    def _rest(
        self, service: str, retry_after: int | None, *, is_quota: bool = False
    ) -> None:
        gate.close(
            service, now=self.clock(), retry_after=retry_after, is_quota=is_quota
        )
        self._leave(service)

    def _leave(self, service: str) -> None:
        self.asks = [ask for ask in self.asks if ask.service != service]
        self.waiting = [ask for ask in self.waiting if ask.service != service]
