"""MusicBrainz: who is behind an ISRC or a Spotify id, and what artists are tagged.

It is asked about artists only, never about people.
"""

from collections.abc import Sequence
from typing import Any

import requests

from ingest.sources import reading
from ingest.sources.base import (
    Access,
    AppRefused,
    ArtistItem,
    Credit,
    RateLimited,
    SourceError,
    SourceUnavailable,
    Tag,
)
from ingest.sources.http import Answer, Params, error_of, get
from ingest.sources.reading import Json

URL = "https://musicbrainz.org/ws/2"
CREDIT = Credit("MusicBrainz", "https://musicbrainz.org/")
# It allows one call a second, and clocks differ.
GAP_MS = 1100
URLS_PAGE = 100
_SPOTIFY_ARTIST = "https://open.spotify.com/artist/"


class MusicBrainz:
    """Look-ups of artists; what it does not know is empty."""

    def __init__(self, session: requests.Session, access: Access) -> None:
        self._session = session
        self._access = access

    def artists_of_isrc(self, isrc: str) -> tuple[ArtistItem, ...]:
        """Every artist credited on a recording with this ISRC, each once."""
        code = reading.isrc(isrc)
        if not code:
            return ()
        body = self._json(f"/isrc/{code}", {"inc": "artist-credits"})
        if body is None:
            return ()
        found: dict[str | None, ArtistItem] = {}
        for recording in reading.listed(body, "recordings"):
            credits = reading.at(recording, "artist-credit")
            rows = credits if isinstance(credits, list) else []
            for artist in reading.each(rows, credited_item):
                found.setdefault(artist.mbid, artist)
        return tuple(found.values())

    def tags(self, mbid: str) -> tuple[Tag, ...]:
        """Genres of an artist, which are curated, and after them all other tags."""
        artist = reading.mbid(mbid)
        if artist is None:
            return ()
        body = self._json(f"/artist/{artist}", {"inc": "genres tags"})
        if body is None:
            return ()
        genres = tuple(reading.each(reading.listed(body, "genres"), genre_item))
        names = {genre.name for genre in genres}
        tags = reading.each(reading.listed(body, "tags"), tag_item)
        # Among the tags are the genres once more.
        return (*genres, *(tag for tag in tags if tag.name not in names))

    def mbids_of_spotify(self, ids: Sequence[str]) -> dict[str, str]:
        """MBIDs of up to 100 artists by their Spotify ids; unknown ones left out."""
        known = [i for i in ids if reading.spotify_id(i)]
        if not known:
            return {}
        resources = [f"{_SPOTIFY_ARTIST}{i}" for i in known]
        body = self._json("/url", {"resource": resources, "inc": "artist-rels"})
        if body is None:
            return {}
        # Asked for one address alone, it answers with that one and no list.
        rows = [body] if "resource" in body else reading.listed(body, "urls")
        pairs = [pair for pair in reading.each(rows, pair_of) if pair[0] in known]
        return dict(pairs)

    def _json(self, path: str, params: Params) -> Json | None:
        """Return the object of an answer; None where nothing is known."""
        url = f"{self._access.url.rstrip('/')}{path}"
        answer = get(self._session, url, params={**params, "fmt": "json"})
        if answer.status == 404:
            return None
        if answer.status != 200:
            raise _error_of(answer)
        body = answer.json()
        if not isinstance(body, dict):
            raise SourceUnavailable("the answer is no object")
        return body


def _error_of(answer: Answer) -> SourceError:
    if answer.status in {429, 503}:
        return RateLimited(answer.seconds("Retry-After"))
    if answer.status in {401, 403}:
        return AppRefused(f"status {answer.status}")
    return error_of(answer)


def credited_item(row: Json) -> ArtistItem | None:
    """Return a credited artist by the name it has itself."""
    mbid = reading.mbid(reading.at(row, "artist", "id"))
    name = reading.text(reading.at(row, "artist", "name"), 200) or reading.text(
        row.get("name"), 200
    )
    return ArtistItem(name, mbid=mbid) if name and mbid else None


def genre_item(row: Json) -> Tag | None:
    return reading.tag(row.get("name"), row.get("count"), is_curated=True)


def tag_item(row: Json) -> Tag | None:
    return reading.tag(row.get("name"), row.get("count"))


def pair_of(row: Json) -> tuple[str, str] | None:
    """Return Spotify id and MBID of an address that belongs to one artist alone."""
    resource = reading.text(row.get("resource"), 200)
    spotify_id = reading.spotify_id(resource.removeprefix(_SPOTIFY_ARTIST))
    relations = row.get("relations")
    rows = relations if isinstance(relations, list) else []
    mbids = set(reading.each(rows, _mbid_of))
    if spotify_id is None or len(mbids) != 1:
        return None
    return spotify_id, mbids.pop()


def _mbid_of(relation: Json) -> Any:
    return reading.mbid(reading.at(relation, "artist", "id"))
