"""Measure the engine at several sizes against its limits, faiss and a plain loop."""

import json
import subprocess
import sys
from argparse import SUPPRESS, ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from matching.bench import report
from matching.bench.measure import Bench, Figures
from matching.bench.scratch import PREFIX, NoScratch, scratch_environment
from matching.bench.synthetic import Synthetic

_PEOPLE = (10_000, 100_000, 1_000_000)
_FEWEST_PEOPLE = 400
_GROWTH_UP_TO = 100_000
_GROWTH_QUERIES = 50


class Command(BaseCommand):
    help = (
        "Make synthetic communities of these sizes, each in a database that is thrown"
        " away, and measure boards, index, changes and memory beside faiss and a plain"
        " loop. Prints a table for each; fails when a limit is missed. One thread does"
        " all of it; times are the best of three, taken in turns."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--people", type=int, nargs="+", default=list(_PEOPLE))
        parser.add_argument("--queries", type=int, default=200)
        parser.add_argument("--seed", type=int, default=7)
        parser.add_argument("--json", type=Path, metavar="FILE")
        parser.add_argument(
            "--without-hnsw", action="store_true", help="it takes minutes at a million"
        )
        parser.add_argument(
            "--without-growth", action="store_true", help="no 2 N and 4 N"
        )
        parser.add_argument(
            "--predecessor-people",
            type=int,
            default=10_000,
            metavar="N",
            help="how many the plain loop goes over; its time is scaled to the rest",
        )
        parser.add_argument("--inside", choices=("whole", "growth"), help=SUPPRESS)

    def handle(self, *, people: list[int], inside: str | None, **options: Any) -> None:
        if min(people) < _FEWEST_PEOPLE or options["queries"] < 1:
            raise CommandError(
                f"Give at least {_FEWEST_PEOPLE} people, and a number of queries."
            )
        path = options["json"]
        if path is not None and not path.parent.is_dir():
            raise CommandError(f"There is no folder {path.parent}.")
        if inside:
            self._measure(people[0], inside, options)
            return
        found = self._run(people, options)
        self._write(path, found)
        missed = [m for n in people for m in report.missed(n, found[str(n)])]
        if missed:
            raise CommandError("Not as it must be: " + "; ".join(missed) + ".")

    def _run(self, people: list[int], options: dict[str, Any]) -> dict[str, Any]:
        """Measure every size in a process of its own."""
        found: dict[str, Any] = {}
        for number in people:
            result = _apart(number, "whole", options)
            figures, found["machine"] = result["figures"], result["machine"]
            if number <= _GROWTH_UP_TO and not options["without_growth"]:
                figures["growth"] = _growth(number, figures, options)
            found[str(number)] = figures
            for line in report.table(number, figures):
                self.stdout.write(line)
        machine = ", ".join(f"{k} {v}" for k, v in found["machine"].items())
        self.stdout.write(f"Measured on: {machine}")
        return found

    def _write(self, path: Path | None, found: dict[str, Any]) -> None:
        if path is None:
            return
        text = json.dumps(found, indent=1, sort_keys=True)
        path.write_text(text + "\n", "utf-8")

    def _measure(self, people: int, what: str, options: dict[str, Any]) -> None:
        if not settings.DATA_DIR.name.startswith(PREFIX):
            raise CommandError("This would write into data that is kept.")
        call_command("migrate", verbosity=0)
        bench = Bench(
            Synthetic(people, seed=options["seed"]),
            queries=options["queries"],
            with_hnsw=not options["without_hnsw"],
            predecessor_people=options["predecessor_people"],
            say=lambda line: self.stderr.write(f"{people:,} people: {line}"),
        )
        figures = bench.whole() if what == "whole" else bench.growth()
        self._write(options["json"], {"figures": figures, "machine": report.machine()})


def _apart(people: int, what: str, options: dict[str, Any]) -> dict[str, Any]:
    """Measure one size where nothing is kept."""
    try:
        with scratch_environment() as environment:
            result = Path(environment["DATA_DIR"], "result.json")
            command = [sys.executable, "-m", "django", "bench_matching"]
            arguments = [f"--people={people}", f"--seed={options['seed']}"]
            arguments += [f"--queries={options['queries']}", f"--json={result}"]
            arguments += [f"--predecessor-people={options['predecessor_people']}"]
            arguments += ["--without-hnsw"] * options["without_hnsw"]
            done = subprocess.run(  # noqa: S603 - our own command, nothing typed in it
                [*command, *arguments, f"--inside={what}"],
                cwd=settings.BASE_DIR,
                env=environment,
                check=False,
            )
            if done.returncode:
                raise CommandError(f"{people:,} people could not be measured.")
            return dict(json.loads(result.read_text("utf-8")))
    except NoScratch as error:
        raise CommandError(
            f"The database server gave no database to measure in: {error}"
        ) from error


def _growth(people: int, figures: Figures, options: dict[str, Any]) -> Figures:
    """Measure twice and four times as many people too."""
    asked = {**options, "queries": min(options["queries"], _GROWTH_QUERIES)}
    larger = [_apart(n * people, "growth", asked)["figures"] for n in (2, 4)]
    sizes = [figures, *larger]
    keys = ("board_p50_ms", "build_s", "index_bytes", "index_bytes_per_person")
    return {
        "people": [people, 2 * people, 4 * people],
        **{key: [size[key] for size in sizes] for key in keys},
    }
