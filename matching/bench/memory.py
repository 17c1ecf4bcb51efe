"""How much memory two processes that read the same index take together."""

import multiprocessing
from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from pathlib import Path
from typing import Self

from matching import engine
from matching.bench.boards import board

_ROLLUP = "/proc/{}/smaps_rollup"
_WORKERS = 2
_PATIENCE = 120.0


class WorkerSilent(Exception):
    """A process that was to read the index did not answer."""


@dataclass(frozen=True, slots=True)
class Memory:
    """Proportional set sizes of some processes together, in bytes.

    A page that two processes share counts half in each; own is what no file holds.
    """

    total: int
    own: int

    def __add__(self, other: Self) -> Self:
        return type(self)(self.total + other.total, self.own + other.own)

    def __sub__(self, other: Self) -> Self:
        return type(self)(self.total - other.total, self.own - other.own)


@dataclass(frozen=True, slots=True)
class Weighed:
    """Two workers just before they mapped the index, and after their boards."""

    before: Memory
    after: Memory

    def ratio(self, files: int) -> float:
        """What they gained, as a multiple of the files' bytes.

        Pages of the files that no board has read yet count too: sooner or later some
        board reads them. What else a process gave back meanwhile counts for nothing.
        """
        gained = self.after - self.before
        return max(gained.total, files + max(0, gained.own)) / files


def can_measure() -> bool:
    """Only Linux says what share of its memory a process has to itself."""
    return Path(_ROLLUP.format("self")).exists()


def two_workers(folder: Path, people: Sequence[int]) -> Weighed:
    """Let two processes map the index and make a board for each of these people.

    Nobody else may have the index mapped meanwhile. Raises :class:`WorkerSilent`.
    """
    # Spawned, as a forked one would share what this process holds.
    context = multiprocessing.get_context("spawn")
    pipes = [context.Pipe() for _ in range(_WORKERS)]
    workers = [
        context.Process(target=_serve, args=(inner, folder, people), daemon=True)
        for _, inner in pipes
    ]
    for worker in workers:
        worker.start()
    try:
        answers = [outer for outer, _ in pipes]
        _wait(answers)
        before = _together(workers)
        for outer in answers:
            outer.send(None)
        _wait(answers)
        after = _together(workers)
        for outer in answers:
            outer.send(None)
    finally:
        for worker in workers:
            worker.join(5.0)
            worker.kill()
    return Weighed(before, after)


def _serve(pipe: Connection, folder: Path, people: Sequence[int]) -> None:
    """Say when all is imported, then when the boards are made; stay until told."""
    pipe.send(None)
    pipe.recv()
    view = engine.Index.load(folder).view()
    for person_id in people:
        board(view, person_id)
    pipe.send(None)
    pipe.recv()


def _wait(pipes: Sequence[Connection]) -> None:
    for pipe in pipes:
        if not pipe.poll(_PATIENCE):
            raise WorkerSilent
        pipe.recv()


def _together(workers: Sequence[SpawnProcess]) -> Memory:
    total = Memory(0, 0)
    for worker in workers:
        total += _memory(worker.pid)
    return total


def _memory(pid: int | None) -> Memory:
    text = Path(_ROLLUP.format(pid)).read_text("ascii")
    kilobytes = {
        name: int(value.split()[0])
        for name, found, value in (line.partition(":") for line in text.splitlines())
        if found and name.startswith("Pss")
    }
    return Memory(1024 * kilobytes["Pss"], 1024 * kilobytes["Pss_Anon"])
