"""What a run showed, in numbers."""

from pathlib import Path

import pytest

from musicmatch.proofs.figures import Tally, percentile
from musicmatch.proofs.memory import Trend, processes, pss_megabytes


@pytest.mark.parametrize(
    ("point", "value"), [(50, 50.0), (95, 95.0), (99, 99.0), (100, 100.0)]
)
def test_percentiles_are_values_that_were_met(point: int, value: float) -> None:
    assert percentile(map(float, range(100, 0, -1)), point) == value


def test_the_percentile_of_nothing_is_nothing() -> None:
    assert percentile([], 50) == 0.0


def test_a_tally_tells_answers_refusals_and_failures_apart() -> None:
    tally = Tally()
    for milliseconds in range(1, 101):
        tally.answered("board", milliseconds / 1000)
    tally.answered("thread", 1.0)
    tally.refuse("send (429 “Too many”)")
    tally.fail("board", "500 “Sorry”")
    tally.fail("board", "500 “Sorry”")
    tally.fail("send", "500 “”", shows_code=True)
    lines = "\n".join(tally.lines(10.0))
    assert (tally.answers, tally.errors, tally.code_shown) == (101, 3, 1)
    board, thread, everything = lines.splitlines()[1:4]
    assert board.split() == ["board", "100", "10.0", "50", "95", "99"]
    assert thread.split() == ["thread", "1", "0.1", "1000", "1000", "1000"]
    assert everything.split()[:3] == ["all", "101", "10.1"]
    assert "refused by a limit: 1 × send (429 “Too many”)" in lines
    assert "  2 × board: 500 “Sorry”" in lines
    assert "  1 × send: 500 “”, WITH CODE" in lines


def test_a_trend_is_that_of_the_second_half() -> None:
    """What a process loads at first is no leak."""
    grows_at_first = [(0.0, 50.0), (60.0, 90.0), (120.0, 90.0), (180.0, 90.0)]
    assert Trend("web 1", tuple(grows_at_first)).per_hour == 0.0
    leaks = Trend("web 1", tuple((60.0 * at, 90.0 + at) for at in range(10)))
    assert leaks.per_hour == pytest.approx(60.0)
    assert str(leaks).startswith("web 1: 90 MB at first, 95 half-way, 99 at the end")


def test_processes_are_heads_and_what_they_forked(tmp_path: Path) -> None:
    import os
    import subprocess
    import sys

    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    try:
        (tmp_path / "web.pid").write_text(f"{os.getpid()}\n")
        found = processes(tmp_path)
        assert found["web head"] == [os.getpid()]
        assert child.pid in found["web"]
        assert "worker" not in found
        assert pss_megabytes(os.getpid()) > 1
    finally:
        child.communicate(b"\n")
    with pytest.raises(OSError, match="No such file"):
        pss_megabytes(child.pid)
