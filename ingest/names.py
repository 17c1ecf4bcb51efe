"""The form of a name that two sources share."""

import re
import unicodedata
from functools import lru_cache


def _is_latin(letter: str) -> bool:
    return letter.isascii() and letter.isalpha()


@lru_cache(maxsize=50_000)
def name_key(name: str) -> str:
    """Return the form of a name that two sources share: case, marks and space folded.

    Only Latin marks fold: elsewhere a mark is part of the letter (が is not か).
    """
    folded = unicodedata.normalize("NFKC", name).casefold()
    letters: list[str] = []
    for letter in unicodedata.normalize("NFD", folded):
        if unicodedata.combining(letter) and letters and _is_latin(letters[-1]):
            continue
        letters.append(letter)
    return " ".join(unicodedata.normalize("NFC", "".join(letters)).split())[:200]


# What services write behind a title: who plays along, and which version it is. A remix
# is another track.
_ADDED = (
    r"(?:feat\b|ft\b|featuring\b|with )[^()\[\]]*"
    r"|(?:[^()\[\]]* )?(?:remaster|remastered|remastering)(?: [^()\[\]]*)?"
    r"|live(?: (?:at|in|from|on|version|session|recording|[0-9])[^()\[\]]*)?"
    r"|(?:(?:album|single|original|studio|mono|stereo|explicit|clean) )?version"
    r"|(?:radio|single) edit|mono|stereo|explicit|bonus track"
)
_SUFFIX = re.compile(
    rf" ?(?:\((?:{_ADDED})\)|\[(?:{_ADDED})\]| - (?:{_ADDED})"
    r"| (?:feat\.|ft\.|featuring) [^()\[\]]*)$"
)


@lru_cache(maxsize=50_000)
def title_key(name: str) -> str:
    """Return the form of a track's name without what services add behind it."""
    key = name_key(name)
    while (shorter := _SUFFIX.sub("", key).rstrip()) not in {"", key}:
        key = shorter
    return key
