"""Measure what importing one person costs, and how many a worker manages."""

import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from argparse import SUPPRESS, ArgumentParser
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from musicmatch import import_bench
from musicmatch.embedded import socket_path
from musicmatch.import_bench import Cost
from musicmatch.standins.spotify.server import SpotifyStandin
from musicmatch.standins.spotify.world import CLIENT_ID, CLIENT_SECRET
from musicmatch.supervisor import valkey

MOST_QUERIES, MOST_SECONDS = 45, 1.0
# An import may take as long as its calls alone, this many times.
MOST_TIMES_BARE = 15
WANTED = 20
_HEAVY, _LIGHT = "marisol", "percy"
_START_SECONDS = 10.0
_PREFIX = "musicmatch-bench-"


class Command(BaseCommand):
    help = (
        "Import a listener with lists of 50 several times, and one with lists of 7,"
        " from a stand-in Spotify into a database that is thrown away. Prints the"
        " queries in a small and in a large community, our own time (without waiting"
        " for answers), the imports a worker carries out in a second while the"
        " stand-in answers at once, and the memory; fails above"
        f" {MOST_QUERIES} queries, {MOST_SECONDS:g} second, or {MOST_TIMES_BARE} times"
        " the time of the calls alone."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--times", type=int, default=5)
        parser.add_argument(
            "--latency",
            type=float,
            default=0.15,
            help="seconds each answer takes, but where the pace is measured",
        )
        parser.add_argument(
            "--mode", choices=("development", "extended"), default="extended"
        )
        parser.add_argument(
            "--people", type=int, default=300, help="in the large community"
        )
        parser.add_argument(
            "--batches", type=int, default=5, help="of imports for the pace; 0 for none"
        )
        parser.add_argument("--size", type=int, default=27, help="imports in a batch")
        parser.add_argument("--here", action="store_true", help=SUPPRESS)

    def handle(
        self,
        *,
        times: int,
        latency: float,
        mode: str,
        people: int,
        batches: int,
        size: int,
        here: bool,
        **_: Any,
    ) -> None:
        if min(times, people) < 1:
            raise CommandError("Give a number of times and of people from 1 up.")
        if batches < 0 or size < len(import_bench.LISTENERS):
            raise CommandError(
                "Give a number of batches from 0 up, and a size from"
                f" {len(import_bench.LISTENERS)} up."
            )
        if here:
            self._measure(times, people, batches, size)
        else:
            amounts = {"times": times, "people": people, "batches": batches}
            _run_apart(latency, mode, {**amounts, "size": size})

    def _measure(self, times: int, people: int, batches: int, size: int) -> None:
        if not settings.DATA_DIR.name.startswith(_PREFIX):
            raise CommandError("This would write into data that is kept.")
        call_command("migrate", verbosity=0)
        costs = self._costs(times)
        costs.append(self._in_a_large_community(people, costs[-1]))
        broken = self._judged(costs)
        if batches:
            broken += self._pace(batches, size)
        self._say(f"Peak memory of the process: {_peak_megabytes():.0f} MB")
        if broken:
            raise CommandError(f"Over the limit: {', '.join(broken)}.")

    # --- Costs ------------------------------------------------------------

    def _costs(self, times: int) -> list[Cost]:
        light = import_bench.cost("light", _LIGHT)
        self._say(f"Lists of 7: {light}")
        heavy = [import_bench.cost(f"heavy_{n}", _HEAVY) for n in range(times)]
        for cost in heavy:
            self._say(f"Lists of 50: {cost}")
        return [light, *heavy]

    def _in_a_large_community(self, people: int, small: Cost) -> Cost:
        with Path(os.devnull).open("w") as nowhere:
            call_command("seed_demo", people=people, stdout=nowhere)
        # The first import settles what came with those people.
        cost = [import_bench.cost(f"new_{n}", _HEAVY) for n in range(2)][-1]
        self._say(f"Among {people} people: {cost}, {small.queries} queries without")
        return cost

    def _judged(self, costs: list[Cost]) -> list[str]:
        """Print the costs beside their limits; returns what is over."""
        own = [cost.own for cost in costs[1:]]
        most = max(cost.queries for cost in costs)
        self._say(f"Queries at most: {most} (limit {MOST_QUERIES})")
        self._say(
            f"Our own time: {median(own):.3f} s median, {max(own):.3f} s at most"
            f" (limit {MOST_SECONDS:g} s)"
        )
        broken = ["queries"] if most > MOST_QUERIES else []
        return [*broken, "time"] if max(own) >= MOST_SECONDS else broken

    # --- Pace -------------------------------------------------------------

    def _pace(self, batches: int, size: int) -> list[str]:
        import_bench.answer_at_once()
        # The first batch meets artists that are new here; it is not counted.
        found = [import_bench.pace(n, size) for n in range(batches + 1)][1:]
        rate, ratio, busy = (
            median(pace.rate for pace in found),
            median(pace.ratio for pace in found),
            median(pace.busy for pace in found),
        )
        self._say(
            f"One after the other: {rate:.1f} imports a second, median of {batches}"
            f" batches of {size} ({WANTED} wanted); {ratio:.1f} times as long as"
            f" the calls alone (limit {MOST_TIMES_BARE} times); {busy * 1000:.0f} ms"
            " of a processor each"
        )
        for is_hosted, kind in ((True, "as hosted"), (False, "of make run")):
            by_worker = import_bench.worker_rate(batches * size, is_hosted=is_hosted)
            self._say(
                f"One worker {kind}, two at a time, out of its queue:"
                f" {by_worker:.1f} imports a second ({WANTED} wanted)"
            )
        return ["pace"] if ratio > MOST_TIMES_BARE else []

    def _say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()


# --- A process of its own -------------------------------------------------


def _run_apart(latency: float, mode: str, amounts: Mapping[str, int]) -> None:
    """Measure in a process of its own, whose data is deleted afterwards."""
    standin = SpotifyStandin(latency=latency)
    standin.behave(mode=mode)
    command = [sys.executable, "-m", "django", "bench_import", "--here"]
    for name, amount in amounts.items():
        command += [f"--{name}", str(amount)]
    with (
        tempfile.TemporaryDirectory(prefix=_PREFIX) as folder,
        standin,
        _queue(Path(folder)),
    ):
        done = subprocess.run(  # noqa: S603 - our own command, only numbers in it
            command,
            cwd=settings.BASE_DIR,
            env=_environment(folder, standin),
            check=False,
        )
    if done.returncode:
        raise CommandError("The import was not measured, or costs too much.")


@contextmanager
def _queue(folder: Path) -> Iterator[None]:
    """What ``make run`` has for a queue: the embedded server, else folders."""
    for name in ("tasks", "control"):
        (folder / "queue" / name).mkdir(parents=True)
    binary = valkey.server_binary()
    if binary is None:
        yield
        return
    log = folder / "valkey.log"
    program = valkey.program(binary, folder, os.environ, log)
    with log.open("wb") as out:
        server = subprocess.Popen(  # noqa: S603 - our own command
            program.command, cwd=program.folder, stdout=out, stderr=out
        )
    try:
        latest = time.perf_counter() + _START_SECONDS
        while not valkey.answers(socket_path(folder)):
            if server.poll() is not None or time.perf_counter() > latest:
                raise CommandError("The embedded queue did not start.")
            time.sleep(0.02)
        yield
    finally:
        server.terminate()
        server.wait()
        # Where the folder's path is too long for a socket, that has one of its own.
        shutil.rmtree(socket_path(folder).parent, ignore_errors=True)


def _environment(folder: str, standin: SpotifyStandin) -> dict[str, str]:
    values = {
        "DJANGO_SETTINGS_MODULE": "musicmatch.settings",
        "DEBUG": "1",
        "DATA_DIR": folder,
        "DATABASE_URL": f"sqlite:///{folder}/bench.sqlite3",
        "REDIS_URL": "",
        "LOG_LEVEL": "ERROR",
        "SPOTIFY_CLIENT_ID": CLIENT_ID,
        "SPOTIFY_CLIENT_SECRET": CLIENT_SECRET,
        "SPOTIFY_ACCOUNTS_URL": standin.accounts_url,
        "SPOTIFY_API_URL": standin.api_url,
        "SPOTIFY_MIN_GAP_MS": "0",
    }
    # A NAME_FILE would win over its NAME, and lead to data that is kept.
    others = {
        k: v for k, v in os.environ.items() if k.removesuffix("_FILE") not in values
    }
    return {**others, **values}


def _peak_megabytes() -> float:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1024 * 1024 if sys.platform == "darwin" else 1024)
