"""Cleaning what people type for others to read."""

import re
import unicodedata

import regex

_NON_JOINER, _JOINER = "\u200c", "\u200d"
# Not letters to the eye: fillers of Hangul and the empty Braille cell.
_BLANK = {"\u115f", "\u1160", "\u3164", "\uffa0", "\u2800"}
# The joiners that scripts and emoji need stay, between two visible signs only.
_LOOSE_JOINER = re.compile(r"(?<!\S)[\u200c\u200d]+|[\u200c\u200d]+(?!\S)")
_JOINERS = re.compile(r"([\u200c\u200d])[\u200c\u200d]+")
_LINE_ENDS = re.compile(r"\r\n|[\r\v\f\x85\u2028\u2029]")
_BLANK_LINES = re.compile(r"\n{3,}")
# No language puts so many marks on one letter, and to sort very many takes hours.
_PILED_MARKS = regex.compile(r"(\p{M}{30})\p{M}+")
_CHARACTER = regex.compile(r"\X")
# Two of these letters are one flag; to count them in a long row takes hours as well.
_FLAG = re.compile("[\U0001f1e6-\U0001f1ff]{2}")


def clean_line(text: str) -> str:
    """Return one line without invisible or direction-changing characters."""
    return _one_spaced(_visible(text))


def clean_paragraphs(text: str) -> str:
    """Return lines cleaned like :func:`clean_line`, one empty line between at most."""
    lines = "\n".join(_one_spaced(line) for line in _visible(text).split("\n"))
    return _BLANK_LINES.sub("\n\n", lines).strip()


def length_of(text: str) -> int:
    """Count characters as people see them: an emoji with its skin tone is one."""
    return sum(1 for _ in _CHARACTER.finditer(_FLAG.sub("?", text)))


def _one_spaced(line: str) -> str:
    words = " ".join(line.split())
    return " ".join(_LOOSE_JOINER.sub("", _JOINERS.sub(r"\1", words)).split())


def _visible(text: str) -> str:
    """Return text in NFC with line breaks and without control characters."""
    visible = "".join(filter(_stays, _LINE_ENDS.sub("\n", text)))
    return unicodedata.normalize("NFC", _PILED_MARKS.sub(r"\1", visible))


def _stays(letter: str) -> bool:
    if letter in {"\n", "\t", _NON_JOINER, _JOINER}:
        return True
    is_hidden = unicodedata.category(letter) in {"Cc", "Cf", "Cs", "Co"}
    return not is_hidden and letter not in _BLANK
