"""Spotify: a person's top artists and tracks, recent listens, and sound of tracks.

No field of an answer is taken for granted: an item that cannot be read is left
out, and only an answer that has no list at all is an error.
"""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import requests

from ingest.sources import reading
from ingest.sources.base import (
    Access,
    ArtistItem,
    AudioItem,
    Door,
    ListenItem,
    RateLimited,
    RecentPage,
    SourceError,
    TrackItem,
    Way,
    Words,
)
from ingest.sources.http import Answer, error_of, get_json
from ingest.sources.reading import Json

URL = "https://api.spotify.com/v1"
PAGE = 50
AUDIO_PAGE = 100
# Nobody listened before the service began, or later than its clock may run ahead.
_EARLIEST = datetime(2006, 1, 1, tzinfo=UTC)
_AHEAD = timedelta(hours=1)
_T = TypeVar("_T")


class SpotifySource:
    """One person's door to the Spotify Web API at ``api_url`` (with ``/v1``)."""

    # Spotify says when to stop only once it is too late.
    pause = 0

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

    def recently_played(
        self, cursor: str, *, before: str = "", now: datetime
    ) -> RecentPage:
        """Listens after ``cursor`` (milliseconds since 1970; "" for the latest 50).

        Spotify gives no older ones, so nothing comes ``before`` them.
        """
        params: dict[str, str | int] = {"limit": PAGE}
        if cursor:
            params["after"] = cursor
        items = reading.listed(self._get("/me/player/recently-played", params), "items")
        # One moment in the future would keep all later listens out.
        listens = tuple(
            item
            for item in reading.each(items, listen_item)
            if _EARLIEST <= item.listened_at <= now + _AHEAD
        )
        moments = [round(item.listened_at.timestamp() * 1000) for item in listens]
        return RecentPage(listens, str(max(moments)) if moments else cursor)

    def audio_features(self, ids: Sequence[str]) -> tuple[AudioItem, ...]:
        """Sound of up to 100 tracks; unknown ones are left out."""
        body = self._get("/audio-features", {"ids": ",".join(ids)})
        return tuple(reading.each(reading.listed(body, "audio_features"), audio_item))

    def _top(
        self, kind: str, time_range: str, read: Callable[[Json], _T | None]
    ) -> tuple[_T, ...]:
        params: dict[str, str | int] = {"time_range": time_range, "limit": PAGE}
        rows = reading.listed(self._get(f"/me/top/{kind}", params), "items")
        return reading.ranked(rows, read)

    def _get(self, path: str, params: dict[str, str | int]) -> Any:
        return get_json(
            self._session,
            f"{self._api_url}{path}",
            params=params,
            headers={"Authorization": f"Bearer {self._token}"},
            error_of=_error_of,
        )


def _error_of(answer: Answer) -> SourceError:
    """Tell a spent quota from an ordinary rate limit: only the body says."""
    if answer.status != 429:
        return error_of(answer)
    reason = reading.at(answer.json_or_none(), "error", "reason")
    is_quota = reason == "QUOTA_EXCEEDED"
    return RateLimited(answer.seconds("Retry-After"), is_quota=is_quota)


def artist_item(row: Json) -> ArtistItem | None:
    name = reading.text(row.get("name"), 200)
    if not name:
        return None
    genres = row.get("genres")
    names = None
    if isinstance(genres, list):
        names = tuple(g for g in (reading.text(genre, 100) for genre in genres) if g)
    return ArtistItem(name, reading.spotify_id(row.get("id")), names)


def track_item(row: Json) -> TrackItem | None:
    """Return the track under its first artist that can be read."""
    name = reading.text(row.get("name"), 300)
    artists = row.get("artists")
    readable = reading.each(artists if isinstance(artists, list) else (), artist_item)
    artist = next(readable, None)
    if not name or artist is None:
        return None
    return TrackItem(
        name=name,
        artist=artist,
        spotify_id=reading.spotify_id(row.get("id")),
        isrc=reading.isrc(reading.at(row, "external_ids", "isrc")),
        duration_ms=reading.whole(row.get("duration_ms"), 0, 2**31 - 1),
        release_year=_year(reading.at(row, "album", "release_date")),
    )


def _year(date: Any) -> int | None:
    year = reading.text(date, 10)[:4]
    return int(year) if year.isascii() and year.isdigit() and year > "1000" else None


def listen_item(row: Json) -> ListenItem | None:
    track = row.get("track")
    item = track_item(track) if isinstance(track, dict) else None
    moment = reading.moment(row.get("played_at"))
    return ListenItem(item, moment) if item and moment else None


def audio_item(row: Json) -> AudioItem | None:
    spotify_id = reading.spotify_id(row.get("id"))
    return None if spotify_id is None else reading.audio(spotify_id, row)


def _open(session: requests.Session, access: Access) -> SpotifySource:
    return SpotifySource(session, api_url=access.url, token=access.token)


DOOR = Door(
    key="spotify",
    label="Spotify",
    way=Way.SIGN_IN,
    words=Words(
        off=(
            "We read your top artists and tracks and your last 50 listens."
            " Never playlists, never your e-mail; we cannot change anything."
        ),
        connected="Read once a day, and when you ask for it.",
        nothing_yet=(
            "Spotify knows no top artists of yours yet. It will after a few days of"
            " listening; until then you can pick artists by hand."
        ),
    ),
    url=URL,
    open=_open,
    timeliness=3,
)
