"""The benchmark of an upload measures, keeps its limits and leaves nothing behind."""

import tempfile
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from ingest.models import ImportRun
from musicmatch.management.commands import bench_export


def test_a_small_history_is_measured(
    db: None, capsys: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    # How fast a busy machine is, is no matter of a test.
    limits = {**bench_export.LIMITS, "rows_a_second": (1, "least")}
    monkeypatch.setattr(bench_export, "LIMITS", limits)
    call_command("bench_export", plays=2000, years=2)
    said = capsys.readouterr().out
    assert "rows read a second" in said
    assert "bytes in the database for each artist and month" in said
    assert list(tmp_path.iterdir()) == []
    assert not ImportRun.objects.exists()


def test_a_missed_limit_fails(
    db: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    figures = dict.fromkeys([*bench_export._WORDS, "rows", "pairs"], 0.0)
    monkeypatch.setattr(bench_export, "_apart", lambda *_: {**figures})
    with pytest.raises(CommandError, match="rows_a_second"):
        call_command("bench_export", plays=10, years=1)


def test_it_never_measures_where_data_is_kept(db: None, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="data that is kept"):
        call_command("bench_export", here=tmp_path / "export.zip")
    assert not ImportRun.objects.exists()
