"""Imports on the whole running site: seen by others at once, and never lost."""

import os
import signal
import time
from collections.abc import Callable

from tests.processes import Up, Visitor, process_marks, until

pytestmark = process_marks

# A lease that a killed worker holds, and the round of the clock after it.
RESUME_SECONDS = 60.0
SEEN_SECONDS = 5.0


def test_import_goes_on_after_its_worker_was_killed(
    start: Callable[[int], Up],
) -> None:
    up = start(0)
    assert up.has_started(), up.log.read_text()
    visitor = Visitor(up)
    slow = "/v1/me/top/tracks"
    visitor.control("fault", path=slow, kind="slow", seconds=8)
    visitor.sign_in("marisol")
    # A call is in the log once it is answered: the next one hangs by now.
    assert until(lambda: sum(visitor.calls().values()) == 3)

    worker = up.pid_of(" worker ")
    assert worker is not None
    os.kill(worker, signal.SIGKILL)
    visitor.control("clear")
    assert visitor.state() == "running"

    assert until(lambda: visitor.state() == "done", RESUME_SECONDS), visitor.state()
    calls = visitor.calls()
    # The call that was under way is made again, and may be in the log twice.
    assert calls.pop(f"{slow} short_term") in {1, 2}
    assert set(calls.values()) == {1}
    assert len(calls) == 6


def test_a_new_import_is_in_the_lists_of_others_within_seconds(
    start: Callable[[int], Up],
) -> None:
    up = start(5)
    assert up.has_started(), up.log.read_text()
    one, other = Visitor(up), Visitor(up)
    for visitor, listener in ((one, "marisol"), (other, "tobin")):
        visitor.sign_in(listener)
        visitor.join(f"is_{listener}")

    assert until(lambda: other.state_of_source() == "done")
    done = time.monotonic()
    assert until(lambda: 'data-person="is_tobin"' in one.page("/matches/"))
    assert time.monotonic() - done < SEEN_SECONDS
    assert 'data-person="is_marisol"' in other.page("/matches/")
