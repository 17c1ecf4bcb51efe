"""Measure what importing one person costs."""

import os
import resource
import subprocess
import sys
import tempfile
import time
from argparse import SUPPRESS, ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from statistics import median
from typing import Any
from unittest import mock

import requests
from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import connection
from django.utils import timezone

from accounts.models import User
from accounts.spotify.services import grant_store
from ingest.models import ImportRun
from ingest.services import run_advance
from musicmatch.standins.spotify.server import SpotifyStandin
from musicmatch.standins.spotify.world import CLIENT_ID, CLIENT_SECRET

MOST_QUERIES, MOST_SECONDS = 45, 1.0
_HEAVY, _LIGHT = "marisol", "percy"
_BRACKETS = ("BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE")
_LONGEST_RUN = 60.0
_PREFIX = "musicmatch-bench-"


@dataclass
class Cost:
    """Of one import: statements, our own seconds, turns of a worker, and rows."""

    queries: int = 0
    seconds: float = 0.0
    waited: float = 0.0
    turns: int = 0
    artists: int = 0
    tracks: int = 0

    @property
    def own(self) -> float:
        return self.seconds - self.waited


class Command(BaseCommand):
    help = (
        "Import a listener with lists of 50 several times, and one with lists of 7,"
        " from a stand-in Spotify into a database that is thrown away. Prints the"
        " queries, our own time (without waiting for answers) and the memory of one"
        f" import; fails above {MOST_QUERIES} queries or {MOST_SECONDS:g} second."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--times", type=int, default=5)
        parser.add_argument(
            "--latency", type=float, default=0.15, help="seconds each answer takes"
        )
        parser.add_argument(
            "--mode", choices=("development", "extended"), default="extended"
        )
        parser.add_argument("--here", action="store_true", help=SUPPRESS)

    def handle(
        self, *, times: int, latency: float, mode: str, here: bool, **_: Any
    ) -> None:
        if times < 1:
            raise CommandError("Give a number of times from 1 up.")
        if here:
            self._measure(times)
        else:
            _run_apart(times, latency, mode)

    def _measure(self, times: int) -> None:
        if not settings.DATA_DIR.name.startswith(_PREFIX):
            raise CommandError("This would write into data that is kept.")
        call_command("migrate", verbosity=0)
        light = _import("light", _LIGHT)
        heavy = [_import(f"heavy_{n}", _HEAVY) for n in range(times)]
        slowest = max(cost.own for cost in heavy)
        most = max(cost.queries for cost in (light, *heavy))
        self._say(f"Lists of 7: {_words(light)}")
        for cost in heavy:
            self._say(f"Lists of 50: {_words(cost)}")
        self._say(f"Queries at most: {most} (limit {MOST_QUERIES})")
        own = median(cost.own for cost in heavy)
        self._say(
            f"Our own time: {own:.3f} s median, {slowest:.3f} s at most"
            f" (limit {MOST_SECONDS:g} s)"
        )
        self._say(f"Peak memory of the process: {_peak_megabytes():.0f} MB")
        if most > MOST_QUERIES or slowest >= MOST_SECONDS:
            raise CommandError("An import costs more than it may.")

    def _say(self, line: str) -> None:
        self.stdout.write(line)


def _run_apart(times: int, latency: float, mode: str) -> None:
    """Measure in a process of its own, whose data is deleted afterwards."""
    standin = SpotifyStandin(latency=latency)
    standin.behave(mode=mode)
    with tempfile.TemporaryDirectory(prefix=_PREFIX) as folder, standin:
        for name in ("tasks", "control"):
            Path(folder, "queue", name).mkdir(parents=True)
        command = [sys.executable, "-m", "django", "bench_import", "--here"]
        done = subprocess.run(  # noqa: S603 - our own command, nothing typed in it
            [*command, "--times", str(times)],
            cwd=settings.BASE_DIR,
            env=_environment(folder, standin),
            check=False,
        )
    if done.returncode:
        raise CommandError("The import was not measured, or costs too much.")


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
    }
    # A NAME_FILE would win over its NAME, and lead to data that is kept.
    others = {
        k: v for k, v in os.environ.items() if k.removesuffix("_FILE") not in values
    }
    return {**others, **values}


def _words(cost: Cost) -> str:
    return (
        f"{cost.queries} queries, {cost.own:.3f} s of our own time"
        f" ({cost.waited:.2f} s waiting), {cost.turns} turns,"
        f" {cost.artists} artists, {cost.tracks} tracks"
    )


def _peak_megabytes() -> float:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1024 * 1024 if sys.platform == "darwin" else 1024)


def _import(handle: str, listener: str) -> Cost:
    """Import a listener for somebody new, turn after turn, as a worker does."""
    run = _connected(handle, listener)
    cost = Cost()
    latest = time.perf_counter() + _LONGEST_RUN
    while run.is_active:
        time.sleep(_advance(run, cost))
        run.refresh_from_db()
        if time.perf_counter() > latest:
            raise CommandError("The import did not come to its end.")
    if run.state != ImportRun.State.DONE:
        raise CommandError(f"The import failed: {run.reason}")
    cost.artists, cost.tracks = run.artists_count, run.tracks_count
    return cost


def _connected(handle: str, listener: str) -> ImportRun:
    """Make somebody who has given their consent just now."""
    person = User.objects.create_user(handle)
    # The stand-in's tokens carry what they allow: any of its processes makes them.
    tokens: dict[str, Any] = SpotifyStandin().grant(listener)
    now = timezone.now()
    grant_store(
        person=person,
        access_token=tokens["access_token"],
        refresh_token=tokens["refresh_token"],
        expires_at=now + timedelta(seconds=tokens["expires_in"]),
        scopes=tokens["scope"],
        now=now,
    )
    return ImportRun.objects.get(person=person)


def _advance(run: ImportRun, cost: Cost) -> float:
    """Take one turn, and return the seconds until the next one."""
    cost.turns += 1
    began = time.perf_counter()
    with _queries_counted(cost), _waits_timed(cost):
        delay = run_advance(run_id=run.pk, clock=timezone.now)
    cost.seconds += time.perf_counter() - began
    return delay or 0.0


@contextmanager
def _queries_counted(cost: Cost) -> Iterator[None]:
    def count(execute: Any, sql: str, *rest: Any) -> Any:
        cost.queries += not sql.startswith(_BRACKETS)
        return execute(sql, *rest)

    with connection.execute_wrapper(count):
        yield


@contextmanager
def _waits_timed(cost: Cost) -> Iterator[None]:
    send = requests.Session.send

    def timed(self: requests.Session, *args: Any, **options: Any) -> requests.Response:
        began = time.perf_counter()
        try:
            return send(self, *args, **options)
        finally:
            cost.waited += time.perf_counter() - began

    with mock.patch.object(requests.Session, "send", timed):
        yield
