"""SECURITY.md says what is true: its files are there, and so are its tests."""

import re
from collections import Counter
from pathlib import Path

import pytest
from django.test import Client

from accounts.models import User
from accounts.passwords import SITE_WORDS
from tests.browser.addresses import all_routes

ROOT = Path(__file__).parents[2]
SECURITY = ROOT / "SECURITY.md"
_ROW = re.compile(r"^\| (\d+\.\d+\.\d+) \|(.*)\|$", re.MULTILINE)
_GROUP = re.compile(r"^\| (\d+\.\d+\.\d+(?:, \d+\.\d+\.\d+)*) \| ([^|]+) \|$", re.M)
_CODE = re.compile(r"`([^`]+)`")
_PATH = re.compile(
    r"^(?:accounts|deploy|docs|ingest|musicmatch|social|static|templates"
    r"|tests)/[\w./-]*$"
)
# Requirements of level 1 and 2 in each chapter of version 5.0.0.
CHAPTERS = {
    1: 27, 2: 11, 3: 19, 4: 10, 5: 9, 6: 35, 7: 18, 8: 7, 9: 7, 10: 29,
    11: 14, 12: 9, 13: 13, 14: 9, 15: 13, 16: 16, 17: 7,
}  # fmt: skip


def text() -> str:
    return SECURITY.read_text(encoding="utf-8")


def rows() -> dict[str, list[str]]:
    """Return the cells of each requirement that applies, by its number."""
    found = _ROW.findall(text())
    cells = {number: [c.strip() for c in rest.split("|")] for number, rest in found}
    return {number: row for number, row in cells.items() if len(row) == 5}


def groups() -> dict[str, str]:
    """Return why a requirement does not apply, by its number."""
    return {
        number: why
        for numbers, why in _GROUP.findall(text())
        for number in numbers.split(", ")
    }


def test_every_requirement_is_there_once() -> None:
    numbers = [*rows(), *groups()]
    assert len(numbers) == len(set(numbers)) == 253
    chapters = Counter(int(number.partition(".")[0]) for number in numbers)
    assert chapters == CHAPTERS


def test_every_row_says_how_it_stands() -> None:
    for number, (level, words, state, where, tests) in rows().items():
        assert level in {"1", "2"}, number
        assert words, number
        assert where, number
        assert state in {"met", "partly", "not met"}, number
        if state == "not met":
            assert tests == "–", number
            assert len(where) > 40, number
    states = Counter(row[2] for row in rows().values())
    said = (
        f"Of 253 requirements {states['met']} are met, {states['partly']} partly,"
        f" {states['not met']} are not, and {len(groups())} concern"
    )
    assert said in text()


def test_what_does_not_apply_has_a_reason() -> None:
    assert [number for number, why in groups().items() if len(why) < 8] == []


def test_every_file_is_there() -> None:
    named = [code for code in _CODE.findall(text()) if _PATH.match(code)]
    assert len(named) > 100
    assert sorted({name for name in named if not (ROOT / name).exists()}) == []


def test_every_test_is_there() -> None:
    named = [code for code in _CODE.findall(text()) if code.startswith("tests/")]
    missing = set()
    for name in named:
        path, _, function = name.partition("::")
        source = ROOT / path
        if function and f"def {function}(" not in source.read_text(encoding="utf-8"):
            missing.add(name)
    assert len([name for name in named if "::" in name]) > 60
    assert missing == set()


def test_words_of_passwords_are_written_down() -> None:
    assert [word for word in SITE_WORDS if word not in text()] == []


@pytest.mark.django_db
@pytest.mark.parametrize("method", ["TRACE", "PUT", "PATCH", "DELETE", "BREW"])
def test_no_page_answers_trace(client: Client, ada: User, method: str) -> None:
    User.objects.filter(pk=ada.pk).update(is_staff=True, is_superuser=True)
    client.force_login(User.objects.get(pk=ada.pk))
    fixed = [r.path for r in all_routes() if not set("<(?^$") & set(r.path)]
    assert len(fixed) > 30
    answers = {path: client.generic(method, f"/{path}").status_code for path in fixed}
    assert set(answers.values()) == {405}
    assert client.get("/admin/").status_code == 200
