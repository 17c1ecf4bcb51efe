"""Reading JSON of which nothing is taken for granted.

What cannot be read is None, "" or left out; only an answer that has no list where
there must be one is an error.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from typing import Any, TypeVar

from ingest.sources.base import AudioItem, SourceUnavailable, Tag

_ISRC = re.compile(r"[A-Z0-9]{12}")
_SPOTIFY_ID = re.compile(r"[0-9A-Za-z]{1,40}")
_MBID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_MOST_DIGITS = 15
_LAST_SECOND = 253_402_300_799
_T = TypeVar("_T")
Json = dict[str, Any]


# --- Lists ----------------------------------------------------------------


def at(body: Any, *path: str) -> Any:
    """Return what is at the end of a path of keys; None where there is nothing."""
    for key in path:
        body = body.get(key) if isinstance(body, dict) else None
    return body


def listed(body: Any, *path: str) -> list[Any]:
    """Return the list at the end of a path of keys; raises ``SourceUnavailable``."""
    found = at(body, *path)
    if not isinstance(found, list):
        raise SourceUnavailable("the answer has no list")
    return found


def each(rows: Iterable[Any], read: Callable[[Json], _T | None]) -> Iterator[_T]:
    """Give the items that can be read."""
    for row in rows:
        item = read(row) if isinstance(row, dict) else None
        if item is not None:
            yield item


def ranked(rows: list[Any], read: Callable[[Json], _T | None]) -> tuple[_T, ...]:
    """Return a list of which at least one item can be read, or an empty one."""
    items = tuple(each(rows, read))
    if rows and not items:
        # Taken for an empty list, it would wipe out what we have.
        raise SourceUnavailable("no item can be read")
    return items


# --- Values ---------------------------------------------------------------


def text(value: Any, longest: int) -> str:
    """Return clean text, or "" for anything that is not."""
    if not isinstance(value, str):
        return ""
    # A lone surrogate cannot be stored as UTF-8; a null byte not in Postgres.
    clean = value.encode("utf-8", "replace").decode().replace("\x00", "")
    return clean.strip()[:longest].strip()


def number(value: Any, low: float, high: float) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    # Not a number is in no range.
    return float(value) if low <= value <= high else None


def whole(value: Any, low: int, high: int) -> int | None:
    found = number(value, low, high)
    return int(found) if found is not None else None


def digits(value: Any, low: int, high: int) -> int | None:
    """Return a whole number that may be written as text."""
    if not isinstance(value, str):
        return whole(value, low, high)
    written = value.strip()
    if not (written.isascii() and written.isdigit() and len(written) <= _MOST_DIGITS):
        return None
    return whole(int(written), low, high)


def moment(value: Any) -> datetime | None:
    """Return the moment an ISO text names, in UTC."""
    try:
        found = datetime.fromisoformat(text(value, 40))
    except ValueError:
        return None
    aware = found if found.tzinfo else found.replace(tzinfo=UTC)
    try:
        return aware.astimezone(UTC)
    except OverflowError:
        return None


def epoch(value: Any) -> datetime | None:
    """Return the moment so many seconds after 1970 began."""
    seconds = digits(value, 0, _LAST_SECOND)
    return datetime.fromtimestamp(seconds, UTC) if seconds is not None else None


# --- Ids ------------------------------------------------------------------


def spotify_id(value: Any) -> str | None:
    """Return an id as Spotify writes them: it goes into addresses and lists."""
    return value if isinstance(value, str) and _SPOTIFY_ID.fullmatch(value) else None


def mbid(value: Any) -> str | None:
    """Return an id as MusicBrainz writes them, in lower case."""
    found = text(value, 40).lower()
    return found if _MBID.fullmatch(found) else None


def isrc(value: Any) -> str:
    found = text(value, 15).replace("-", "").upper()
    return found if _ISRC.fullmatch(found) else ""


# --- Items several services have ------------------------------------------


def tag(name: Any, count: Any, *, is_curated: bool = False) -> Tag | None:
    """Return a tag somebody gave and was not outvoted on."""
    word, votes = text(name, 100), digits(count, 1, 10**9)
    return Tag(word, votes, is_curated) if word and votes else None


def audio(track_id: str, row: Json) -> AudioItem:
    """Return how a track sounds, as Spotify and those like it write it."""
    return AudioItem(
        spotify_id=track_id,
        # 0 stands for a tempo that could not be detected.
        tempo=number(row.get("tempo"), 1, 400),
        energy=number(row.get("energy"), 0, 1),
        valence=number(row.get("valence"), 0, 1),
        danceability=number(row.get("danceability"), 0, 1),
        acousticness=number(row.get("acousticness"), 0, 1),
        loudness=number(row.get("loudness"), -100, 20),
    )
