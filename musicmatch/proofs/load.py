"""Many people at once: so many threads act, until told to stop."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Self

from django.utils import timezone

from musicmatch.integrity.journal import JournalWriter
from musicmatch.proofs.acting import Actor, Sources
from musicmatch.proofs.figures import Tally
from musicmatch.proofs.population import Cast
from musicmatch.proofs.visitor import NoAnswer, Visitor
from musicmatch.standins.exports import Plan, write_exports
from musicmatch.standins.listenbrainz.accounts import all_accounts

_NAMES = ("marisol_q", "harrowgate")
_EXPORT_YEARS, _EXPORT_PLAYS = 3, 12_000
_LONGEST_PAUSE = 20.0


def sources_of_all() -> Sources:
    """What the stand-ins know, and one export that everyone uploads."""
    accounts = all_accounts()
    with TemporaryDirectory() as folder:
        plan = Plan(
            years=_EXPORT_YEARS, plays=_EXPORT_PLAYS, until=timezone.now(), seed=5
        )
        [written] = write_exports(Path(folder), plan, account=False)
        export = written.path.read_bytes()
    return Sources([(name, accounts[name].token) for name in _NAMES], export)


@dataclass(frozen=True, slots=True)
class Pressure:
    """How many act at once, and for how many seconds each rests between two acts."""

    users: int
    pause: float = 0.0


class Load:
    """Runs from entering to leaving; what came of it is in ``tally``."""

    def __init__(
        self,
        site: str,
        cast: Cast,
        pressure: Pressure,
        *,
        journal: Path,
        sources: Sources | None = None,
    ) -> None:
        self.tally = Tally()
        self.elapsed = 0.0
        self._stop = threading.Event()
        self._site = site
        self.journal = JournalWriter(journal, last_message=cast.last_message)
        self._pressure = pressure
        self._actors = [
            Actor(
                site,
                cast,
                cast.members[number :: pressure.users],
                tally=self.tally,
                journal=self.journal,
                sources=sources or Sources(),
                seed=number,
            )
            for number in range(pressure.users)
        ]
        self._threads = [
            threading.Thread(target=self._act, args=(actor, number), daemon=True)
            for number, actor in enumerate(self._actors)
        ]

    def __enter__(self) -> Self:
        self._began = time.perf_counter()
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()
        self.elapsed = time.perf_counter() - self._began
        for actor in self._actors:
            actor.close()
        self.journal.close()

    def send_half_to(self, site: str) -> None:
        """Let every second one come by another door of the same site."""
        for actor in self._actors[::2]:
            actor.go_to(site)

    def send_all_back(self) -> None:
        for actor in self._actors:
            actor.go_to(self._site)

    def _act(self, actor: Actor, number: int) -> None:
        draw = Random(number)  # noqa: S311 - no secret
        while not self._stop.is_set():
            actor.act()
            if self._pressure.pause:
                pause = draw.expovariate(1 / self._pressure.pause)
                self._stop.wait(min(pause, _LONGEST_PAUSE))


def bare_rate(site: str, cast: Cast, *, users: int, seconds: float) -> Tally:
    """Ask for nothing but the bare page, as many at once as the load has."""
    tally = Tally()
    stop = threading.Event()

    def ask(visitor: Visitor) -> None:
        while not stop.is_set():
            try:
                answer = visitor.get("/bare/")
            except NoAnswer as error:
                tally.fail("bare", f"no answer ({error})")
                continue
            if answer.status == 200:
                tally.answered("bare", answer.seconds)
            else:
                tally.fail("bare", str(answer.status))
        visitor.hang_up()

    visitors = [Visitor(site, cast, member) for member in cast.members[:users]]
    _for_a_while([partial(ask, visitor) for visitor in visitors], stop, seconds)
    return tally


def _for_a_while(
    tasks: list[Callable[[], None]], stop: threading.Event, seconds: float
) -> None:
    threads = [threading.Thread(target=task, daemon=True) for task in tasks]
    for thread in threads:
        thread.start()
    time.sleep(seconds)
    stop.set()
    for thread in threads:
        thread.join()
