"""An import whose worker is killed goes on by itself and fetches nothing twice."""

import os
import re
import signal
from collections import Counter
from collections.abc import Callable

import requests

from tests.processes import Up, process_marks, until

pytestmark = process_marks

# A lease that a killed worker holds, and the round of the clock after it.
RESUME_SECONDS = 75.0


class Visitor:
    """A browser without a screen, signed in with the stand-in."""

    def __init__(self, up: Up) -> None:
        self.site = f"http://127.0.0.1:{up.port}"
        self.standin = re.findall(r"on port (\d+)", up.log.read_text())[0]
        self.session = requests.Session()

    def sign_in(self, listener: str) -> None:
        page = self.session.get(f"{self.site}/accounts/login/", timeout=10).text
        token = re.findall(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)[0]
        answer = self.session.post(
            f"{self.site}/accounts/spotify/login/",
            data={"csrfmiddlewaretoken": token},
            headers={"Referer": self.site},
            allow_redirects=False,
            timeout=10,
        )
        consent = f"{answer.headers['Location']}&listener={listener}"
        assert self.session.get(consent, timeout=10).url == f"{self.site}/welcome/"

    def control(self, action: str, **body: object) -> None:
        url = f"http://127.0.0.1:{self.standin}/_standin/{action}"
        requests.post(url, json=body, timeout=10).raise_for_status()

    def calls(self) -> Counter[str]:
        url = f"http://127.0.0.1:{self.standin}/_standin/log"
        rows = requests.get(url, timeout=10).json()["calls"]
        return Counter(
            f"{row['path']} {row['query'].get('time_range', '')}".strip()
            for row in rows
            if row["path"].startswith("/v1/me/")
        )

    def state(self) -> str:
        page = self.session.get(f"{self.site}/welcome/", timeout=10).text
        found = re.findall(r'data-run-state="(\w+)"', page)
        return found[0] if found else ""


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
