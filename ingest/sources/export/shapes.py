"""Rows of the two shapes of history become plays, or are left out for a reason.

Of a row only the columns named here are looked at. Addresses, devices and names of
people, which the files hold too, go nowhere.
"""

import math
import re
from collections import Counter
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any
from zlib import crc32

from ingest.names import name_key
from ingest.sources.export.plays import LeftOut, Play

# Nobody listened before the service began, or later than its clock may run ahead.
EARLIEST = int(datetime(2006, 1, 1, tzinfo=UTC).timestamp())
_AHEAD = 3600
_SHORT_MS = 30_000
_LONGEST_MS = 24 * 3600 * 1000
_LONGEST_ARTIST, _LONGEST_TRACK, _LONGEST_TEXT = 200, 300, 1000
_LONGEST_MOMENT = 40
_MOST_EPISODES = 100_000
_track_uri = re.compile(r"spotify:track:([0-9A-Za-z]{22})").fullmatch
_Row = dict[str, Any]


class Sieve:
    """Lets plays through and counts the rest.

    Older account data mixes podcasts with music: those that extended history of the
    same upload, read before, knows for podcasts are told apart.
    """

    def __init__(self, *, now: int) -> None:
        self._latest = now + _AHEAD
        self._episodes: set[int] = set()
        self.left_out: Counter[LeftOut] = Counter()
        self.plays = 0
        # What has a duration is a row of history, and what has none a stray.
        self.rows = self.strays = 0

    def play(self, row: Any) -> Play | None:
        """The play of a row, None where there is none."""
        found: Play | LeftOut = LeftOut.UNREADABLE
        if isinstance(row, dict) and "ms_played" in row:
            self.rows += 1
            found = self._extended(row)
        elif isinstance(row, dict) and "msPlayed" in row:
            self.rows += 1
            found = self._account(row)
        else:
            self.strays += 1
        if isinstance(found, LeftOut):
            self.left_out[found] += 1
            return None
        if found.is_private:
            self.left_out[LeftOut.PRIVATE] += 1
        else:
            self.plays += 1
        return found

    def _extended(self, row: _Row) -> Play | LeftOut:
        get = row.get
        ended_at, ms = _moment(get("ts")), _duration(row["ms_played"])
        if ended_at is None or ms is None:
            return LeftOut.UNREADABLE
        show, episode = get("episode_show_name"), get("episode_name")
        if episode or show or get("spotify_episode_uri"):
            self._remember_episode(show, episode)
            return LeftOut.PODCAST
        if (
            get("audiobook_title")
            or get("audiobook_uri")
            or get("audiobook_chapter_title")
            or get("audiobook_chapter_uri")
        ):
            return LeftOut.AUDIOBOOK
        artist = _artist(get("master_metadata_album_artist_name"))
        track = _track(get("master_metadata_track_name"))
        if not artist or not track:
            return LeftOut.NAMELESS
        if not EARLIEST <= ended_at <= self._latest:
            return LeftOut.DATE
        # What is neither false nor missing is meant to be private.
        is_private = get("incognito_mode") not in (False, None)
        if not is_private and ms < _SHORT_MS and _is_skip(row, ms):
            return LeftOut.SHORT
        track_id = _track_id(get("spotify_track_uri"))
        return Play(ended_at, ms, artist, track, track_id, True, is_private)

    def _account(self, row: _Row) -> Play | LeftOut:
        get = row.get
        ended_at, ms = _moment(get("endTime")), _duration(row["msPlayed"])
        if ended_at is None or ms is None:
            return LeftOut.UNREADABLE
        if get("podcastName") or get("episodeName"):
            return LeftOut.PODCAST
        if get("audiobookName") or get("chapterName"):
            return LeftOut.AUDIOBOOK
        artist, track = _artist(get("artistName")), _track(get("trackName"))
        if not artist or not track:
            return LeftOut.NAMELESS
        if not EARLIEST <= ended_at <= self._latest:
            return LeftOut.DATE
        if self._episodes and _mark(artist, track) in self._episodes:
            return LeftOut.PODCAST
        if ms < _SHORT_MS:
            return LeftOut.SHORT
        return Play(ended_at - ended_at % 60, ms, artist, track, None, False)

    def _remember_episode(self, show: Any, episode: Any) -> None:
        show, episode = _artist(show), _track(episode)
        if show and episode and len(self._episodes) < _MOST_EPISODES:
            self._episodes.add(_mark(show, episode))


def _is_skip(row: _Row, ms: int) -> bool:
    if ms == 0 or row.get("skipped"):
        return True
    # Old files do not say whether a track was skipped, only how it ended.
    return bool(row.get("reason_end", "trackdone") != "trackdone")


def _mark(artist: str, track: str) -> int:
    key = f"{name_key(artist)}\n{name_key(track)}".encode()
    return crc32(key) << 32 | crc32(key[::-1])


def _moment(value: Any) -> int | None:
    """Seconds since 1970; a time without a zone is UTC."""
    if not isinstance(value, str) or len(value) > _LONGEST_MOMENT:
        return None
    try:
        moment = datetime.fromisoformat(value)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        return int(moment.timestamp())
    except (ValueError, OverflowError):
        return None


def _duration(value: Any) -> int | None:
    # A truth value is a number to Python.
    if type(value) is not int:
        if not isinstance(value, float) or not math.isfinite(value):
            return None
        value = int(value)
    return value if 0 <= value <= _LONGEST_MS else None


def _track_id(uri: Any) -> str | None:
    found = _track_uri(uri) if isinstance(uri, str) else None
    return found[1] if found else None


def _artist(value: Any) -> str:
    return _artist_text(value[:_LONGEST_TEXT]) if isinstance(value, str) else ""


def _track(value: Any) -> str:
    return _track_text(value[:_LONGEST_TEXT]) if isinstance(value, str) else ""


@lru_cache(maxsize=50_000)
def _artist_text(text: str) -> str:
    return _clean(text, _LONGEST_ARTIST)


@lru_cache(maxsize=50_000)
def _track_text(text: str) -> str:
    return _clean(text, _LONGEST_TRACK)


def _clean(text: str, longest: int) -> str:
    """Return clean text, or "" where nothing of it names anything."""
    # A lone surrogate cannot be stored as UTF-8; a null byte not in Postgres.
    clean = text.encode("utf-8", "replace").decode().replace("\x00", "")
    clean = clean.strip()[:longest].strip()
    return clean if name_key(clean) else ""
