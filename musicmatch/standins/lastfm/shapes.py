"""The JSON objects of Last.fm: numbers are strings, and one item is no list."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote_plus

from musicmatch.demo.catalogue import CatalogueArtist
from musicmatch.standins.diary import Play
from musicmatch.standins.draws import digest, draw, uuid
from musicmatch.standins.lastfm.accounts import Account
from musicmatch.standins.mbids import artist_mbid, is_matched, recording_mbid
from musicmatch.standins.shelf import Track
from musicmatch.standins.tags import tags_of

Json = dict[str, Any]

# Each period with the list it shows and the days it covers.
PERIODS = {
    "overall": ("long_term", 730),
    "7day": ("short_term", 7),
    "1month": ("short_term", 30),
    "3month": ("medium_term", 91),
    "6month": ("medium_term", 182),
    "12month": ("long_term", 365),
}
_WEB = "https://www.last.fm"
# The grey star that stands for every artist; the address leads nowhere.
_STAR = "https://pictures.example/2a96cbd8b46e442fc41c2b86b821562f.png"
_SIZES = ("small", "medium", "large", "extralarge")
_MBIDS_MISSING = 0.3


@dataclass(frozen=True, slots=True)
class Page:
    """What was asked for, counted from 1."""

    number: int
    size: int

    @property
    def skip(self) -> int:
        return (self.number - 1) * self.size


def listed(rows: Sequence[Json]) -> list[Json] | Json:
    """The rows; a single one stands alone, without a list around it."""
    return rows[0] if len(rows) == 1 else list(rows)


def page_facts(account: Account, page: Page, total: int) -> dict[str, str]:
    return {
        "user": account.name,
        "page": str(page.number),
        "perPage": str(page.size),
        "total": str(total),
        "totalPages": str(math.ceil(total / page.size)),
    }


def play_count(account: Account, place: int, days: int, most: int) -> str:
    """How often somebody heard what is at this place (0 for the first)."""
    often = 40 + digest("often", account.name) % 40
    plays = int(often * days / 30 / (place + 2) ** 0.8)
    return str(min(max(1, plays), max(1, most)))


def top_artist(artist: CatalogueArtist, place: int, plays: str) -> Json:
    return {
        "@attr": {"rank": str(place + 1)},
        "name": artist.name,
        "playcount": plays,
        "mbid": _artist_mbid(artist),
        "url": _artist_url(artist),
        "streamable": "0",
        "image": _images(),
    }


def top_track(track: Track, place: int, plays: str) -> Json:
    return {
        "@attr": {"rank": str(place + 1)},
        "name": track.title,
        "playcount": plays,
        "mbid": _track_mbid(track),
        "url": _track_url(track),
        "duration": str(track.duration_ms // 1000),
        "streamable": {"#text": "0", "fulltrack": "0"},
        "artist": {
            "name": track.artist.name,
            "mbid": _artist_mbid(track.artist),
            "url": _artist_url(track.artist),
        },
        "image": _images(),
    }


def recent_track(track: Track, *, is_extended: bool) -> Json:
    """One row of recent tracks, without its moment."""
    artist: Json = {"mbid": _artist_mbid(track.artist), "#text": track.artist.name}
    data: Json = {"name": track.title, "mbid": _track_mbid(track)}
    if is_extended:
        artist = {"mbid": artist["mbid"], "name": track.artist.name}
        artist |= {"url": _artist_url(track.artist), "image": _images()}
        data["loved"] = "0"
    return data | {
        "artist": artist,
        "album": {"mbid": "", "#text": track.title},
        "streamable": "0",
        "url": _track_url(track),
        "image": _images(),
    }


def scrobble(play: Play, *, is_extended: bool) -> Json:
    moment = datetime.fromtimestamp(play.started_at, UTC)
    date = {"uts": str(play.started_at), "#text": f"{moment:%d %b %Y, %H:%M}"}
    return recent_track(play.track, is_extended=is_extended) | {"date": date}


def now_playing(track: Track, *, is_extended: bool) -> Json:
    """What is on right now: it has no date, and is no scrobble yet."""
    data = recent_track(track, is_extended=is_extended)
    return {"@attr": {"nowplaying": "true"}, **data}


def profile(account: Account, *, plays: int, registered_at: int) -> Json:
    return {
        "name": account.name,
        "realname": "",
        "url": f"{_WEB}/user/{account.name}",
        "country": "None",
        "age": "0",
        "gender": "n",
        "playcount": str(plays),
        "artist_count": str(account.list_size),
        "track_count": str(account.list_size),
        "playlists": "0",
        "subscriber": "0",
        "type": "user",
        "registered": {"unixtime": str(registered_at), "#text": registered_at},
        "image": _images(),
    }


def top_tags(artist: CatalogueArtist) -> list[Json]:
    """The artist's tags; the count is a number here, and relative to the first."""
    return [
        {
            "count": tag.weight,
            "name": tag.name,
            "url": f"{_WEB}/tag/{quote_plus(tag.name)}",
        }
        for tag in tags_of(artist)
    ]


def _artist_mbid(artist: CatalogueArtist) -> str:
    if draw("lastfm mbid", artist.name) < _MBIDS_MISSING:
        return ""
    return artist_mbid(artist) or ""


def _track_mbid(track: Track) -> str:
    """Its own id of the recording, or another that MusicBrainz does not know."""
    if not is_matched(track):
        return ""
    is_stale = digest("stale", track.title) % 10 == 0
    return uuid("stale", track.title) if is_stale else recording_mbid(track)


def _artist_url(artist: CatalogueArtist) -> str:
    return f"{_WEB}/music/{quote_plus(artist.name)}"


def _track_url(track: Track) -> str:
    return f"{_artist_url(track.artist)}/_/{quote_plus(track.title)}"


def _images() -> list[Json]:
    return [{"size": size, "#text": _STAR} for size in _SIZES]
