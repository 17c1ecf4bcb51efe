"""The JSON objects of ListenBrainz, with the holes they have in life."""

from typing import Any

from musicmatch.demo.catalogue import CatalogueArtist
from musicmatch.standins.diary import DAY, Play
from musicmatch.standins.draws import digest, draw, uuid
from musicmatch.standins.listenbrainz.accounts import Account
from musicmatch.standins.mbids import (
    artist_mbid,
    genre_mbid,
    is_matched,
    recording_mbid,
    release_mbid,
)
from musicmatch.standins.shelf import Track
from musicmatch.standins.tags import Tag, tags_of

Json = dict[str, Any]

# Each range with the list it shows and the days it covers.
RANGES = {
    "this_week": ("short_term", 7),
    "week": ("short_term", 7),
    "this_month": ("short_term", 30),
    "month": ("short_term", 30),
    "quarter": ("medium_term", 91),
    "half_yearly": ("medium_term", 182),
    "this_year": ("long_term", 365),
    "year": ("long_term", 365),
    "all_time": ("long_term", 3650),
}
_MOST_VOTES = 13


def listen_count(account: Account, place: int, days: int) -> int:
    """How often somebody heard what is at this place (0 for the first)."""
    often = 40 + digest("often", account.name) % 40
    return max(1, int(often * min(days, 730) / 30 / (place + 2) ** 0.8))


def top_artist(artist: CatalogueArtist, listens: int) -> Json:
    """One row of the artists; an unknown one has no MBID, or no key for it."""
    data: Json = {"artist_name": artist.name, "listen_count": listens}
    mbid = artist_mbid(artist)
    if mbid is not None or digest("mbid key", artist.name) % 2:
        data["artist_mbid"] = mbid
    return data


def top_recording(track: Track, listens: int) -> Json:
    data: Json = {
        "artist_name": track.artist.name,
        "artist_mbids": [],
        "track_name": track.title,
        "release_name": track.title,
        "listen_count": listens,
    }
    if is_matched(track):
        data["artist_mbids"] = [artist_mbid(track.artist)]
        data["recording_mbid"] = recording_mbid(track)
        data["release_mbid"] = release_mbid(track)
    return data


def stats(account: Account, kind: str, range_: str) -> list[Json]:
    """The whole list of artists or recordings in one range."""
    time_range, days = RANGES[range_]
    if kind == "artists":
        return [
            top_artist(artist, listen_count(account, place, days))
            for place, artist in enumerate(
                account.person.artists(time_range, account.list_size)
            )
        ]
    return [
        top_recording(track, listen_count(account, place, days) // 3 + 1)
        for place, track in enumerate(
            account.person.tracks(time_range, account.list_size)
        )
    ]


def covered(range_: str, *, now: float) -> Json:
    """Which time the statistics are about, and when they were worked out."""
    today = int(now) // DAY * DAY
    from_ts = max(1_033_430_400, today - RANGES[range_][1] * DAY)
    return {"from_ts": from_ts, "to_ts": today, "last_updated": today + 3_600}


def listen(account: Account, play: Play) -> Json:
    """One listen, as some player sent it and the service completed it."""
    track = play.track
    metadata: Json = {
        "artist_name": track.artist.name,
        "track_name": track.title,
        "release_name": track.title,
        "additional_info": _sent_by_player(track),
    }
    if is_matched(track):
        metadata["mbid_mapping"] = _mapping(track)
    return {
        "listened_at": play.started_at,
        "inserted_at": play.started_at + track.duration_ms // 1000,
        "recording_msid": uuid("msid", track.artist.name, track.title),
        "user_name": account.name,
        "track_metadata": metadata,
    }


def _sent_by_player(track: Track) -> Json:
    """Some players send ids of Spotify, some the ISRC alone, some nothing."""
    chance = draw("player", track.artist.name, track.title)
    if chance < 0.2:
        return {}
    info: Json = {"duration_ms": track.duration_ms, "isrc": track.isrc}
    if chance >= 0.6:
        info["music_service"] = "spotify.com"
        info["origin_url"] = f"https://open.spotify.com/track/{track.spotify_id}"
    return info


def _mapping(track: Track) -> Json:
    mbid = artist_mbid(track.artist)
    credit = {
        "artist_mbid": mbid,
        "artist_credit_name": track.artist.name,
        "join_phrase": "",
    }
    return {
        "recording_mbid": recording_mbid(track),
        "recording_name": track.title,
        "release_mbid": release_mbid(track),
        "release_group_mbid": uuid("group", track.artist.name, track.title),
        "artist_mbids": [mbid],
        "artists": [credit],
        "caa_id": digest("cover", track.title) % 10**11,
        "caa_release_mbid": release_mbid(track),
    }


def artist_metadata(mbid: str, artist: CatalogueArtist, *, has_tags: bool) -> Json:
    data: Json = {
        "artist_mbid": mbid,
        "mbid": mbid,
        "name": artist.name,
        "type": "Group",
        "begin_year": artist.era,
        "rels": {},
    }
    if has_tags:
        data["tag"] = {"artist": [_tag(mbid, tag) for tag in tags_of(artist)]}
    return data


def _tag(mbid: str, tag: Tag) -> Json:
    votes = max(1, tag.weight * _MOST_VOTES // 100)
    data: Json = {"artist_mbid": mbid, "tag": tag.name, "count": votes}
    if tag.is_genre:
        data["genre_mbid"] = genre_mbid(tag.name)
    return data
