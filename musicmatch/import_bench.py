"""Measuring imports: what one costs, and how many a worker carries out in a second.

Runs in a process of its own, on data that is thrown away.
"""

import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from itertools import cycle, islice
from typing import Any
from unittest import mock

import requests
from django.conf import settings
from django.core.management.base import CommandError
from django.db import connection
from django.utils import timezone

from accounts.models import User
from accounts.spotify.services import grant_store
from ingest.models import ImportRun
from ingest.services import run_advance
from musicmatch.standins.spotify.server import SpotifyStandin
from musicmatch.supervisor.programs import WORKER

# Those of the stand-in's people whose lists have 50 lines.
LISTENERS = (
    *("marisol", "tobin", "delphine", "aoi", "orsolya", "bram"),
    *("quill", "nameless", "yulia"),
)
_BRACKETS = ("BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE")
_LONGEST_RUN = 60.0
_LONGEST_WORK = 120.0
_LOOK_SECONDS = 0.5
_ANSWER_SECONDS = 10.0


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

    def __str__(self) -> str:
        return (
            f"{self.queries} queries, {self.own:.3f} s of our own time"
            f" ({self.waited:.2f} s waiting), {self.turns} turns,"
            f" {self.artists} artists, {self.tracks} tracks"
        )


def cost(handle: str, listener: str) -> Cost:
    """Import a listener for somebody new, and tell what that took."""
    run, found = connected(handle, listener), Cost()
    with _queries_counted(found), _waits_timed(found):
        found.turns = _carry_out(run)
    run.refresh_from_db()
    found.artists, found.tracks = run.artists_count, run.tracks_count
    return found


def connected(handle: str, listener: str) -> ImportRun:
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


def _carry_out(run: ImportRun) -> int:
    """Take turn after turn, as a worker does; returns how many it took."""
    turns, latest = 0, time.perf_counter() + _LONGEST_RUN
    while True:
        turns += 1
        delay = run_advance(run_id=run.pk, clock=timezone.now)
        if delay is None:
            break
        time.sleep(delay)
        if time.perf_counter() > latest:
            raise CommandError("The import did not come to its end.")
    run.refresh_from_db(fields=["state", "reason"])
    if run.state != ImportRun.State.DONE:
        raise CommandError(f"The import failed: {run.reason or run.state}")
    return turns


@contextmanager
def _queries_counted(found: Cost) -> Iterator[None]:
    def count(execute: Any, sql: str, *rest: Any) -> Any:
        found.queries += not sql.startswith(_BRACKETS)
        return execute(sql, *rest)

    began = time.perf_counter()
    with connection.execute_wrapper(count):
        yield
    found.seconds = time.perf_counter() - began


@contextmanager
def _waits_timed(found: Cost) -> Iterator[None]:
    send = requests.Session.send

    def timed(self: requests.Session, *args: Any, **options: Any) -> requests.Response:
        began = time.perf_counter()
        try:
            return send(self, *args, **options)
        finally:
            found.waited += time.perf_counter() - began

    with mock.patch.object(requests.Session, "send", timed):
        yield


# --- Pace -----------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Pace:
    """Imports in a second, and how many the same calls alone would allow.

    ``busy`` are the seconds of a processor that one import takes from our process.
    """

    rate: float
    bare: float
    busy: float

    @property
    def ratio(self) -> float:
        return self.bare / self.rate


def answer_at_once() -> None:
    """Let the stand-in answer without its latency from now on."""
    requests.post(
        f"{settings.SPOTIFY_ACCOUNTS_URL}/_standin/mode",
        json={"latency": 0},
        timeout=_ANSWER_SECONDS,
    ).raise_for_status()


def pace(number: int, size: int) -> Pace:
    """Carry out a batch, one import after the other; then only make its calls."""
    runs = _batch(f"pace_{number}", size)
    calls: list[list[requests.PreparedRequest]] = []
    began, busy = time.perf_counter(), time.process_time()
    for run in runs:
        with _calls_kept() as kept:
            _carry_out(run)
        calls.append(kept)
    seconds, busy = time.perf_counter() - began, time.process_time() - busy
    return Pace(size / seconds, size / _call_again(calls), busy / size)


def _batch(name: str, size: int) -> list[ImportRun]:
    listeners = islice(cycle(LISTENERS), size)
    return [connected(f"{name}_{n}", one) for n, one in enumerate(listeners)]


@contextmanager
def _calls_kept() -> Iterator[list[requests.PreparedRequest]]:
    kept: list[requests.PreparedRequest] = []
    send = requests.Session.send

    def keep(
        self: requests.Session, request: requests.PreparedRequest, **options: Any
    ) -> requests.Response:
        kept.append(request)
        return send(self, request, **options)

    with mock.patch.object(requests.Session, "send", keep):
        yield kept


def _call_again(calls: Sequence[Sequence[requests.PreparedRequest]]) -> float:
    """Make calls as one who throws the answers away; returns the seconds."""
    began = time.perf_counter()
    for of_one in calls:
        with requests.Session() as session:
            for call in of_one:
                session.send(call, timeout=_ANSWER_SECONDS).raise_for_status()
    return time.perf_counter() - began


# --- The worker itself ----------------------------------------------------


def worker_rate(size: int, *, is_hosted: bool) -> float:
    """Imports in a second by one worker, out of its queue.

    That of ``docker-compose.yml``, of two processes, or that of ``make run``: two
    threads, which share one interpreter and save memory.
    The first fifth is left out: until then the worker gets ready.
    """
    runs = _batch(f"worker_{is_hosted}", size)
    pool = "prefork" if is_hosted else "threads"
    worker = subprocess.Popen(  # noqa: S603 - our own command, nothing typed in it
        [sys.executable, *WORKER, "-P", pool],
        cwd=settings.BASE_DIR,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        ends = _ends(runs)
    finally:
        worker.terminate()
        worker.wait()
    first = size // 5
    return (size - 1 - first) / (ends[-1] - ends[first])


def _ends(runs: Sequence[ImportRun]) -> list[float]:
    """Wait until all are done; returns when each was, the first one first."""
    mine = ImportRun.objects.filter(pk__in=[run.pk for run in runs])
    latest = time.perf_counter() + _LONGEST_WORK
    while mine.active().exists():
        if time.perf_counter() > latest:
            raise CommandError("The worker did not come to an end.")
        time.sleep(_LOOK_SECONDS)
    if mine.exclude(state=ImportRun.State.DONE).exists():
        raise CommandError("An import of the worker’s failed.")
    moments = mine.order_by("finished_at", "pk").values_list("finished_at", flat=True)
    return [moment.timestamp() for moment in moments if moment]
