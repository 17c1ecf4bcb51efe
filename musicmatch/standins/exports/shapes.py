"""Events as rows of the two shapes, with every private column the real files have.

Addresses are from the ranges kept for documentation; names and devices are nobody's.
"""

from datetime import UTC, datetime
from random import Random
from typing import Any

from musicmatch.standins.draws import base62
from musicmatch.standins.exports.diary import Event, Kind

USER_NAME = "31madeuplistener"
_PLATFORMS = (
    "android",
    "ios",
    "Android OS 12 API 31 (samsung, SM-A525F)",
    "OS X 13.4.0 [arm 2]",
    "web_player linux undefined;firefox 115.0;desktop",
)
_NETWORKS = ("192.0.2", "198.51.100", "203.0.113")
_OLD = int(datetime(2019, 1, 1, tzinfo=UTC).timestamp())
_Row = dict[str, Any]


def extended_row(event: Event, rng: Random) -> _Row:
    """The row extended history has; before 2019 the older and longer one."""
    is_old = event.ended_at < _OLD
    moment = datetime.fromtimestamp(event.ended_at, UTC)
    row: _Row = {
        "ts": moment.strftime("%Y-%m-%dT%H:%M:%SZ"),
        **({"username": USER_NAME} if is_old else {}),
        "platform": rng.choice(_PLATFORMS),
        "ms_played": event.ms,
        "conn_country": "PT",
        "ip_addr_decrypted" if is_old else "ip_addr": _address(rng),
        **({"user_agent_decrypted": "unknown", "city": "Porto"} if is_old else {}),
        **_what(event),
        "reason_start": event.reason_start,
        "reason_end": event.reason_end,
        "shuffle": event.is_shuffled,
        "skipped": None if is_old else event.reason_end == "fwdbtn",
        "offline": False,
        # Older rows have milliseconds.
        "offline_timestamp": (event.ended_at - event.ms // 1000)
        * (1000 if is_old else 1),
        "incognito_mode": event.is_private,
    }
    return row


def _what(event: Event) -> _Row:
    """The columns of music, podcasts and audiobooks: two of the three are null."""
    record = event.record
    is_music = event.kind is Kind.MUSIC
    is_podcast, is_book = event.kind is Kind.PODCAST, event.kind is Kind.AUDIOBOOK
    episode = base62("episode", record.artist, record.title) if is_podcast else ""
    book = base62("book", record.artist) if is_book else ""
    return {
        "master_metadata_track_name": record.title if is_music else None,
        "master_metadata_album_artist_name": record.artist if is_music else None,
        "master_metadata_album_album_name": record.album if is_music else None,
        "spotify_track_uri": f"spotify:track:{record.track_id}" if is_music else None,
        "episode_name": record.title if is_podcast else None,
        "episode_show_name": record.artist if is_podcast else None,
        "spotify_episode_uri": f"spotify:episode:{episode}" if is_podcast else None,
        "audiobook_title": record.artist if is_book else None,
        "audiobook_uri": f"spotify:show:{book}" if is_book else None,
        "audiobook_chapter_uri": f"spotify:episode:{book}" if is_book else None,
        "audiobook_chapter_title": record.title if is_book else None,
    }


def account_row(event: Event) -> _Row:
    """The row account data has, or one of its file of podcasts."""
    moment = datetime.fromtimestamp(event.ended_at, UTC)
    is_podcast = event.kind is Kind.PODCAST
    return {
        "endTime": moment.strftime("%Y-%m-%d %H:%M"),
        "podcastName" if is_podcast else "artistName": event.record.artist,
        "episodeName" if is_podcast else "trackName": event.record.title,
        "msPlayed": event.ms,
    }


def _address(rng: Random) -> str:
    return f"{rng.choice(_NETWORKS)}.{rng.randrange(1, 255)}"
