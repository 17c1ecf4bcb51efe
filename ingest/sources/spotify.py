"""Spotify: a person's top artists and tracks, recent listens, and sound of tracks.

No field of an answer is taken for granted: an item that cannot be read is left
out, and only an answer that has no list at all is an error.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import requests

from ingest.sources.base import (
    ArtistItem,
    AudioItem,
    ListenItem,
    RecentPage,
    SourceUnavailable,
    TrackItem,
)
from ingest.sources.http import get_json

PAGE = 50
AUDIO_PAGE = 100
# Nobody listened before the service began, or later than its clock may run ahead.
_EARLIEST = datetime(2006, 1, 1, tzinfo=UTC)
_AHEAD = timedelta(hours=1)
_ISRC = re.compile(r"[A-Z0-9]{12}")
_ID = re.compile(r"[0-9A-Za-z]{1,40}")
_T = TypeVar("_T")
_Json = dict[str, Any]


class SpotifySource:
    """One person's door to the Spotify Web API at ``api_url`` (with ``/v1``)."""

    def __init__(self, session: requests.Session, *, api_url: str, token: str) -> None:
        self._session = session
        self._api_url = api_url
        self._token = token

    def top_artists(self, time_range: str) -> tuple[ArtistItem, ...]:
        """Up to 50 artists, the closest first."""
        return self._top("artists", time_range, artist_item)

    def top_tracks(self, time_range: str) -> tuple[TrackItem, ...]:
        """Up to 50 tracks, the closest first."""
        return self._top("tracks", time_range, track_item)

    def recently_played(self, cursor: str, *, now: datetime) -> RecentPage:
        """Listens after ``cursor`` (milliseconds since 1970; "" for the latest 50)."""
        params: dict[str, str | int] = {"limit": PAGE}
        if cursor:
            params["after"] = cursor
        items = _items(self._get("/me/player/recently-played", params))
        # One moment in the future would keep all later listens out.
        listens = tuple(
            item
            for item in _read_all(items, listen_item)
            if _EARLIEST <= item.listened_at <= now + _AHEAD
        )
        moments = [round(item.listened_at.timestamp() * 1000) for item in listens]
        return RecentPage(listens, str(max(moments)) if moments else cursor)

    def audio_features(self, ids: Sequence[str]) -> tuple[AudioItem, ...]:
        """Sound of up to 100 tracks; unknown ones are left out."""
        body = self._get("/audio-features", {"ids": ",".join(ids)})
        found = body.get("audio_features") if isinstance(body, dict) else None
        if not isinstance(found, list):
            raise SourceUnavailable("the answer has no list")
        return tuple(_read_all(found, audio_item))

    def _top(
        self, kind: str, time_range: str, read: Callable[[_Json], _T | None]
    ) -> tuple[_T, ...]:
        params: dict[str, str | int] = {"time_range": time_range, "limit": PAGE}
        rows = _items(self._get(f"/me/top/{kind}", params))
        items = tuple(_read_all(rows, read))
        if rows and not items:
            # Taken for an empty list, it would wipe out what we have.
            raise SourceUnavailable("no item can be read")
        return items

    def _get(self, path: str, params: dict[str, str | int]) -> Any:
        url = f"{self._api_url}{path}"
        return get_json(self._session, url, token=self._token, params=params)


def _items(body: Any) -> list[Any]:
    items = body.get("items") if isinstance(body, dict) else None
    if not isinstance(items, list):
        raise SourceUnavailable("the answer has no list")
    return items


def _read_all(rows: list[Any], read: Callable[[_Json], _T | None]) -> Iterator[_T]:
    for row in rows:
        item = read(row) if isinstance(row, dict) else None
        if item is not None:
            yield item


def _text(value: Any, longest: int) -> str:
    """Return clean text, or "" for anything that is not."""
    if not isinstance(value, str):
        return ""
    # A lone surrogate cannot be stored as UTF-8; a null byte not in Postgres.
    clean = value.encode("utf-8", "replace").decode().replace("\x00", "")
    return clean.strip()[:longest].strip()


def _id(value: Any) -> str | None:
    """Return an id as Spotify writes them: it goes into addresses and lists."""
    return value if isinstance(value, str) and _ID.fullmatch(value) else None


def _number(value: Any, low: float, high: float) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    # Not a number is in no range.
    return float(value) if low <= value <= high else None


def _whole(value: Any, low: int, high: int) -> int | None:
    number = _number(value, low, high)
    return int(number) if number is not None else None


def artist_item(row: _Json) -> ArtistItem | None:
    name = _text(row.get("name"), 200)
    if not name:
        return None
    genres = row.get("genres")
    names = None
    if isinstance(genres, list):
        names = tuple(g for g in (_text(genre, 100) for genre in genres) if g)
    return ArtistItem(name, _id(row.get("id")), names)


def track_item(row: _Json) -> TrackItem | None:
    """Return the track under its first artist that can be read."""
    name = _text(row.get("name"), 300)
    artists = row.get("artists")
    readable = _read_all(artists, artist_item) if isinstance(artists, list) else None
    artist = next(readable, None) if readable is not None else None
    if not name or artist is None:
        return None
    return TrackItem(
        name=name,
        artist=artist,
        spotify_id=_id(row.get("id")),
        isrc=_isrc(row.get("external_ids")),
        duration_ms=_whole(row.get("duration_ms"), 0, 2**31 - 1),
        release_year=_year(row.get("album")),
    )


def _isrc(external_ids: Any) -> str:
    found = external_ids.get("isrc") if isinstance(external_ids, dict) else None
    isrc = _text(found, 15).replace("-", "").upper()
    return isrc if _ISRC.fullmatch(isrc) else ""


def _year(album: Any) -> int | None:
    date = album.get("release_date") if isinstance(album, dict) else None
    year = _text(date, 10)[:4]
    return int(year) if year.isascii() and year.isdigit() and year > "1000" else None


def listen_item(row: _Json) -> ListenItem | None:
    track = row.get("track")
    item = track_item(track) if isinstance(track, dict) else None
    moment = _moment(row.get("played_at"))
    return ListenItem(item, moment) if item and moment else None


def _moment(value: Any) -> datetime | None:
    try:
        moment = datetime.fromisoformat(_text(value, 40))
    except ValueError:
        return None
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    try:
        return aware.astimezone(UTC)
    except OverflowError:
        return None


def audio_item(row: _Json) -> AudioItem | None:
    spotify_id = _id(row.get("id"))
    if spotify_id is None:
        return None
    return AudioItem(
        spotify_id=spotify_id,
        # Spotify gives 0 for a tempo it could not detect.
        tempo=_number(row.get("tempo"), 1, 400),
        energy=_number(row.get("energy"), 0, 1),
        valence=_number(row.get("valence"), 0, 1),
        danceability=_number(row.get("danceability"), 0, 1),
        acousticness=_number(row.get("acousticness"), 0, 1),
        loudness=_number(row.get("loudness"), -100, 20),
    )
