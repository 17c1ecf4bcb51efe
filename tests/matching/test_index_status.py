"""The terminal says how the index stands, and fails when there is none."""

import json
from datetime import datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.core.files import locks
from django.core.management import call_command

from accounts.models import User
from matching import services
from matching.changes import newest_seq
from tests.factories import make_person, make_taste


def lines(*, fails: bool = False) -> list[str]:
    out = StringIO()
    if fails:
        with pytest.raises(SystemExit) as ended:
            call_command("index_status", stdout=out)
        assert ended.value.code == 1
    else:
        call_command("index_status", stdout=out)
    return out.getvalue().splitlines()


def as_json() -> dict[str, Any]:
    out = StringIO()
    call_command("index_status", "--json", stdout=out)
    return dict(json.loads(out.getvalue()))


def test_it_says_how_the_index_stands(
    community: list[User], now: datetime, settings: Any
) -> None:
    with time_machine.travel(now + timedelta(hours=3), tick=False):
        found = lines()
    files = [path.stat().st_size for path in settings.INDEX_DIR.glob("*.part")]
    assert found == [
        f"Generation 1, score version 2, in {settings.INDEX_DIR}",
        "Built 2026-11-22 12:00:00 UTC, 3 hours ago",
        f"Knows changes up to {newest_seq()}; 0 changes since",
        "4 people in 1 segment: 4",
        "9 artists, 0 with a direction: too few people to fit any",
        f"3 files, {sum(files):,} bytes, {sum(files) / 4:,.0f} a person",
        "Not due.",
    ]


def test_it_says_how_far_behind_and_why_it_is_due(
    community: list[User], now: datetime
) -> None:
    known = newest_seq()
    make_taste(community[0], ["Low"])
    community[1].delete()
    with time_machine.travel(now + timedelta(hours=3), tick=False):
        found = lines()
    assert f"Knows changes up to {known}; 2 changes since" in found
    assert found[-1] == "Due to be built: a twentieth of its people changed."
    with time_machine.travel(now + timedelta(days=2), tick=False):
        assert lines()[-1] == "Due to be built: it is a day old."
    with time_machine.travel(now - timedelta(hours=1), tick=False):
        found = lines()
    assert "Built 2026-11-22 12:00:00 UTC, which is in the future" in found
    assert found[-1] == "Due to be built: it was built in the future."


def test_a_compaction_and_what_is_kept_are_named(
    community: list[User], now: datetime
) -> None:
    make_taste(make_person("eve_new"), ["Sade"])
    community[1].delete()
    services.index_compact()
    found = lines()
    assert found[0].startswith("Generation 2, ")
    assert any(line.startswith("Compacted since, last 20") for line in found)
    assert "Generation 1 is kept, to fall back on" in found
    status = as_json()
    assert (status["generation"], status["counted_in"]) == (2, 1)
    assert (status["people"], status["changes"]) == (4, 0)
    assert sum(s["people"] - s["hidden"] for s in status["segments"]) == 4
    assert status["older"] == [{"generation": 1, "wrong": ""}]
    assert status["bytes_per_person"] == status["size"] / 4


def test_a_builder_at_work_is_named(community: list[User], settings: Any) -> None:
    assert "A builder is at work." not in lines()
    with (settings.INDEX_DIR / "build.lock").open("w") as other:
        locks.lock(other, locks.LOCK_EX)
        assert lines()[-1] == "A builder is at work."
        assert as_json()["is_building"]


def test_without_an_index_it_fails(db: None, settings: Any) -> None:
    found = lines(fails=True)
    assert found == [
        f"No index can be read in {settings.INDEX_DIR}:"
        f" No MANIFEST.json in {settings.INDEX_DIR}.",
        "Due to be built: there is none that can be read.",
    ]
    assert not Path(settings.INDEX_DIR).exists()


def test_a_spoilt_file_is_named(
    community: list[User], now: datetime, settings: Any
) -> None:
    services.index_rebuild(now=now)
    path = settings.INDEX_DIR / "segment-0-000002.part"
    path.write_bytes(path.read_bytes()[:-1])
    first, second, *_ = lines(fails=True)
    assert "segment-0-000002.part is not " in first
    assert second.startswith("Generation 2 is kept, which cannot be read: segment-0")
    (settings.INDEX_DIR / "MANIFEST.json").write_text("{")
    found = lines(fails=True)
    assert "MANIFEST.json cannot be read as JSON" in found[0]
    assert "Generation 1 is kept, to fall back on" in found


def test_an_index_of_another_database_is_none(
    community: list[User], settings: Any
) -> None:
    path = settings.INDEX_DIR / "MANIFEST.json"
    manifest = json.loads(path.read_text()) | {"watermark": newest_seq() + 9}
    path.write_text(json.dumps(manifest))
    found = lines(fails=True)
    known = newest_seq()
    words = f"The index knows {known + 9} changes, the database only {known}."
    assert words in found[0]
