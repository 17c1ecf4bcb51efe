"""Change, build and ask at once for minutes, and check every answer."""

import json
import subprocess
import sys
from argparse import SUPPRESS, ArgumentParser
from pathlib import Path
from time import time
from typing import Any

import numpy as np
from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from matching.bench.scratch import PREFIX, NoScratch, scratch_environment
from matching.services import index_rebuild
from matching.soak.asking import Asker
from matching.soak.building import Builder
from matching.soak.writing import Writer

# Of each kind so many run at once.
_CREW = {"writer": 3, "builder": 2, "asker": 2}
_SAMPLE = 50
_SPARE_SECONDS = 120


class Command(BaseCommand):
    help = (
        "Fill a database that is thrown away with people; then import, join, pause,"
        " block and delete, build the index and ask for boards, all at once, for some"
        " minutes. Every answer is checked, and the index at the end. Ends with 1 when"
        " anything was wrong."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--minutes", type=float, default=10.0)
        parser.add_argument("--people", type=int, default=2_000)
        parser.add_argument("--seed", type=int, default=7)
        parser.add_argument("--inside", help=SUPPRESS)

    def handle(self, *, inside: str | None, **options: Any) -> None:
        if inside:
            _inside(inside, options)
            return
        if options["people"] < 2 or options["minutes"] <= 0:
            raise CommandError("Give at least two people, and some time.")
        try:
            with scratch_environment() as environment:
                self._soak(environment, options)
        except NoScratch as error:
            raise CommandError(f"The database server gave none: {error}") from error

    def _soak(self, environment: dict[str, str], options: dict[str, Any]) -> None:
        people, seed = options["people"], options["seed"]
        self.stdout.write(f"Making {people} people.")
        arguments = [f"--people={people}", f"--seed={seed}"]
        if _start("settle", arguments, environment).wait():
            raise CommandError("The people could not be made.")
        names = [f"{role}{n}" for role, count in _CREW.items() for n in range(count)]
        arguments.append(f"--minutes={options['minutes']}")
        self.stdout.write(f"{', '.join(names)}: {options['minutes']:g} minutes.")
        crew = {name: _start(name, arguments, environment) for name in names}
        seconds = 60 * options["minutes"] + _SPARE_SECONDS
        codes = {name: _ended(process, seconds) for name, process in crew.items()}
        folder = Path(environment["DATA_DIR"])
        wrong = [f"{name} failed" for name, code in codes.items() if code]
        for name in names:
            wrong += self._said(name, folder / f"{name}.json")
        verify = [*_django(), "verify_index", f"--sample={_SAMPLE}", "--skip-checks"]
        wrong += ["the index at the end"] * bool(_run(verify, environment).wait())
        if wrong:
            raise CommandError("Not as it must be: " + "; ".join(wrong))
        self.stdout.write("Nothing was wrong.")

    def _said(self, name: str, path: Path) -> list[str]:
        """Print what one of the crew counted; return what must never be."""
        if not path.exists():
            return []
        found = json.loads(path.read_text("utf-8"))
        counts = ", ".join(f"{v} {k}" for k, v in sorted(found["done"].items()))
        self.stdout.write(f"{name}: {counts}")
        if times := found["milliseconds"]:
            middle, slow = np.percentile(times, [50, 95])
            self.stdout.write(
                f"  a board in {middle:.0f} ms, one in 20 over {slow:.0f}"
            )
        idle = [] if any(found["done"].values()) else [f"{name} did nothing"]
        return idle + [f"{name}: {violation}" for violation in found["violations"]]


def _inside(name: str, options: dict[str, Any]) -> None:
    """Be one of the crew, in a process that writes nowhere else."""
    if not settings.DATA_DIR.name.startswith(PREFIX):
        raise CommandError("This would write into data that is kept.")
    seed = options["seed"]
    if name == "settle":
        call_command("migrate", verbosity=0)
        Writer("first", seed=seed).settle(options["people"])
        index_rebuild(now=timezone.now())
        return
    kinds: dict[str, type[Writer | Builder | Asker]] = {
        "writer": Writer,
        "builder": Builder,
        "asker": Asker,
    }
    worker = kinds[name.rstrip("0123456789")](name, seed=seed)
    worker.run(time() + 60 * options["minutes"])
    found: dict[str, Any] = {"done": worker.done, "violations": [], "milliseconds": []}
    if isinstance(worker, Asker):
        found["violations"] = worker.violations
        found["milliseconds"] = worker.milliseconds
    Path(settings.DATA_DIR, f"{name}.json").write_text(json.dumps(found), "utf-8")


def _django() -> list[str]:
    return [sys.executable, "-m", "django"]


def _start(
    name: str, arguments: list[str], environment: dict[str, str]
) -> "subprocess.Popen[bytes]":
    command = [*_django(), "soak_index", *arguments, f"--inside={name}"]
    return _run(command, environment)


def _run(command: list[str], environment: dict[str, str]) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(  # noqa: S603 - our own command, nothing typed in it
        command, cwd=settings.BASE_DIR, env=environment
    )


def _ended(process: "subprocess.Popen[bytes]", seconds: float) -> int:
    """Wait for one of the crew; one that hangs is ended, and has failed."""
    try:
        return process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait()
