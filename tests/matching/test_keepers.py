"""Two machines as processes: they share Postgres and Redis, and no folder."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.db import connection, connections

from matching import engine
from matching.models import Edition, Keeper
from tests.conftest import require_or_skip
from tests.factories import make_person, make_taste
from tests.processes import until

ROOT = Path(__file__).parents[2]


@contextmanager
def keeper(folder: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """A machine's ``keep_index`` on the database of this test."""
    values = connection.settings_dict
    url = (
        f"postgres://{values['USER']}:{values['PASSWORD']}@{values['HOST']}"
        f":{values['PORT'] or 5432}/{values['NAME']}"
    )
    environment = {
        **os.environ,
        "DATABASE_URL": url,
        "DATA_DIR": str(folder),
        "DEBUG": "1",
        "DJANGO_SETTINGS_MODULE": "musicmatch.settings",
        "LOG_LEVEL": "INFO",
        "OPENBLAS_NUM_THREADS": "1",
    }
    folder.mkdir(exist_ok=True)
    with (folder / "log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "manage.py", "keep_index"],
            cwd=ROOT,
            env=environment,
            stderr=log,
        )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.terminate()
            assert process.wait(20) == 0


def edition_of(folder: Path) -> int:
    try:
        return engine.Index.load(folder / "index").edition
    except (engine.IndexMissing, engine.IndexCorrupt):
        return 0


def grow_old() -> None:
    """Let the edition that serves be a day old, wherever it is in use."""
    connections["default"].close()
    serving = Edition.objects.serving().latest("number")
    built_at = serving.built_at - timedelta(hours=25)
    Edition.objects.filter(pk=serving.pk).update(built_at=built_at)


@pytest.mark.process
@pytest.mark.django_db(transaction=True)
def test_two_machines_change_over_together(tmp_path: Path, settings: Any) -> None:
    """One counts; both build; one is killed in between; nobody counts twice."""
    require_or_skip(
        connection.vendor == "postgresql"
        and str(django_settings.REDIS_URL).startswith("redis://"),
        "Postgres with Redis",
    )
    for number in range(12):
        make_taste(make_person(f"person_{number}"), ["Sade", "Low", f"Of {number}"])
    folders = [tmp_path / "one", tmp_path / "other"]
    with ExitStack() as machines:
        one, other = (machines.enter_context(keeper(folder)) for folder in folders)
        assert until(lambda: all(map(edition_of, folders)), 60)
        first = edition_of(folders[0])
        assert [edition_of(folder) for folder in folders] == [first, first]
        assert Edition.objects.count() == 1
        assert Keeper.objects.count() == 2
        one.send_signal(signal.SIGKILL)
        one.wait()
        grow_old()
        # The other counts anew, and waits for the one that was up just now.
        assert until(lambda: Keeper.objects.filter(ready__gt=first).exists(), 40)
        newest = Edition.objects.latest("number").number
        assert edition_of(folders[1]) == first
        machines.enter_context(keeper(folders[0]))
        moments = [0.0, 0.0]
        latest = time.monotonic() + 60
        while not all(moments) and time.monotonic() < latest:
            for at, folder in enumerate(folders):
                if not moments[at] and edition_of(folder) == newest:
                    moments[at] = time.monotonic()
            time.sleep(0.05)
        assert all(moments), (folders[0] / "log").read_text()[-2000:]
        # Half a second at rest; the machine of the tests is not.
        assert abs(moments[0] - moments[1]) < 8
        assert Edition.objects.latest("number").number == newest
        assert other.poll() is None
