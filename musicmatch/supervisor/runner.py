"""What every run on one machine shares: signals, one tick at a time, an orderly end."""

import os
import signal
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import FrameType

from musicmatch.supervisor.children import Child, Program
from musicmatch.supervisor.errors import SupervisorError
from musicmatch.supervisor.folder import claim
from musicmatch.supervisor.group import Group

TICK_SECONDS = 0.2
STOP_SECONDS = 5.0


class Stopped(Exception):
    """Somebody asked the site to stop: not an error."""


class Runner:
    """Starts processes, keeps them running, and stops them in order.

    Whoever inherits says which: ``start``, ``stop`` and the ``address`` to tell.
    """

    def __init__(self, data_dir: Path, group: Group, *, follow_parent: bool) -> None:
        self.data_dir = data_dir
        self.group = group
        self._parent = os.getppid() if follow_parent else None
        self._stop_asked = False

    @property
    def address(self) -> str:
        raise NotImplementedError

    def start(self) -> None:
        raise NotImplementedError

    def stop(self) -> None:
        raise NotImplementedError

    def run(self) -> int:
        """Run until told to stop; return the exit status of the whole site."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._ask_to_stop)
        try:
            with claim(self.data_dir):
                return self._run_and_stop()
        except SupervisorError as error:
            say(str(error))
            return 1

    def run_once(self, program: Program) -> None:
        """Run a program to its end.

        Raises:
            SupervisorError: it did not end well.
        """
        child = Child(program)
        child.start()
        try:
            while child.status() is None:
                self.tick()
        finally:
            status = child.status()
            child.ask_to_stop()
            child.wait(STOP_SECONDS)
        if status != 0:
            raise SupervisorError(f"{program.name} did not finish (status {status}).")

    def wait(self, done: Callable[[], bool], seconds: float, excuse: str) -> None:
        """Tick until it is done.

        Raises:
            SupervisorError: it took longer; the excuse is for the terminal.
        """
        deadline = time.monotonic() + seconds
        while not done():
            if time.monotonic() > deadline:
                raise SupervisorError(excuse)
            self.tick()

    def tick(self) -> None:
        self.group.watch()
        self._raise_if_stopped()
        time.sleep(TICK_SECONDS)
        self._raise_if_stopped()

    def _run_and_stop(self) -> int:
        try:
            self.start()
            say(f"Musicmatch is at {self.address}; Ctrl-C stops it.")
            while True:
                self.tick()
        except Stopped:
            say("Stopping.")
            return 0
        finally:
            self.stop()

    def _raise_if_stopped(self) -> None:
        orphaned = self._parent is not None and os.getppid() != self._parent
        if self._stop_asked or orphaned:
            raise Stopped

    def _ask_to_stop(self, number: int, frame: FrameType | None) -> None:
        self._stop_asked = True


def say(line: str) -> None:
    """Write one line; a terminal that has gone away is no reason to stop."""
    with suppress(OSError):
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()
