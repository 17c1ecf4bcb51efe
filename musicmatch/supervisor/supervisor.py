"""One run of the site, from the embedded queue to the last process that stops."""

import os
import signal
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from types import FrameType

from musicmatch.embedded import socket_path
from musicmatch.standins import addresses
from musicmatch.supervisor import programs, valkey
from musicmatch.supervisor.children import Child, Program
from musicmatch.supervisor.errors import SupervisorError
from musicmatch.supervisor.folder import claim
from musicmatch.supervisor.group import Group
from musicmatch.supervisor.plan import Plan, unfinished
from musicmatch.supervisor.ports import free_port, page_answers

TICK_SECONDS = 0.2
_VALKEY_SECONDS = 15.0
_FIRST_PAGE_SECONDS = 90.0
_STOP_SECONDS = 5.0


class Stopped(Exception):
    """Somebody asked the site to stop: not an error."""


class Supervisor:
    """Starts what a plan names, keeps it running, and stops it in order."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self._group = Group(say)
        self._parent = os.getppid()
        self._stop_asked = False

    def run(self) -> int:
        """Run until told to stop; return the exit status of the whole site."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._ask_to_stop)
        try:
            with claim(self.plan.data_dir):
                return self._run_and_stop()
        except SupervisorError as error:
            say(str(error))
            return 1

    def _run_and_stop(self) -> int:
        try:
            self._start()
            say(f"Musicmatch is at {self.plan.address}; Ctrl-C stops it.")
            while True:
                self._tick()
        except Stopped:
            say("Stopping.")
            return 0
        finally:
            self._stop()

    def _start(self) -> None:
        spotify = free_port(self.plan.port + 1) if self.plan.standin else None
        others = free_port(self.plan.port + 2) if self.plan.services else None
        queue = self._start_queue()
        values = programs.environment(self.plan, queue, spotify, others)
        for command in self.plan.steps:
            self._run_step(programs.step(self.plan, values, command))
        if spotify is not None:
            self._group.start(programs.standin(self.plan, values, spotify))
            say(
                f"No SPOTIFY_CLIENT_ID is set: a stand-in Spotify is on port {spotify}."
            )
        web, *rest = programs.site(self.plan, values)
        self._group.start(web)
        # The first page comes sooner while nothing else starts beside it.
        self._wait(
            lambda: page_answers(self.plan.port, "/healthz"),
            _FIRST_PAGE_SECONDS,
            f"The first page did not come. See {self.plan.log_dir / 'web.log'}.",
        )
        if others is not None:
            self._group.start(programs.services(self.plan, values, others))
            names = addresses.labels(self.plan.services)
            say(f"Stand-ins for {names} are at http://127.0.0.1:{others}/.")
        for program in rest:
            self._group.start(program)

    def _start_queue(self) -> str:
        """Start the embedded Valkey where there is one, and return its address."""
        if self.plan.redis_url:
            return self.plan.redis_url
        path = socket_path(self.plan.data_dir)
        valkey.clear_socket(path)
        binary = valkey.server_binary()
        if binary is None:
            for name in ("tasks", "control"):
                folder = self.plan.data_dir / "queue" / name
                folder.mkdir(parents=True, exist_ok=True)
            say("There is no Valkey for this machine: the queue is kept in folders.")
            return ""
        log = self.plan.log_dir / "valkey.log"
        self._group.start(
            valkey.program(binary, self.plan.data_dir, dict(os.environ), log)
        )
        self._wait(
            lambda: valkey.answers(path),
            _VALKEY_SECONDS,
            f"The embedded Valkey did not start. See {log}.",
        )
        return f"unix://{path}"

    def _run_step(self, program: Program) -> None:
        mark = unfinished(self.plan.data_dir, program.name)
        mark.touch()
        child = Child(program)
        child.start()
        try:
            while child.status() is None:
                self._tick()
        finally:
            status = child.status()
            child.ask_to_stop()
            child.wait(_STOP_SECONDS)
        if status != 0:
            raise SupervisorError(f"{program.name} did not finish (status {status}).")
        mark.unlink(missing_ok=True)

    def _wait(self, done: Callable[[], bool], seconds: float, excuse: str) -> None:
        deadline = time.monotonic() + seconds
        while not done():
            if time.monotonic() > deadline:
                raise SupervisorError(excuse)
            self._tick()

    def _tick(self) -> None:
        self._group.watch()
        self._raise_if_stopped()
        time.sleep(TICK_SECONDS)
        self._raise_if_stopped()

    def _raise_if_stopped(self) -> None:
        orphaned = self.plan.follow_parent and os.getppid() != self._parent
        if self._stop_asked or orphaned:
            raise Stopped

    def _ask_to_stop(self, number: int, frame: FrameType | None) -> None:
        self._stop_asked = True

    def _stop(self) -> None:
        # A warm worker may still ask the stand-in; everyone needs the queue.
        self._group.stop("beat", "web", "worker", seconds=_STOP_SECONDS)
        self._group.stop("spotify", "services", seconds=1.0)
        self._group.stop("valkey", seconds=_STOP_SECONDS)


def say(line: str) -> None:
    """Write one line; a terminal that has gone away is no reason to stop."""
    with suppress(OSError):
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()
