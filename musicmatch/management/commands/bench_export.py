"""Measure what reading somebody's whole listening history costs."""

import json
import subprocess
import sys
import tempfile
import threading
import time
from argparse import SUPPRESS, ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

from django.conf import settings
from django.core.files.base import File
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import connection
from django.utils import timezone

from accounts.models import User
from ingest import tasks
from ingest.models import ImportRun, ListeningMonth
from ingest.services import export_receive, run_advance
from ingest.sources.export import open_upload, unpack_month
from matching.bench.scratch import PREFIX, scratch_environment
from musicmatch.standins.exports import Plan, write_exports

_BEST_OF = 3
_WRITE_EVERY = 0.05
# rows a second, seconds, MB above idle, how much of that twice the plays may add,
# bytes of a pair of artist and month, KB of all months
LIMITS = {
    "rows_a_second": (50_000, "least"),
    "seconds": (60, "most"),
    "memory_mb": (200, "most"),
    "memory_growth_mb": (40, "most"),
    "bytes_a_pair": (400, "most"),
    "history_kb": (200, "most"),
}
_WORDS = {
    "rows_a_second": "rows read a second, of processor time",
    "seconds": "seconds for all of it, the site in use",
    "memory_mb": "MB above the idle process",
    "memory_growth_mb": "MB more for twice the plays",
    "bytes_a_pair": "bytes in the database for each artist and month",
    "history_kb": "KB in the database for ten years, single plays aside",
    "longest_write_s": "seconds the longest other write waited",
}


class Command(BaseCommand):
    help = (
        "Import a made-up history of ten years, and one of twice the plays, into"
        " databases that are thrown away, while somebody else writes. Prints what it"
        " costs and fails where a limit is missed."
    )

    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--plays", type=int, default=150_000)
        parser.add_argument("--years", type=int, default=10)
        parser.add_argument("--here", type=Path, help=SUPPRESS)

    def handle(self, *, plays: int, years: int, here: Path | None, **_: Any) -> None:
        if here is not None:
            self.stdout.write(json.dumps(_measured(here)))
            return
        figures = _apart(plays, years)
        twice = _apart(2 * plays, years)
        figures["memory_growth_mb"] = twice["memory_mb"] - figures["memory_mb"]
        self.stdout.write(f"{figures['rows']:,.0f} rows, {figures['pairs']:,.0f} pairs")
        for name, words in _WORDS.items():
            limit, side = LIMITS.get(name, (None, ""))
            limits = f" (at {side} {limit:,})" if limit is not None else ""
            self.stdout.write(f"{figures[name]:12,.1f} {words}{limits}")
        missed = [name for name in LIMITS if not _is_met(name, figures[name])]
        if missed:
            raise CommandError("Not as it must be: " + ", ".join(missed) + ".")


def _is_met(name: str, figure: float) -> bool:
    limit, side = LIMITS[name]
    return figure >= limit if side == "least" else figure <= limit


def _apart(plays: int, years: int) -> dict[str, float]:
    """Measure in a process of its own, whose data is deleted afterwards."""
    with (
        tempfile.TemporaryDirectory(prefix=PREFIX) as folder,
        scratch_environment() as environment,
    ):
        plan = Plan(years=years, plays=plays, until=timezone.now(), seed=7)
        [written] = write_exports(Path(folder), plan, account=False)
        command = [
            sys.executable,
            "-m",
            "django",
            "bench_export",
            "--here",
            str(written.path),
        ]
        done = subprocess.run(  # noqa: S603 - our own command
            command,
            cwd=settings.BASE_DIR,
            env=environment,
            check=False,
            stdout=subprocess.PIPE,
            text=True,
        )
    if done.returncode:
        raise CommandError("The import was not measured.")
    figures: dict[str, float] = json.loads(done.stdout)
    return figures


def _measured(path: Path) -> dict[str, float]:
    if not settings.DATA_DIR.name.startswith(PREFIX):
        raise CommandError("This would write into data that is kept.")
    call_command("migrate", verbosity=0)
    figures = _import(path)
    return {**figures, **_kept(), **_read(path)}


def _read(path: Path) -> dict[str, float]:
    best, rows = float("inf"), 0
    for _ in range(_BEST_OF):
        began = time.process_time()
        with open_upload([(path.name, path)], now=timezone.now()) as upload:
            rows = sum(1 for _ in upload.plays()) + upload.left_out.total()
        best = min(best, time.process_time() - began)
    return {"rows": rows, "rows_a_second": rows / best}


def _import(path: Path) -> dict[str, float]:
    """Import as a worker does, while another connection writes all the time."""
    person = User.objects.create_user("listener")
    User.objects.create_user("visitor")
    # Nobody waits at the other end of the queue.
    quiet = mock.patch.object(tasks.advance_run_task, "apply_async")
    with quiet, path.open("rb") as file:
        named = File(file, name=path.name)
        run = export_receive(person_id=person.pk, files=[named], now=timezone.now())
    idle = _memory("VmRSS")
    with _somebody_else() as waits:
        began = time.perf_counter()
        run_advance(run_id=run.pk, clock=timezone.now)
        seconds = time.perf_counter() - began
    run.refresh_from_db()
    if run.state != ImportRun.State.DONE:
        raise CommandError(f"The import ended as {run.state}: {run.reason}")
    return {
        "seconds": seconds,
        "memory_mb": _memory("VmHWM") - idle,
        "longest_write_s": max(waits),
    }


def _memory(name: str) -> float:
    """Megabytes of this process, as Linux tells them."""
    for line in Path("/proc/self/status").read_text("ascii").splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) / 1024
    raise CommandError("Only Linux says how much memory a process has.")


@contextmanager
def _somebody_else() -> Iterator[list[float]]:
    """Write a row every few moments on another thread; gives how long each took."""
    waits, stop = [0.0], threading.Event()

    def write() -> None:
        while not stop.wait(_WRITE_EVERY):
            began = time.perf_counter()
            User.objects.filter(username="visitor").update(
                last_active_at=timezone.now()
            )
            waits.append(time.perf_counter() - began)
        connection.close()

    thread = threading.Thread(target=write)
    thread.start()
    try:
        yield waits
    finally:
        stop.set()
        thread.join()


def _kept() -> dict[str, float]:
    months = ListeningMonth.objects.all()
    pairs = sum(len(unpack_month(month.artists).artists) for month in months)
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SELECT pg_total_relation_size('ingest_listeningmonth')")
        else:
            cursor.execute(
                "SELECT SUM(s.pgsize) FROM dbstat s JOIN sqlite_master m USING (name)"
                " WHERE m.tbl_name = 'ingest_listeningmonth'"
            )
        [size] = cursor.fetchone()
    return {
        "pairs": pairs,
        "bytes_a_pair": size / max(1, pairs),
        "history_kb": size / 1024,
    }
