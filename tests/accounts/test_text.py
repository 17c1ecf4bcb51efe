"""Cleaning what people type for others to read."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.text import clean_line, clean_paragraphs, length_of

FAMILY = "\U0001f468\u200d\U0001f469\u200d\U0001f467"
RAINBOW = "\U0001f3f3\ufe0f\u200d\U0001f308"
PERSIAN = "می\u200cخواهم"


@pytest.mark.parametrize(
    ("typed", "clean"),
    [
        ("  two   words ", "two words"),
        ("one\r\ntwo\rthree\nfour\x0bfive", "one two three four five"),
        ("nul\x00byte\x07", "nulbyte"),
        ("\u202eevil\u202c \u2066iso\u2069", "evil iso"),
        ("zero\u200bwidth\ufeff \u2060join", "zerowidth join"),
        ("soft\u00adhyphen", "softhyphen"),
        ("\ud800lone", "lone"),
        ("\ue000private", "private"),
        ("e\u0301", "é"),
        (f"we {FAMILY} and {RAINBOW}", f"we {FAMILY} and {RAINBOW}"),
        (PERSIAN, PERSIAN),
        ("\u200d\u200d", ""),
        ("\u200d a \u200c", "a"),
        ("a\u200d\u200d\u200db", "a\u200db"),
        ("\u3164\u2800\u115f", ""),
        ("שלום مرحبا 你好", "שלום مرحبا 你好"),
        ("\u00a0nbsp\u3000wide", "nbsp wide"),
        ("", ""),
    ],
)
def test_clean_line(typed: str, clean: str) -> None:
    assert clean_line(typed) == clean


@pytest.mark.parametrize(
    ("typed", "clean"),
    [
        ("one\r\ntwo\rthree\nfour", "one\ntwo\nthree\nfour"),
        ("  one  \n\n\n\n\n two ", "one\n\ntwo"),
        ("\n\n", ""),
        ("a\u2028b\u2029c", "a\nb\nc"),
        ("\u202ea\x00b", "ab"),
        (f"{FAMILY}\n{PERSIAN}", f"{FAMILY}\n{PERSIAN}"),
    ],
)
def test_clean_paragraphs(typed: str, clean: str) -> None:
    assert clean_paragraphs(typed) == clean


@given(st.text(st.characters()))
def test_clean_text_stays_as_it_is(typed: str) -> None:
    line, paragraphs = clean_line(typed), clean_paragraphs(typed)
    assert clean_line(line) == line
    assert clean_paragraphs(paragraphs) == paragraphs
    assert "\n" not in line
    assert "\x00" not in line + paragraphs
    line.encode()


FLAG = "\U0001f1e9\U0001f1ea"


@pytest.mark.parametrize(
    ("text", "length"),
    [
        (f"{FLAG}{FLAG}", 2),
        (f"{FLAG}\U0001f1e9", 2),
        (f"a{FLAG}\u0301{FLAG}", 3),
        (f"{FAMILY}{RAINBOW}", 2),
        ("a\u0315\u0300", 1),
    ],
)
def test_characters_are_counted_as_people_see_them(text: str, length: int) -> None:
    assert length_of(text) == length


@pytest.mark.parametrize(
    "piece",
    [
        "\u0315\u0300",
        "\u0f71\u0f72",
        "\u0300\u200b\u0315",
        FLAG,
        FAMILY,
        "\u200d",
        "\n",
    ],
)
def test_no_text_takes_long(piece: str) -> None:
    """Sorting and counting these took minutes: the worker answered nobody else."""
    before = time.process_time()
    length_of(clean_paragraphs("a" + piece * (200_000 // len(piece))))
    assert time.process_time() - before < 5


def test_so_many_marks_stay_on_a_letter() -> None:
    assert clean_line("a" + "\u0315" * 30) == "a" + "\u0315" * 30
    assert clean_line("a" + "\u0315" * 99 + "b") == "a" + "\u0315" * 30 + "b"
