"""Processes of the site that die, come twice, or are replaced."""

import signal
import subprocess
import sys
from functools import partial

from musicmatch.proofs.faults.stage import Stage
from musicmatch.proofs.memory import processes
from musicmatch.proofs.site import until
from musicmatch.stack.options import BASE_DIR
from musicmatch.supervisor.ports import page_answers

_TIMES = 3
_BETWEEN = 3.0
_SOON = 60.0


def worker_killed(stage: Stage) -> None:
    """Kill it with all it forked, each time in the middle of an import."""
    for _ in range(_TIMES):
        stage.wait_for_import()
        before = stage.site.pid("worker")
        held = stage.imports_held()
        for pid in processes(stage.site.run_folder)["worker"]:
            stage.site.kill(pid)
        stage.site.kill(before)
        stage.note(f"killed at {held} imports")
        stage.came_back("a new worker", partial(_is_new, stage, "worker", before))
        stage.let_go_on(_BETWEEN)


def web_killed(stage: Stage) -> None:
    """Kill one of the processes that answer, three times; gunicorn forks another."""
    for _ in range(_TIMES):
        before = processes(stage.site.run_folder)["web"]
        stage.site.kill(before[0])
        stage.came_back("a new web worker", partial(_forked, stage, before))
        stage.let_go_on(_BETWEEN)


def _forked(stage: Stage, before: list[int]) -> bool:
    now = processes(stage.site.run_folder).get("web", [])
    return before[0] not in now and len(now) == len(before)


def beat_killed(stage: Stage) -> None:
    before = stage.site.pid("beat")
    stage.site.kill(before)
    stage.came_back("a new beat", lambda: _is_new(stage, "beat", before))
    stage.let_go_on(15)


def _is_new(stage: Stage, name: str, before: int) -> bool:
    try:
        return stage.site.pid(name) != before
    except (OSError, ValueError):
        return False


def two_beats(stage: Stage) -> None:
    """Somebody starts a second one, and everything due comes twice."""
    second = subprocess.Popen(
        [sys.executable, "-m", "musicmatch.supervisor.clock"],
        cwd=BASE_DIR,
        env=stage.site.environment(TMPDIR=str(stage.site.folder)),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        stage.let_go_on(70)
        stage.note("for 70 s, in which every task of a minute is due")
        if second.poll() is not None:
            stage.note("the second one ended by itself")
    finally:
        second.terminate()
        second.wait()


def deploy(stage: Stage) -> None:
    """Replace web and worker by new ones, in the order of a deploy, nobody waiting."""
    site = stage.site
    site.manage("migrate", "--no-input")
    before = processes(site.run_folder)["web"]
    site.kill(site.pid("web"), signal.SIGHUP)
    stage.came_back(
        "all web workers new",
        lambda: not {*before} & {*processes(site.run_folder).get("web", [])},
    )
    worker = site.pid("worker")
    site.kill(worker, signal.SIGTERM)
    stage.came_back("a new worker", lambda: _is_new(stage, "worker", worker))
    beat = site.pid("beat")
    site.kill(beat, signal.SIGTERM)
    stage.came_back("a new beat", lambda: _is_new(stage, "beat", beat))
    until(lambda: page_answers(site.options.web_port, "/healthz"), _SOON)
    stage.let_go_on(5)
