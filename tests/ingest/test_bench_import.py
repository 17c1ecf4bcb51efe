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
    call_command("bench_import", times=2, latency=0.01, people=9, batches=3, size=9)
    lines = capfd.readouterr().out
    light, *heavy = map(int, re.findall(r"of \d+: (\d+) queries", lines))
    assert max(light, *heavy) <= 45
    [few, many] = re.findall(r"Among 9 people: (\d+) .* (\d+) queries without", lines)[
        0
    ]
    assert int(few) == int(many) == heavy[-1]
    assert "70 artists, 85 tracks" in lines
    assert "Our own time: 0." in lines
    assert re.search(r"other: [\d.]+ imports a second, median of 3 batches of 9", lines)
    assert len(re.findall(r"One worker .*: [\d.]+ imports a second", lines)) == 2
    assert re.search(r"Peak memory of the process: \d+ MB", lines)
    assert list(tmp_path.iterdir()) == []
    assert not ImportRun.objects.exists()


def test_it_never_measures_where_data_is_kept(db: None) -> None:
    with pytest.raises(CommandError, match="data that is kept"):
        call_command("bench_import", here=True)
    assert not ImportRun.objects.exists()


@pytest.mark.parametrize(
    "amounts", [{"times": 0}, {"people": 0}, {"batches": -1}, {"size": 8}]
)
def test_it_asks_for_numbers_it_can_use(db: None, amounts: dict[str, int]) -> None:
    with pytest.raises(CommandError, match="Give a number"):
        call_command("bench_import", **amounts)
