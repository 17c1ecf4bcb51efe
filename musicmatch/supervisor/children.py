"""One process that the supervisor starts, watches and stops."""

import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from musicmatch.supervisor.logs import trim
from musicmatch.supervisor.restarts import Restarts

_PR_SET_PDEATHSIG = 1


@dataclass(frozen=True, slots=True)
class Program:
    """What to run under a name; ``log`` is None to write to the terminal.

    ``shows_warnings`` says whether the log's warnings belong on the terminal too.
    ``user`` is the number of the user and the group to run as; ``pid_file`` is kept
    up to date with the number of the running process.
    """

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str]
    folder: Path
    log: Path | None = None
    shows_warnings: bool = True
    user: int | None = None
    pid_file: Path | None = None


class Child:
    """A program and its running process, restarted under the same rules."""

    def __init__(self, program: Program, restarts: Restarts | None = None) -> None:
        self.program = program
        self.restarts = restarts or Restarts()
        self.starts_at: float | None = None
        self._process: subprocess.Popen[bytes] | None = None
        if program.log is not None:
            program.log.parent.mkdir(parents=True, exist_ok=True)
            trim(program.log)

    @property
    def name(self) -> str:
        return self.program.name

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    def start(self) -> None:
        """Start the process in a session of its own.

        The terminal's Ctrl-C then reaches only the supervisor, which stops the
        children in order.
        """
        self.starts_at = None
        log = self.program.log.open("ab") if self.program.log else None
        try:
            self._process = subprocess.Popen(  # noqa: S603
                self.program.command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT if log else None,
                env=dict(self.program.environment),
                cwd=self.program.folder,
                start_new_session=True,
                preexec_fn=_ends_with_parent(),
                user=self.program.user,
                group=self.program.user,
                extra_groups=None if self.program.user is None else [],
            )
        finally:
            if log:
                log.close()
        if self.program.pid_file is not None:
            self.program.pid_file.write_text(f"{self.pid}\n", encoding="ascii")

    def status(self) -> int | None:
        """Return the exit status of a process that has ended, else None."""
        return self._process.poll() if self._process else None

    def ask_to_stop(self) -> None:
        if self._process and self._process.poll() is None:
            self._process.terminate()

    def wait(self, seconds: float) -> None:
        """Wait for the end; whatever is left of the session then is killed."""
        if self._process is None:
            return
        try:
            self._process.wait(max(seconds, 0.0))
        except subprocess.TimeoutExpired:
            self._process.kill()
        self.clear_session()
        self._process.wait()
        self._process = None
        if self.program.pid_file is not None:
            self.program.pid_file.unlink(missing_ok=True)

    def clear_session(self) -> None:
        """Kill what a dead process left behind, so that a port is free again."""
        if self._process is None or sys.platform == "win32":
            return
        try:
            os.killpg(self._process.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            return


def _ends_with_parent() -> Callable[[], None] | None:
    """On Linux, make the kernel end a child when the supervisor is killed."""
    if not sys.platform.startswith("linux"):
        return None
    libc = ctypes.CDLL(None)
    parent = os.getpid()

    def before_exec() -> None:
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:
            os._exit(1)

    return before_exec
