"""The form that all spellings of one genre share."""

import unicodedata
from typing import Final

from ingest.names import name_key

# No genre has a longer name, and no column keeps one.
LONGEST: Final = 100
_JOINING: Final = frozenset({"&", "and", "n"})


def fold(tag: str) -> str:
    """Return letters and digits alone: "Drum 'n' Bass" is "drum&bass".

    "&", "+", "and" and "n" are one where they join two words. The result is empty
    for a tag without letters, and for one too long to name a genre.
    """
    if len(tag) > LONGEST:
        return ""
    plain = tag.lower() if tag.isascii() else name_key(tag)
    words = "".join(map(_spaced, plain)).split()
    for place in range(1, len(words) - 1):
        if words[place] in _JOINING:
            words[place] = "&"
    return "".join(words)


def _spaced(sign: str) -> str:
    if sign.isalnum():
        return sign
    if sign in "&+":
        return " & "
    return sign if unicodedata.category(sign).startswith("M") else " "
