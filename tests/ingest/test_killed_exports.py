"""An upload whose worker is killed half-way is read to its end by the next one."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from musicmatch.standins.exports import Plan, write_exports
from tests.processes import NOT_PASSED_ON

ROOT = Path(__file__).resolve().parents[2]
_PATIENCE = 180.0


class Site:
    """A site of its own in a folder: a database, and uploads that wait."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self.database = folder / "db.sqlite3"
        passed = {k: v for k, v in os.environ.items() if not NOT_PASSED_ON.match(k)}
        self.environment = {
            **passed,
            "DJANGO_SETTINGS_MODULE": "musicmatch.settings",
            "DATA_DIR": str(folder),
            "DATABASE_URL": f"sqlite:///{self.database}",
            "LOG_LEVEL": "ERROR",
        }

    def begin(self, *arguments: str) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [sys.executable, "-m", "tests.ingest.export_worker", *arguments],
            cwd=ROOT,
            env=self.environment,
            stdout=subprocess.PIPE,
            text=True,
        )

    def run(self, *arguments: str) -> str:
        process = self.begin(*arguments)
        said, _ = process.communicate(timeout=_PATIENCE)
        assert process.returncode == 0
        return said

    def progress(self) -> int:
        with closing(sqlite3.connect(self.database, timeout=5)) as rows:
            [[done]] = rows.execute("SELECT done_steps FROM ingest_importrun")
        return int(done)

    def advance(self, later: str = "0") -> dict[str, Any]:
        """Carry the import on; return what is kept then."""
        found: dict[str, Any] = json.loads(self.run("advance", later))
        return found


@pytest.fixture(scope="module")
def export(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("export")
    until = datetime.now(UTC)
    plan = Plan(years=6, plays=80_000, until=until, seed=11)
    write_exports(
        folder, plan, extended=True, account=False, is_zipped=True, is_messy=False
    )
    [path] = folder.glob("*.zip")
    return path


def test_a_killed_import_ends_as_one_that_was_not(export: Path, tmp_path: Path) -> None:
    whole, broken = Site(tmp_path / "whole"), Site(tmp_path / "broken")
    for site in (whole, broken):
        site.run("receive", str(export))
    worker = broken.begin("advance_visibly")
    latest = time.monotonic() + _PATIENCE
    while not 0 < broken.progress() < 99:
        assert worker.poll() is None, "it ended before it could be killed"
        assert time.monotonic() < latest
        time.sleep(0.02)
    worker.send_signal(signal.SIGKILL)
    worker.communicate()
    # Until its lease has run out nobody else touches it.
    left = broken.advance()
    assert (left["state"], left["months"], left["uploads"]) == ("running", [], 1)
    ended, once = broken.advance("60"), whole.advance()
    assert (ended.pop("attempts"), once.pop("attempts")) == (2, 1)
    assert ended == once
    assert ended["state"] == "done"
    assert len(ended["months"]) in {72, 73}
    assert ended["uploads"] == 0
