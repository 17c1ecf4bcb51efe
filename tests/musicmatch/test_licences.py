"""Nothing is brought in under a licence nobody looked at."""

from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from musicmatch import licences
from musicmatch.licences import BASE_DIR, Package, packages, table


def test_every_licence_is_known_and_allowed() -> None:
    found = packages()
    assert len(found) > 40
    assert [package for package in found if not package.is_allowed] == []


def test_the_page_says_the_same() -> None:
    page = (BASE_DIR / "docs" / "third-party.md").read_text(encoding="utf-8")
    assert table(packages()) in page


@pytest.mark.parametrize(
    ("licence", "is_allowed"),
    [
        ("MIT", True),
        ("GPL-3.0-only OR MIT", True),
        ("MIT AND BSD-3-Clause", True),
        ("MIT AND GPL-3.0-only", False),
        ("AGPL-3.0-or-later", False),
        ("unknown", False),
    ],
)
def test_every_part_counts_and_one_choice_is_enough(
    licence: str, is_allowed: bool
) -> None:
    assert Package("some", "1", licence).is_allowed is is_allowed


def test_what_nobody_knows_stops_the_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    call_command("licences")
    assert "django" in capsys.readouterr().out
    pins = tmp_path / "requirements.txt"
    pins.write_text("no-such-package==1.0 \\\n    --hash=sha256:0\n")
    monkeypatch.setattr(licences, "REQUIREMENTS", pins)
    monkeypatch.setattr(
        "musicmatch.management.commands.licences.packages", lambda: packages(pins)
    )
    with pytest.raises(CommandError, match="no-such-package"):
        call_command("licences")
