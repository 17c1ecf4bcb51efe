"""The benchmark of an import measures, keeps its limits and leaves nothing behind."""

import re
import tempfile
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from ingest.models import ImportRun


def test_an_import_keeps_its_limits(
    db: None, capfd: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("DATABASE_URL_FILE", str(tmp_path / "the host's own"))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    call_command("bench_import", times=1, latency=0.11)
    lines = capfd.readouterr().out
    light, heavy = map(int, re.findall(r"of \d+: (\d+) queries", lines))
    # The first one looks at the gate's row, which the second finds in the cache.
    assert light - 1 <= heavy <= light <= 45
    assert "70 artists, 85 tracks" in lines
    assert "Our own time: 0." in lines
    assert re.search(r"Peak memory of the process: \d+ MB", lines)
    assert list(tmp_path.iterdir()) == []
    assert not ImportRun.objects.exists()


def test_it_never_measures_where_data_is_kept(db: None) -> None:
    with pytest.raises(CommandError, match="data that is kept"):
        call_command("bench_import", here=True)
    assert not ImportRun.objects.exists()


def test_it_asks_for_a_number_it_can_use(db: None) -> None:
    with pytest.raises(CommandError, match="from 1 up"):
        call_command("bench_import", times=0)
