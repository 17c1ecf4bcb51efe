"""The JSON objects of MusicBrainz."""

from typing import Any

from musicmatch.demo.catalogue import CatalogueArtist
from musicmatch.standins.draws import uuid
from musicmatch.standins.mbids import artist_mbid, genre_mbid, recording_mbid
from musicmatch.standins.shelf import Track
from musicmatch.standins.tags import Tag, tags_of

Json = dict[str, Any]

_MOST_VOTES = 20


def artist(artist: CatalogueArtist) -> Json:
    return {
        "id": artist_mbid(artist),
        "name": artist.name,
        "sort-name": _sort_name(artist.name),
        "disambiguation": "",
        "type": "Group",
        "country": None,
    }


def _sort_name(name: str) -> str:
    return f"{name[4:]}, The" if name.startswith("The ") else name


def full_artist(found: CatalogueArtist, *, includes: set[str]) -> Json:
    """The answer of ``/artist``; genres and tags are in order of their names."""
    data = artist(found) | {
        "area": None,
        "gender": None,
        "isnis": [],
        "ipis": [],
        "life-span": {"begin": str(found.era), "end": None, "ended": False},
    }
    tags = sorted(tags_of(found), key=lambda tag: tag.name)
    if "genres" in includes:
        data["genres"] = [_genre(tag) for tag in tags if tag.is_genre]
    if "tags" in includes:
        data["tags"] = [{"name": tag.name, "count": _votes(tag)} for tag in tags]
    return data


def _genre(tag: Tag) -> Json:
    return {
        "id": genre_mbid(tag.name),
        "name": tag.name,
        "count": _votes(tag),
        "disambiguation": "",
    }


def _votes(tag: Tag) -> int:
    return max(1, tag.weight * _MOST_VOTES // 100)


def recording(track: Track, *, has_credits: bool) -> Json:
    data: Json = {
        "id": recording_mbid(track),
        "title": track.title,
        "length": track.duration_ms,
        "disambiguation": "",
        "video": False,
        "first-release-date": track.release_date[0],
    }
    if has_credits:
        credit = {"name": track.artist.name, "joinphrase": ""}
        data["artist-credit"] = [credit | {"artist": artist(track.artist)}]
    return data


def url(resource: str, found: CatalogueArtist, *, has_relations: bool) -> Json:
    data: Json = {"id": uuid("url", resource), "resource": resource}
    if has_relations:
        data["relations"] = [_relation(found)]
    return data


def _relation(found: CatalogueArtist) -> Json:
    return {
        "type": "free streaming",
        "type-id": uuid("relation", "free streaming"),
        "target-type": "artist",
        "direction": "backward",
        "artist": artist(found),
        "attributes": [],
        "begin": None,
        "end": None,
        "ended": False,
        "source-credit": "",
        "target-credit": "",
    }
