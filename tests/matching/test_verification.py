"""What is compared finds what is wrong, wherever it is."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.conf import settings
from django.core.management import CommandError, call_command

from accounts.models import User
from accounts.services import matching_pause
from matching import engine, services
from matching.models import Taste
from matching.soak.writing import Writer
from matching.verification import BruteForce, Verification, boards, wrong_board
from matching.verification.formula import tie
from tests.factories import make_taste

PEOPLE = 40


@pytest.fixture
def crowd(db: None, now: datetime) -> None:
    """People with genres and sound, an index of them, and some changes since."""
    writer = Writer("crowd", seed=3)
    writer.settle(PEOPLE)
    services.index_rebuild(now=now)
    for _ in range(12):
        writer.step()


def differences(*, sample: int = PEOPLE) -> list[str]:
    checks = Verification(sample=sample, seed=1).checks()
    return [words for check in checks for words in check.differences]


def said(**options: Any) -> str:
    out = StringIO()
    call_command("verify_index", stdout=out, **options)
    return out.getvalue()


@contextmanager
def bytes_of(folder: Path, part: str, array: str) -> Iterator[Any]:
    """An array of the newest generation, to be changed in its file."""
    manifest = json.loads((folder / "MANIFEST.json").read_text())
    about = manifest["parts"][part]
    kind, shape, start = about["arrays"][array]
    size = np.dtype(kind).itemsize * int(np.prod(shape))
    path = folder / about["file"]
    whole = bytearray(path.read_bytes())
    found = np.frombuffer(bytes(whole[start : start + size]), kind).copy()
    yield found
    whole[start : start + size] = found.tobytes()
    path.unlink()
    path.write_bytes(whole)


def test_nothing_differs(crowd: None) -> None:
    assert differences() == []
    services.index_compact()
    assert differences() == []
    text = said(sample=5, seed=2)
    assert "Nothing differs" in text
    assert "the boards of 5 people, against the formula: the same" in text


def test_frozen_counts_are_compared_while_they_are_of_these_people(
    crowd: None, now: datetime
) -> None:
    assert "the frozen counts" not in said()
    services.index_rebuild(now=now)
    assert "the frozen counts: the same" in said()


def test_an_empty_community_can_be_verified(db: None, now: datetime) -> None:
    services.index_rebuild(now=now)
    assert "0 people" in said()


def test_without_an_index_it_says_so(db: None) -> None:
    with pytest.raises(CommandError, match="There is no index to verify"):
        said()


# --- The database -------------------------------------------------------------


def visible() -> list[int]:
    """Those whom the index itself knows as they are."""
    known = engine.Index.load(settings.INDEX_DIR).watermark
    people = Taste.objects.filter(is_visible=True, seq__lte=known)
    return list(people.order_by("person_id").values_list("person_id", flat=True))


def test_another_taste_is_found(crowd: None) -> None:
    first, second = visible()[:2]
    blob = Taste.objects.get(person=second).blob
    Taste.objects.filter(person=first).update(blob=blob)
    assert f"another taste in the index: persons {first}" in differences(sample=0)
    with pytest.raises(CommandError, match="not what it should be"):
        said()


def test_another_country_is_found(crowd: None) -> None:
    person = visible()[0]
    Taste.objects.filter(person=person).update(country="XY")
    assert differences() == [f"another taste in the index: persons {person}"]


def test_someone_uninvited_is_found(crowd: None) -> None:
    first, second = visible()[:2]
    Taste.objects.filter(person__in=[first, second]).update(is_visible=False)
    words = f"in the index and not in the database: persons {first}, {second}"
    assert differences() == [words]


def test_someone_missing_is_found(crowd: None, now: datetime) -> None:
    person = User.objects.get(pk=visible()[0])
    matching_pause(person=person, now=now)
    services.index_compact()
    assert differences() == []
    Taste.objects.filter(person=person).update(is_visible=True)
    assert differences() == [f"not in the index: persons {person.pk}"]


def test_what_changed_since_is_not_compared(
    crowd: None, monkeypatch: Any, now: datetime
) -> None:
    """Imports and departures while it runs are no differences."""
    verification = Verification(sample=PEOPLE, seed=1)
    changed, gone = User.objects.filter(pk__in=visible())[:2]
    make_taste(changed, ["Sade", "Low"])
    gone.delete()
    assert [c for check in verification.checks() for c in check.differences] == []
    assert differences() == []


# --- The files ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("array", "words"),
    [
        ("people.closeness", "measured again, the row is another"),
        ("people.rows.artist_scale", "measured again, the row is another"),
        ("people.rows.tails", "measured again, the row is another"),
        ("people.rows.columns.artists.weights", "another taste in the index"),
        ("people.rows.columns.audio", "another taste in the index"),
        ("artists.members", "its lists by artist are not its people's"),
        ("artists.weights", "its lists by artist are not its people's"),
        ("genres.members", "its lists by genre are not its people's"),
        ("finder.ids", "its people are not where they are looked for"),
        ("finder.rows", "its people are not where they are looked for"),
        ("blocks.middles", "its bounds are not those of its people"),
        ("blocks.spreads", "its bounds are not those of its people"),
        ("blocks.widest", "its bounds are not those of its people"),
        ("blocks.away", "its bounds are not those of its people"),
        ("scales", "its bounds are not those of its people"),
    ],
)
def test_spoilt_bytes_are_found(
    crowd: None, now: datetime, array: str, words: str
) -> None:
    services.index_rebuild(now=now)
    with bytes_of(settings.INDEX_DIR, "segment-0", array) as values:
        values.view(np.uint8).reshape(len(values), -1)[np.nanargmax(values), -1] ^= 1
    found = differences()
    assert any(words in difference for difference in found), found


@pytest.mark.parametrize(
    ("array", "words"),
    [
        ("artists.counts", "n_a are not what counting them again gives"),
        ("genres.counts", "n_g are not what counting them again gives"),
        ("audio_mean", "the mean or spread of the sound"),
    ],
)
def test_spoilt_counts_are_found(
    crowd: None, now: datetime, array: str, words: str
) -> None:
    services.index_rebuild(now=now)
    with bytes_of(settings.INDEX_DIR, "statistics", array) as values:
        values[0] += 1
    found = differences()
    assert any(words in difference for difference in found), found


def test_files_left_over_are_found(crowd: None) -> None:
    (settings.INDEX_DIR / "segment-7-000009.part").write_bytes(b"left")
    assert differences() == ["left over: segment-7-000009.part"]


# --- The answers --------------------------------------------------------------


@pytest.fixture
def viewer(crowd: None) -> int:
    view = Verification(sample=0, seed=1).view
    found = [p for p in visible() if len(engine.Comparison(view, p).closest(9)) > 5]
    return found[0]


def wrong(viewer: int) -> list[str]:
    view = Verification(sample=0, seed=1).view
    return list(wrong_board(view, BruteForce(view), viewer, 5))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda ids, s: (ids[::-1], s[::-1]), "is not in order"),
        (lambda ids, s: (ids[1:], s[1:]), "should be listed"),
        (lambda ids, s: (ids, s * (1 + 1e-7)), "by the formula"),
        (lambda ids, s: (np.append(10**9, ids[1:]), s), "should not be listed"),
        (lambda ids, s: (np.append(ids[0], ids[:-1]), s), "listed twice"),
    ],
)
def test_a_wrong_board_is_found(
    viewer: int, monkeypatch: Any, change: Any, words: str
) -> None:
    assert wrong(viewer) == []
    closest = engine.Comparison.closest

    def spoilt(comparison: Any, *asked: Any) -> engine.Closest:
        found = closest(comparison, *asked)
        ids, similarity = change(found.person_ids, found.similarity)
        return replace(found, person_ids=ids, similarity=similarity)

    monkeypatch.setattr(engine.Comparison, "closest", spoilt)
    found = wrong(viewer)
    assert any(words in difference for difference in found), found


def test_a_quick_way_that_leaves_someone_out_is_found(
    viewer: int, monkeypatch: Any
) -> None:
    """The bound is cut short: someone close is taken for out of reach."""
    monkeypatch.setattr(engine.Comparison, "_floor", lambda self, s: np.float32(9.0))
    found = wrong(viewer)
    assert any("the quick way gives another board" in words for words in found)
    assert not any("the usual way" in words for words in found)


def test_a_receipt_that_does_not_add_up_is_found(viewer: int, monkeypatch: Any) -> None:
    view = Verification(sample=0, seed=1).view
    assert list(boards.wrong_receipts(view, viewer)) == []
    explain = engine.explain

    def without_its_first_row(*asked: Any) -> engine.Receipt:
        receipt = explain(*asked)
        return replace(receipt, rows=receipt.rows[1:])

    monkeypatch.setattr(engine, "explain", without_its_first_row)
    found = list(boards.wrong_receipts(view, viewer))
    assert any("the printed rows do not add up" in words for words in found)
    assert any("the terms add up to" in words for words in found)


def test_the_hash_of_ties_is_that_of_the_engine() -> None:
    from matching.engine.hashing import mixed

    ids = np.array([1, 2, 10**6, 2**40 + 7])
    for viewer in (1, 12345, 2**33):
        assert [tie(viewer, p) for p in ids.tolist()] == mixed(viewer, ids).tolist()
