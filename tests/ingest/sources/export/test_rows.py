"""Rows are cut from text of any size, and damage costs no more than its own row."""

import json
import time
import tracemalloc
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.sources.export import rows as module
from ingest.sources.export.rows import LONGEST_ROW, Rows
from tests.ingest.sources.export.builders import (
    AUDIO,
    bare,
    extended,
    read,
    rows,
)

MB = 1024 * 1024
GOOD = [{"ts": str(number), "ms_played": number} for number in range(5)]
BEFORE, *_, AFTER = GOOD


def cut(text: str, *, size: int = 128 * 1024) -> Rows:
    return Rows(text[at : at + size] for at in range(0, len(text), size))


def dumped(*values: str | dict[str, Any]) -> str:
    texts = [v if isinstance(v, str) else json.dumps(v) for v in values]
    return "[\n" + ",\n".join(texts) + "\n]"


@pytest.mark.parametrize("indent", [None, 0, 2, "\t"])
def test_an_array_is_its_values(indent: int | str | None) -> None:
    found = cut(json.dumps(GOOD, indent=indent))
    assert list(found) == GOOD
    assert (found.beginning[0], found.broken, found.is_whole) == ("[", 0, True)


def test_brackets_and_commas_are_not_insisted_upon() -> None:
    lines = [json.dumps(row) for row in GOOD]
    for text in ("\n".join(lines), f"\ufeff[{lines[0]}][{','.join(lines[1:])},,]"):
        found = cut(text)
        assert list(found) == GOOD
        assert (found.broken, found.is_whole) == (0, True)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=6,
)


@given(
    st.lists(st.dictionaries(st.text(max_size=5), json_values, max_size=4)),
    st.integers(1, 40),
    st.booleans(),
)
def test_where_pieces_end_changes_nothing(
    values: list[dict[str, Any]], size: int, ascii_only: bool
) -> None:
    text = json.dumps(values, ensure_ascii=ascii_only)
    found = cut(text, size=size)
    assert list(found) == values
    assert (found.broken, found.is_whole) == (0, True)


BROKEN = {
    "cut off": '{"ts": "2020", "ms_played": 1',
    "cut in a string": '{"ts": "20',
    "cut at a key": '{"ts',
    "only opened": "{",
    "no quote": '{"ts": "2020, "ms_played": 1}',
    "no colon": '{"ts" "2020", "ms_played": 1}',
    "no comma": '{"ts": "2020" "ms_played": 1}',
    "a word": '{"ts": tru, "ms_played": 1}',
    "control sign": '{"ts": "20\n20", "ms_played": 1}',
    "bad escape": '{"ts": "20\\x20", "ms_played": 1}',
    "huge number": '{"ts": "2020", "ms_played": ' + "9" * 5000 + "}",
    "deep": '{"ts": ' + '{"a":' * 5000 + "1" + "}" * 5000 + "}",
    "deep and open": '{"ts": ' + '{"a":' * 5000,
    "long string": '{"ts": "' + "x" * 10 * MB + '", "ms_played": 1}',
    "long and open": '{"ts": "' + "x" * 3 * MB,
    "noise": "\x00\x01garbage: }}{{",
    "HTML": "<!doctype html><p>504 Gateway Time-out</p>",
}


@pytest.mark.parametrize("name", BROKEN)
def test_rows_before_and_after_damage_are_there(name: str) -> None:
    text = dumped(BEFORE, BROKEN[name], *GOOD[1:])
    for size in (128 * 1024, 1000) if len(text) < MB else (128 * 1024,):
        found = cut(text, size=size)
        values = [value for value in found if value in GOOD]
        assert values[:1] == [BEFORE]
        # An open string may swallow the row it runs into.
        assert values[-3:] == GOOD[2:]
        assert found.broken >= 1
        assert found.is_whole


def test_a_row_that_lost_its_end_does_not_take_the_next_one_along() -> None:
    text = json.dumps(GOOD)
    found = cut(text.replace('"1", "ms_played": 1}', '"1'))
    assert list(found) == [GOOD[0], *GOOD[2:]]
    assert found.broken == 1


def test_what_is_cut_off_at_the_end_is_not_whole() -> None:
    text = json.dumps(GOOD)
    for left_out in range(1, 25):
        found = cut(text[:-left_out])
        assert list(found) == GOOD[:4] if left_out > 1 else GOOD
        assert (found.is_whole, found.broken) == (False, 0)


def test_a_damaged_last_row_of_a_whole_file_is_damage() -> None:
    found = cut('[{"a": 1}, {"a": }]')
    assert list(found) == [{"a": 1}]
    assert (found.is_whole, found.broken) == (True, 1)


@pytest.mark.parametrize("text", ["", "[", "]", "[]", "[[[[", "{", '{"', "\ufeff", "x"])
def test_text_without_rows_has_none(text: str) -> None:
    assert [value for value in cut(text) if value not in ([], {})] == []


def test_memory_does_not_grow_with_the_file() -> None:
    row = json.dumps(extended())

    def pieces(size: int) -> Iterator[str]:
        yield "["
        for _ in range(size // (100 * len(row))):
            yield f"{row}," * 100
        yield f'{{"ts": "{"x" * 10 * MB}"}}'
        yield "]"

    def peak(size: int) -> int:
        tracemalloc.start()
        found = sum(1 for _ in Rows(pieces(size)))
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert found >= 100
        return most

    small, large = peak(MB), peak(4 * MB)
    # The string of 10 MB is a piece of its own here: twice it, and little more.
    assert large < small + MB
    assert large < 32 * MB


ATTACKS = {
    "nested": '{"a":' * 200_000,
    "nested with a late end": ('{"a":' * 900 + "9" * 5000) * 100,
    "open strings": '{"a' * 300_000,
    "opened and white": ("{" + " " * 5000) * 200,
    "brackets": "[" * MB,
    "braces": "{" * MB,
    "late failures": ('{"a":{"b":' * 400 + "x") * 200,
    "good and bad in turn": '{"b":1},{"a":x' * 50_000,
    "one long row": '{"a":"' + "y" * MB,
}


@pytest.mark.parametrize("name", ATTACKS)
def test_text_made_to_fail_late_takes_no_longer_than_its_length(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = ATTACKS[name]
    worked = counted_for_lines = 0
    decode = module._decode

    def counted(whole: str, at: int) -> tuple[Any, int]:
        nonlocal worked, counted_for_lines
        try:
            value, end = decode(whole, at)
        except json.JSONDecodeError as error:
            worked += error.pos - at
            counted_for_lines += error.pos
            raise
        except (ValueError, RecursionError):
            worked += min(LONGEST_ROW, len(whole) - at)
            raise
        worked += end - at
        return value, end

    monkeypatch.setattr(module, "_decode", counted)
    began = time.process_time()
    found = cut(text + json.dumps(GOOD))
    assert all(isinstance(value, list | dict) for value in found)
    assert worked < 4 * len(text) + 4 * MB
    assert counted_for_lines < 300 * len(text) + 64 * MB
    assert time.process_time() - began < 20


def test_odd_files_give_their_plays() -> None:
    data = rows(extended(track="One"), extended("2026-05-10T10:00:00Z", track="Two"))
    for odd in (data[:-5], data + data, data.replace(b"}", b"}\n", 1) + b"garbage"):
        assert set(read((AUDIO, bare(odd))).tracks) >= {"One"}


def test_a_file_of_nothing_but_damage_is_given_up() -> None:
    text = json.dumps(GOOD) + '{"a":x' * 100_000
    found = cut(text)
    assert list(found) == GOOD
    assert (found.broken, found.is_whole) == (1, False)
    # In a thousand damaged places it is not.
    text = "".join(json.dumps(row) + '{"a":x' * 1_000 for row in GOOD)
    assert list(cut(text)) == GOOD
