"""Cleaning what people type for others to read."""

import unicodedata

# Letters that reorder or hide others; the joiners that scripts and emoji need stay.
_KEPT_FORMAT = {"\u200c", "\u200d"}


def clean_line(text: str) -> str:
    """Return one line without control or direction-changing characters."""
    return " ".join(_without_controls(text, keep="").split())


def clean_paragraphs(text: str) -> str:
    """Return text with its line breaks, otherwise as :func:`clean_line`."""
    lines = _without_controls(text, keep="\n").split("\n")
    return "\n".join(" ".join(line.split()) for line in lines).strip()


def _without_controls(text: str, *, keep: str) -> str:
    def stays(letter: str) -> bool:
        if letter in keep or letter in _KEPT_FORMAT or letter in "\t\n":
            return True
        return unicodedata.category(letter) not in {"Cc", "Cf", "Cs", "Co"}

    normal = unicodedata.normalize("NFC", text.replace("\r\n", "\n"))
    return "".join(letter for letter in normal if stays(letter))
