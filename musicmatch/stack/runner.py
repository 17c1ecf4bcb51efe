"""One run of the stack: what is started, in which order, and as whom."""

import os
import subprocess
import sys
from pathlib import Path

from psycopg.conninfo import conninfo_to_dict

from musicmatch.stack import secrets, variables
from musicmatch.stack.options import BASE_DIR, Options
from musicmatch.stack.procfile import commands
from musicmatch.supervisor.children import Program
from musicmatch.supervisor.errors import SupervisorError
from musicmatch.supervisor.group import Group
from musicmatch.supervisor.ports import page_answers, port_is_free
from musicmatch.supervisor.runner import Runner, say

# The user of the image.
USER = 10001
_FIRST_PAGE_SECONDS = 90.0
_PROXY_SECONDS = 30.0
# As docker-compose.yml gives them.
_STOP_SECONDS = {"proxy": 10.0, "beat": 10.0, "web": 10.0, "worker": 60.0}


class Stack(Runner):
    """Runs what ``docker compose up`` runs, but for the database and Redis."""

    def __init__(self, options: Options) -> None:
        group = Group(say, gives_up=False)
        super().__init__(options.data_dir, group, follow_parent=options.follow_parent)
        self.options = options
        self._commands = commands()
        self._user: int | None = None

    @property
    def address(self) -> str:
        return self.options.site_url

    def start(self) -> None:
        self._refuse_taken_ports()
        self._make_folders()
        secrets.write(self.options)
        self._user = self._settle_user()
        self._run_steps()
        self._start("web")
        self.wait(
            lambda: page_answers(self.options.web_port, "/healthz"),
            _FIRST_PAGE_SECONDS,
            f"The first page did not come. See {self._log('web')}.",
        )
        self._start("worker")
        self._start("beat")
        if self.options.has_proxy:
            self._start("proxy")
            self.wait(
                lambda: page_answers(self.options.probe_port, "/"),
                _PROXY_SECONDS,
                f"The proxy did not start. See {self._log('proxy')}.",
            )
        else:
            say("No proxy: there is no caddy command, or --plain was asked for.")
        say(f"Logs, secrets and numbers of processes are in {self.options.data_dir}.")

    def stop(self) -> None:
        # Nobody comes in any more, then nothing new is queued, then the rest is done.
        for name, seconds in _STOP_SECONDS.items():
            self.group.stop(name, seconds=seconds)

    def _refuse_taken_ports(self) -> None:
        for what, port in self.options.ports.items():
            if not port_is_free(port):
                raise SupervisorError(
                    f"Port {port} ({what}) is taken. --help says how to choose others."
                )

    def _make_folders(self) -> None:
        # What a killed run wrote of itself says nothing of this one.
        for stale in self.options.under("run").glob("*.pid"):
            stale.unlink()
        for name in ("run", "log", "data", "static", "proxy", "tmp"):
            self.options.under(name).mkdir(parents=True, exist_ok=True)
        for name in self._commands:
            (self.options.under("tmp") / name).mkdir(exist_ok=True)

    def _settle_user(self) -> int | None:
        """Return who to run as, None for whoever started this; hand them the folder."""
        if os.geteuid() != 0 or self.options.same_user:
            return None
        mine = self.options.data_dir
        os.chown(mine / "run", USER, USER)
        if not _can_work(USER, mine / "run"):
            say(f"Runs as root: user {USER} cannot use {sys.executable} and {mine}.")
            return None
        for path in (mine, *mine.rglob("*")):
            os.chown(path, USER, USER, follow_symlinks=False)
        say(f"Runs as user {USER}, who owns nothing but {mine}.")
        return USER

    def _run_steps(self) -> None:
        """Run what comes before the site, each to its end."""
        where = conninfo_to_dict(self.options.database_url)
        say(f"Database {where.get('dbname')} at {where.get('host')}.")
        module = "musicmatch.stack.database"
        self.run_once(self._python("database", "-m", module))
        # The image brings its own.
        self.run_once(self._manage("collectstatic", "--no-input", "--verbosity", "0"))
        say("migrate")
        self.run_once(self._program("migrate", log=False))
        if self.options.demo_people:
            self._add_demo_people()

    def _add_demo_people(self) -> None:
        mark = self.options.under("data") / "seeded"
        if not mark.exists():
            number = str(self.options.demo_people)
            self.run_once(self._manage("seed_demo", "--people", number))
            mark.touch()

    def _start(self, name: str) -> None:
        child = self.group.start(self._program(name))
        say(f"{name} (process {child.pid}): {' '.join(self._commands[name])}")

    def _program(self, name: str, *, log: bool = True) -> Program:
        told = variables.of_proxy if name == "proxy" else variables.of_app
        return Program(
            name=name,
            command=self._commands[name],
            environment=variables.of_machine(self.options, name) | told(self.options),
            folder=BASE_DIR,
            log=self._log(name) if log else None,
            user=self._user,
            pid_file=self.options.under("run") / f"{name}.pid" if log else None,
        )

    def _manage(self, *arguments: str) -> Program:
        return self._python(arguments[0], "manage.py", *arguments)

    def _python(self, name: str, *arguments: str) -> Program:
        """Return a step of our own, with the variables of the migrations."""
        told = variables.of_machine(self.options, "migrate")
        told |= variables.of_app(self.options)
        command = ("python", *arguments)
        return Program(name, command, told, BASE_DIR, user=self._user)

    def _log(self, name: str) -> Path:
        return self.options.under("log") / f"{name}.log"


def _can_work(user: int, folder: Path) -> bool:
    """Tell whether a user can read the code and its packages, and write to a folder."""
    trial = "import sys, pathlib, django, musicmatch; pathlib.Path(sys.argv[1]).touch()"
    try:
        done = subprocess.run(  # noqa: S603
            [sys.executable, "-c", trial, str(folder / "trial")],
            cwd=BASE_DIR,
            user=user,
            group=user,
            extra_groups=[],
            capture_output=True,
            check=False,
        )
    except PermissionError:
        return False
    return done.returncode == 0
