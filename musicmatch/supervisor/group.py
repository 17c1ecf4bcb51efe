"""A group of children: kept running, and stopped in order."""

import time
from collections.abc import Callable

from musicmatch.supervisor.children import Child, Program
from musicmatch.supervisor.errors import SupervisorError
from musicmatch.supervisor.logs import LogReader, last_lines
from musicmatch.supervisor.restarts import Restarts

Say = Callable[[str], None]
_LAST_WORDS = 5


class Group:
    """Children that start again when they die, up to a limit or for ever."""

    def __init__(
        self,
        say: Say,
        clock: Callable[[], float] = time.monotonic,
        *,
        gives_up: bool = True,
    ) -> None:
        self._say = say
        self._clock = clock
        self._gives_up = gives_up
        self._children: dict[str, Child] = {}
        self._readers: dict[str, LogReader] = {}

    def start(self, program: Program) -> Child:
        child = Child(program, Restarts(gives_up=self._gives_up))
        self._children[program.name] = child
        if program.log is not None and program.shows_warnings:
            self._readers[program.name] = LogReader(program.log)
        child.start()
        return child

    def watch(self) -> None:
        """Show new warnings, and restart what has died. Call it several times a second.

        Raises:
            SupervisorError: a child died five times within a minute.
        """
        for child in self._children.values():
            self._show(child)
            if child.starts_at is None and child.status() is not None:
                self._bury(child)
            elif child.starts_at is not None and child.starts_at <= self._clock():
                child.start()
                self._say(f"[{child.name}] runs again (process {child.pid}).")

    def stop(self, *names: str, seconds: float) -> None:
        """Stop these children together; what still runs after the time is killed."""
        children = [self._children.pop(name) for name in names if name in self]
        deadline = self._clock() + seconds
        for child in children:
            child.ask_to_stop()
        for child in children:
            child.wait(deadline - self._clock())
            self._show(child)

    def __contains__(self, name: str) -> bool:
        return name in self._children

    def _bury(self, child: Child) -> None:
        status = child.status()
        child.clear_session()
        now = self._clock()
        delay = child.restarts.delay_after_death(now)
        if delay is None:
            raise SupervisorError(self._last_words(child))
        child.starts_at = now + delay
        self._say(f"[{child.name}] stopped (status {status}); it starts again soon.")

    def _last_words(self, child: Child) -> str:
        log = child.program.log
        lines = [f"[{child.name}] stopped five times within a minute."]
        if log is not None:
            lines += [f"    {line}" for line in last_lines(log, _LAST_WORDS)]
            lines.append(f"Its log is {log}.")
        return "\n".join(lines)

    def _show(self, child: Child) -> None:
        reader = self._readers.get(child.name)
        if reader is None:
            return
        for line in reader.new_warnings():
            self._say(f"[{child.name}] {line}")
