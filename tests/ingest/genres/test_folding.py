"""Which spellings are one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.genres.folding import LONGEST, fold


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Hip-Hop", "hip hop"),
        ("HIP_HOP", "hiphop"),
        ("hip\u2010hop", "hip.hop"),
        ("Raï", "RAI"),
        ("musica POPULAR brasileira", "música popular brasileira"),
        ("Drum & Bass", "drum and bass"),
        ("drum'n'bass", "Drum n Bass"),
        ("drum + bass", "drum＆bass"),
        ("R’n’B", "r&b"),
        ("シティ・ポップ", "ｼﾃｨﾎﾟｯﾌﾟ"),
        ("ШАНСОН", "шансон"),
        ("#shoegaze", " shoegaze! "),
        ("\x00rock\ud800", "rock"),
    ],
)
def test_spellings_of_one_genre(one: str, other: str) -> None:
    assert fold(one) == fold(other) != ""


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("drum and bass", "drum bass"),
        ("candy", "cdy"),
        ("n rock", "rock n"),
        ("and", "n"),
        ("パンク", "バンク"),
        ("ลูกทุ่ง", "ลกทง"),
        ("8-bit", "16-bit"),
    ],
)
def test_spellings_that_differ(one: str, other: str) -> None:
    assert fold(one) != fold(other)


@pytest.mark.parametrize("tag", ["", " ", "!!!", "\x00", "\ud800", "♥", "rock" * 26])
def test_what_has_no_form(tag: str) -> None:
    assert fold(tag) == ""


def test_the_longest_tag_still_has_a_form() -> None:
    assert len(fold("a" * LONGEST)) == LONGEST


@given(st.text(max_size=LONGEST - 2))
def test_what_stands_around_a_tag_never_matters(tag: str) -> None:
    assert fold(f" {tag}-") == fold(tag)
