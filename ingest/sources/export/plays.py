"""One play out of an export file, and why others are left out."""

from collections.abc import Iterator, Mapping
from enum import Enum
from typing import NamedTuple


class Play(NamedTuple):
    """A play that ended at ``ended_at`` (seconds since 1970, UTC) after ``ms``.

    ``is_exact``: from extended history, to the second; account data knows the minute.
    A private one is no listening: it only tells which play of account data is private.
    """

    ended_at: int
    ms: int
    artist: str
    track: str
    track_id: str | None
    is_exact: bool
    is_private: bool = False


class LeftOut(Enum):
    """Why a row is not a play: its words for one, and for several."""

    PODCAST = ("podcast episode", "podcast episodes")
    AUDIOBOOK = ("chapter of an audiobook", "chapters of audiobooks")
    PRIVATE = ("play in a private session", "plays in private sessions")
    SHORT = ("skipped within 30 seconds", "skipped within 30 seconds")
    NAMELESS = ("without a name", "without a name")
    DATE = ("with an impossible date", "with impossible dates")
    UNREADABLE = ("that could not be read", "that could not be read")
    DUPLICATE = ("that was there twice", "that were there twice")
    BEYOND = ("more than is kept of one person", "more than are kept of one person")


def in_words(plays: int, left_out: Mapping[LeftOut, int]) -> str:
    """Say what came of an upload: "12,345 plays; left out: 210 podcast episodes"."""
    kept = f"{plays:,} {'play' if plays == 1 else 'plays'}"
    rest = ", ".join(_counted(left_out))
    return f"{kept}; left out: {rest}" if rest else kept


def _counted(left_out: Mapping[LeftOut, int]) -> Iterator[str]:
    for reason in LeftOut:
        count = left_out.get(reason, 0)
        if count:
            one, several = reason.value
            yield f"{count:,} {one if count == 1 else several}"
