"""What ReccoBeats knows of tracks: figures of its own, near those of Spotify."""

from functools import cache
from typing import Any

from musicmatch.standins.draws import base62, digest, draw, uuid
from musicmatch.standins.shelf import Track, tracks_by_id, tracks_by_isrc

Json = dict[str, Any]

_KNOWN = 0.85
_SECOND_VERSION = 0.2
_FEATURES = (
    "acousticness",
    "danceability",
    "energy",
    "instrumentalness",
    "valence",
)


def is_known(track: Track) -> bool:
    return draw("reccobeats", track.spotify_id) < _KNOWN


def own_id(track: Track) -> str:
    """The service's own id, which says nothing to anybody else."""
    return uuid("reccobeats", track.spotify_id)


@cache
def tracks_by_own_id() -> dict[str, Track]:
    return {own_id(track): track for track in tracks_by_id().values()}


def rows_for(asked: str) -> list[Json]:
    """The rows for a Spotify id, an own id or an ISRC; none for an unknown one.

    An ISRC may bring a second row, of another version with another ``href``.
    """
    tracks = tracks_by_isrc().get(asked)
    if tracks is not None:
        return [row for track in tracks for row in _versions(track)]
    track = tracks_by_id().get(asked) or tracks_by_own_id().get(asked)
    return [features(track)] if track is not None and is_known(track) else []


def _versions(track: Track) -> list[Json]:
    if not is_known(track):
        return []
    row = features(track)
    if draw("version", track.spotify_id) >= _SECOND_VERSION:
        return [row]
    other = base62("version", track.spotify_id)
    return [row, row | {"id": uuid("reccobeats", other), "href": _href(other)}]


def _href(spotify_id: str) -> str:
    return f"https://open.spotify.com/track/{spotify_id}"


def features(track: Track) -> Json:
    """Sound of one track; there is no time signature and no duration."""
    number = digest("reccobeats", track.artist.name, track.title)
    data: Json = {
        "id": own_id(track),
        "href": _href(track.spotify_id),
        "isrc": track.isrc,
        "key": number % 13 - 1,
        "mode": number % 2,
        "liveness": round(0.05 + number % 310 / 1000, 4),
        "loudness": round(track.artist.loudness + number % 20 / 10 - 1, 3),
        "speechiness": round(0.03 + number % 80 / 1000, 4),
        "tempo": round(track.artist.tempo * (0.97 + number % 60 / 1000), 3),
    }
    return data | {name: _figure(track, name) for name in _FEATURES}


def _figure(track: Track, name: str) -> float:
    moved = track.feature(name) + (draw("own", name, track.title) - 0.5) * 0.06
    return round(min(1.0, max(0.0, moved)), 4)
