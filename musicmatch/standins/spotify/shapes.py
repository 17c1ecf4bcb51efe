"""The JSON objects of the Web API, as an app in either mode may see them."""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import wraps
from typing import Any, TypeVar

from musicmatch.demo.catalogue import CatalogueArtist
from musicmatch.standins.diary import Listen
from musicmatch.standins.draws import base62, digest
from musicmatch.standins.shelf import Track
from musicmatch.standins.spotify.listeners import Listener
from musicmatch.standins.spotify.world import World

Json = dict[str, Any]
_Thing = TypeVar("_Thing", CatalogueArtist, Track)

_WEB = "https://open.spotify.com"
_MARKETS = ("DE", "FR", "GB", "JP", "NG", "PT", "US")
_FEATURES = (
    "acousticness",
    "danceability",
    "energy",
    "instrumentalness",
    "valence",
)


def _shaped_once(
    shape: Callable[[World, _Thing], Json],
) -> Callable[[World, _Thing], Json]:
    """Shape a thing once as long as the world's switches stay: nobody changes it."""

    @wraps(shape)
    def shaped(world: World, thing: _Thing) -> Json:
        key = (*world.look, thing)
        if key not in world.shapes:
            world.shapes[key] = shape(world, thing)
        return world.shapes[key]

    return shaped


def _common(world: World, kind: str, spotify_id: str, *, path: str = "") -> Json:
    return {
        "id": spotify_id,
        "type": kind,
        "uri": f"spotify:{kind}:{spotify_id}",
        "href": f"{world.api_url}/{path or kind + 's'}/{spotify_id}",
        "external_urls": {"spotify": f"{_WEB}/{kind}/{spotify_id}"},
    }


def _images(world: World, *parts: str, sizes: tuple[int | None, ...]) -> list[Json]:
    url = f"{world.origin}/image/{base62('image', *parts)}"
    return [{"url": url, "height": size, "width": size} for size in sizes]


def profile(world: World, listener: Listener, scopes: tuple[str, ...]) -> Json:
    """The answer of ``/me``."""
    data = _common(world, "user", listener.id) | {"display_name": listener.display_name}
    if listener.account_id is not None:
        data["account_id"] = listener.account_id
    if listener.images is not None:
        data["images"] = _images(world, listener.key, sizes=listener.images)
    if world.is_extended:
        data |= _profile_extras(listener, scopes)
    return data


def _profile_extras(listener: Listener, scopes: tuple[str, ...]) -> Json:
    extras: Json = {"followers": {"href": None, "total": listener.followers}}
    if "user-read-private" in scopes:
        extras["country"] = listener.country
        extras["product"] = listener.product
        extras["explicit_content"] = {"filter_enabled": False, "filter_locked": False}
    if "user-read-email" in scopes:
        extras["email"] = listener.email
    return extras


def simple_artist(world: World, artist: CatalogueArtist) -> Json:
    """The artist inside a track: never genres, never images."""
    return _common(world, "artist", artist.spotify_id) | {"name": artist.name}


@_shaped_once
def full_artist(world: World, artist: CatalogueArtist) -> Json:
    data = simple_artist(world, artist)
    data["images"] = _images(world, artist.name, sizes=(640, 320))
    genres = world.genres
    if genres == "as_mode":
        genres = "present" if world.is_extended else "absent"
    if genres != "absent":
        data["genres"] = list(artist.genres) if genres == "present" else []
    if world.is_extended:
        data["popularity"] = artist.fame * 18
        followers = artist.fame**5 * 1_000 + digest(artist.name) % 1_000
        data["followers"] = {"href": None, "total": followers}
    return data


def _album(world: World, track: Track) -> Json:
    date, precision = track.release_date
    return _common(world, "album", track.album_id) | {
        "name": track.title,
        "album_type": "single",
        "release_date": date,
        "release_date_precision": precision,
        "total_tracks": 1,
        "images": _images(world, track.artist.name, track.title, sizes=(640, 64)),
        "artists": [simple_artist(world, track.artist)],
    }


@_shaped_once
def full_track(world: World, track: Track) -> Json:
    data = _common(world, "track", track.spotify_id) | {
        "name": track.title,
        "external_ids": {"isrc": track.isrc},
        "duration_ms": track.duration_ms,
        "explicit": digest("explicit", track.title) % 9 == 0,
        "is_local": False,
        "is_playable": True,
        "disc_number": 1,
        "track_number": 1,
        "artists": [simple_artist(world, track.artist)],
        "album": _album(world, track),
    }
    if world.is_extended:
        data["popularity"] = track.popularity
        data["available_markets"] = list(_MARKETS)
        data["preview_url"] = None
    return data


def _local_track() -> Json:
    """A file of the person's own: the service knows its tags and nothing else."""
    nobody: Json = {"id": None, "type": "artist", "uri": None, "href": None}
    return {
        "id": None,
        "type": "track",
        "uri": "spotify:local:Rehearsal+Room:Tape+4:Slow+One:214",
        "href": None,
        "external_urls": {},
        "external_ids": {},
        "name": "Slow One (rehearsal tape)",
        "duration_ms": 214_000,
        "explicit": False,
        "is_local": True,
        "is_playable": True,
        "disc_number": 0,
        "track_number": 0,
        "artists": [{**nobody, "name": "Rehearsal Room", "external_urls": {}}],
        "album": {
            "id": None,
            "type": "album",
            "name": "Tape 4",
            "album_type": None,
            "release_date": None,
            "release_date_precision": None,
            "images": [],
            "artists": [],
            "uri": None,
            "href": None,
            "external_urls": {},
        },
    }


def recent_item(world: World, listen: Listen) -> Json:
    """One row of recently played."""
    played = datetime.fromtimestamp(listen.at_ms // 1000, UTC)
    stamp = f"{played:%Y-%m-%dT%H:%M:%S}.{listen.at_ms % 1000:03d}Z"
    context = _playlist(world) if listen.has_context else None
    track = _local_track() if listen.track is None else full_track(world, listen.track)
    return {"played_at": stamp, "context": context, "track": track}


def _playlist(world: World) -> Json:
    data = _common(world, "playlist", base62("playlist"))
    del data["id"]
    return data


def audio_features(world: World, track: Track) -> Json:
    """The audio features object; tempo in BPM, loudness in dB."""
    number = digest("features", track.artist.name, track.title)
    tempo = track.artist.tempo * (0.94 + 0.12 * track.feature("energy"))
    data = _common(world, "audio_features", track.spotify_id) | {
        "uri": f"spotify:track:{track.spotify_id}",
        "track_href": f"{world.api_url}/tracks/{track.spotify_id}",
        "analysis_url": f"{world.api_url}/audio-analysis/{track.spotify_id}",
        "duration_ms": track.duration_ms,
        "liveness": round(0.05 + number % 300 / 1000, 4),
        "speechiness": round(0.03 + number % 70 / 1000, 4),
        "key": number % 13 - 1,
        "mode": number % 2,
        "loudness": track.artist.loudness,
        "tempo": round(tempo, 3),
        "time_signature": 3 if number % 8 == 0 else 4,
    }
    del data["href"], data["external_urls"]
    return data | {name: track.feature(name) for name in _FEATURES}
