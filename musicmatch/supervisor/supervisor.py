"""One run of the site, from the embedded queue to the last process that stops."""

import os

from musicmatch.embedded import socket_path
from musicmatch.standins import addresses
from musicmatch.supervisor import programs, valkey
from musicmatch.supervisor.children import Program
from musicmatch.supervisor.group import Group
from musicmatch.supervisor.plan import Plan, unfinished
from musicmatch.supervisor.ports import free_port, page_answers
from musicmatch.supervisor.runner import STOP_SECONDS, Runner, say

_VALKEY_SECONDS = 15.0
_FIRST_PAGE_SECONDS = 90.0


class Supervisor(Runner):
    """Starts what a plan names, keeps it running, and stops it in order."""

    def __init__(self, plan: Plan) -> None:
        super().__init__(plan.data_dir, Group(say), follow_parent=plan.follow_parent)
        self.plan = plan

    @property
    def address(self) -> str:
        return self.plan.address

    def start(self) -> None:
        spotify = free_port(self.plan.port + 1) if self.plan.standin else None
        others = free_port(self.plan.port + 2) if self.plan.services else None
        queue = self._start_queue()
        values = programs.environment(self.plan, queue, spotify, others)
        for command in self.plan.steps:
            self._run_step(programs.step(self.plan, values, command))
        if spotify is not None:
            self.group.start(programs.standin(self.plan, values, spotify))
            say(
                f"No SPOTIFY_CLIENT_ID is set: a stand-in Spotify is on port {spotify}."
            )
        web, *rest = programs.site(self.plan, values)
        self.group.start(web)
        # The first page comes sooner while nothing else starts beside it.
        self.wait(
            lambda: page_answers(self.plan.port, "/healthz"),
            _FIRST_PAGE_SECONDS,
            f"The first page did not come. See {self.plan.log_dir / 'web.log'}.",
        )
        if others is not None:
            self.group.start(programs.services(self.plan, values, others))
            names = addresses.labels(self.plan.services)
            say(f"Stand-ins for {names} are at http://127.0.0.1:{others}/.")
        for program in rest:
            self.group.start(program)

    def stop(self) -> None:
        # A warm worker may still ask the stand-in; everyone needs the queue.
        self.group.stop("beat", "web", "worker", seconds=STOP_SECONDS)
        self.group.stop("spotify", "services", seconds=1.0)
        self.group.stop("valkey", seconds=STOP_SECONDS)

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
        self.group.start(
            valkey.program(binary, self.plan.data_dir, dict(os.environ), log)
        )
        self.wait(
            lambda: valkey.answers(path),
            _VALKEY_SECONDS,
            f"The embedded Valkey did not start. See {log}.",
        )
        return f"unix://{path}"

    def _run_step(self, program: Program) -> None:
        """Run a step; its mark stays behind when it does not come to a good end."""
        mark = unfinished(self.plan.data_dir, program.name)
        mark.touch()
        self.run_once(program)
        mark.unlink(missing_ok=True)
