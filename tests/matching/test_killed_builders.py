"""Builders are killed with nothing said, at any moment, and boards stay right."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

# Their databases are always SQLite.
pytestmark = pytest.mark.once

ROOT = Path(__file__).parents[2]
KILLS = 100
_NOT_PASSED_ON = {"DATABASE_URL", "REDIS_URL"}


def run_apart(folder: Path, *arguments: str, seconds: float) -> Any:
    """Run Python on a database and an index of its own."""
    environment = {
        **{k: v for k, v in os.environ.items() if k not in _NOT_PASSED_ON},
        "DATA_DIR": str(folder),
        "DEBUG": "1",
        "DJANGO_SETTINGS_MODULE": "musicmatch.settings",
        "LOG_LEVEL": "WARNING",
        "OPENBLAS_NUM_THREADS": "1",
        "PYTHONPATH": str(ROOT),
    }
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=seconds,
    )


@pytest.mark.process
@pytest.mark.skipif(not hasattr(os, "fork"), reason="builders are forked")
def test_a_hundred_killed_builders_spoil_nothing(tmp_path: Path) -> None:
    script = str(Path(__file__).with_name("kill_builders.py"))
    done = run_apart(tmp_path, script, str(KILLS), seconds=400)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["wrong"] == []
    assert found["crashed"] == 0
    assert found["boards"] >= 2 * KILLS
    # Most were in the middle of it.
    assert found["half_done"] > KILLS / 4
    assert "cannot be read" not in done.stderr


@pytest.mark.process
def test_a_few_seconds_of_everything_at_once(tmp_path: Path) -> None:
    command = ["-m", "django", "soak_index", "--minutes=0.1", "--people=80"]
    done = run_apart(tmp_path, *command, seconds=300)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Nothing differs" in done.stdout
    assert "Nothing was wrong." in done.stdout
    asked = [line for line in done.stdout.splitlines() if line.startswith("asker")]
    assert len(asked) == 2
    assert all(" boards, " in line and " 0 violations" in line for line in asked)
