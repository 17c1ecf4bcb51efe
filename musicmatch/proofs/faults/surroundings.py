"""A full disk, a Spotify in trouble, a clock that is wrong."""

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import requests

from musicmatch.integrity.journal import Outcome, Verb
from musicmatch.proofs.faults.stage import NotHere, Stage
from musicmatch.proofs.memory import processes
from musicmatch.proofs.newcomers import Newcomer
from musicmatch.proofs.site import until
from musicmatch.stack.options import BASE_DIR
from musicmatch.stack.procfile import commands
from musicmatch.standins.spotify.listeners import all_listeners
from musicmatch.supervisor.ports import free_port, page_answers

# Each signs in once: who comes a second time is no newcomer.
_PEOPLE = 3
_SOON = 90.0
_HOUR = 3600
_WRONG_CLOCK = Path(__file__).parent / "wrong_clock"


# --- Disk -----------------------------------------------------------------


def disk_full(stage: Stage) -> None:
    """Fill the file system that the index lies on, and let it be due."""
    folder = stage.site.data_folder / "index"
    if not folder.is_mount():
        raise NotHere("the index has no file system of its own: that takes root")
    filler = folder / "filler"
    _fill(filler)
    stage.note(f"{shutil.disk_usage(folder).free} bytes left")
    said = stage.site.manage("rebuild_index", check=False).strip().splitlines()
    stage.note(f"rebuild_index said: {said[-1] if said else 'nothing'}")
    stage.let_go_on(10)
    filler.unlink()
    said = stage.site.manage("rebuild_index", check=False).strip().splitlines()
    stage.note(f"with room again: {said[-1] if said else 'nothing'}")


def _fill(path: Path) -> None:
    with path.open("wb", buffering=0) as file:
        for size in (1 << 20, 1 << 12):
            try:
                while file.write(b"\0" * size):
                    pass
            except OSError:
                continue


# --- Spotify --------------------------------------------------------------


def spotify_slow(stage: Stage) -> None:
    _in_trouble(stage, kind="slow", seconds=12)


def spotify_fails(stage: Stage) -> None:
    _in_trouble(stage, kind="status", status=500)


def spotify_rests(stage: Stage) -> None:
    """For a day it wants no call; then that day is over."""
    _tell(stage, "fault", path="/v1/me/", kind="status", status=429, retry_after=86400)
    # Only one: while Spotify rests nobody signs in with it, and is told so.
    people = _newcomers(stage, 1)
    stage.let_go_on(10)
    first = _calls(stage)
    stage.let_go_on(20)
    stage.note(f"{_calls(stage) - first} calls within 20 s of the refusal")
    waiting = stage.rows(
        "SELECT state, min(resume_at) - now() FROM ingest_importrun"
        " WHERE source = 'spotify' AND finished_at IS NULL GROUP BY state"
    )
    for state, wait in waiting:
        stage.note(f"imports are {state} for {wait.total_seconds() / _HOUR:.1f} h more")
    _tell(stage, "clear")
    stage.change("UPDATE accounts_servicegate SET blocked_until = now()")
    # Every process trusts its last look for a minute; after a real day none does.
    stage.let_go_on(65)
    stage.change(
        "UPDATE ingest_importrun SET resume_at = now() WHERE source = 'spotify'"
        " AND resume_at IS NOT NULL"
    )
    stage.note("the day is over: its times were set to now")
    _came_in(stage, people)


def _in_trouble(stage: Stage, **fault: object) -> None:
    _tell(stage, "fault", path="/v1/me/", **fault)
    people = _newcomers(stage)
    stage.let_go_on(25)
    _tell(stage, "clear")
    stage.note("in trouble for 25 s")
    _came_in(stage, people)


def _newcomers(stage: Stage, count: int = _PEOPLE) -> dict[str, int]:
    """Let some people come by Spotify; they stand in the journal by handle."""
    numbers = {}
    others = stage.rows("SELECT count(*) FROM accounts_spotifygrant")[0][0]
    for listener in [*all_listeners()][others : others + count]:
        handle = f"{listener}_{os.urandom(3).hex()}"
        number = stage.load.journal.begin(Verb.IMPORT, handle, what=f"of {listener}")
        Newcomer(stage.site.address, listener, handle).come()
        [[run]] = stage.rows(
            "SELECT r.id FROM ingest_importrun r JOIN accounts_user u"
            " ON u.id = r.person_id WHERE u.handle = %s",
            handle,
        )
        stage.load.journal.end(number, Outcome.STORED, key=str(run))
        numbers[handle] = number
    return numbers


def _came_in(stage: Stage, people: Mapping[str, int]) -> None:
    def are_done() -> bool:
        [[count]] = stage.rows(
            "SELECT count(*) FROM ingest_importrun r JOIN accounts_user u"
            " ON u.id = r.person_id WHERE u.handle = ANY(%s) AND r.state = 'done'",
            [*people],
        )
        return int(count) == len(people)

    stage.came_back(f"all {len(people)} imports of newcomers done", are_done)


def _tell(stage: Stage, control: str, **body: object) -> None:
    url = f"{stage.site.spotify()}/_standin/{control}"
    requests.post(url, json=body, timeout=10).raise_for_status()


def _calls(stage: Stage) -> int:
    log = requests.get(f"{stage.site.spotify()}/_standin/log", timeout=10).json()
    return sum(call["path"].startswith("/v1/me/") for call in log["calls"])


# --- Clock ----------------------------------------------------------------


def clock_ahead(stage: Stage) -> None:
    _wrong_clock(stage, _HOUR)


def clock_behind(stage: Stage) -> None:
    _wrong_clock(stage, -_HOUR)


def _wrong_clock(stage: Stage, seconds: int) -> None:
    """A second web and a second worker beside the right ones; then they are killed."""
    if find_spec("time_machine") is None:
        raise NotHere("time-machine is not installed: make setup")
    port = free_port(65536)
    wrong = {
        "PYTHONPATH": str(_WRONG_CLOCK),
        "WRONG_CLOCK_SECONDS": str(seconds),
        "BIND": f"127.0.0.1:{port}",
        "HOSTNAME": "wrong-clock",
    }
    with _started(stage, "web", wrong), _started(stage, "worker", wrong) as worker:
        until(lambda: page_answers(port, "/healthz"), _SOON)
        stage.load.send_half_to(f"http://127.0.0.1:{port}")
        _signal_worker(stage, signal.SIGSTOP)
        stage.note("half of the people on a web, all tasks on a worker, both wrong")
        stage.let_go_on(20)
        stage.wait_for_import()
        stage.note(f"killed with {stage.imports_held()} imports in its hands")
        _kill_session(worker)
        stage.load.send_all_back()
        _signal_worker(stage, signal.SIGCONT)
    stage.let_go_on(5)


def _signal_worker(stage: Stage, number: signal.Signals) -> None:
    """Hold the right worker, so that all tasks go to the other, or let it go on."""
    found = processes(stage.site.run_folder)
    for pid in (*found["worker head"], *found["worker"]):
        stage.site.kill(pid, number)


@contextmanager
def _started(
    stage: Stage, name: str, told: Mapping[str, str]
) -> Iterator[subprocess.Popen[bytes]]:
    log = stage.site.folder / f"wrong-{name}.log"
    with log.open("wb") as out:
        process = subprocess.Popen(  # noqa: S603 - our own command
            commands()[name],
            cwd=BASE_DIR,
            env=stage.site.environment(**told),
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            yield process
        finally:
            _kill_session(process)


def _kill_session(process: subprocess.Popen[bytes]) -> None:
    try:
        os.killpg(process.pid, 9)
    except ProcessLookupError:
        return
    process.wait()
