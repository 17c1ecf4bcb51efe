"""What MusicBrainz answers, one function for each address."""

import re
from collections.abc import Callable
from functools import cache
from uuid import UUID

from musicmatch.demo.catalogue import CatalogueArtist
from musicmatch.standins.draws import digest
from musicmatch.standins.mbids import artists_by_mbid, has_link, recordings_with
from musicmatch.standins.musicbrainz import shapes
from musicmatch.standins.musicbrainz.errors import api_error
from musicmatch.standins.wire import Answer, Refused, Request

View = Callable[..., shapes.Json]

MOST_RESOURCES = 100
_ISRC = re.compile(r"[A-Z]{2}[A-Z0-9]{3}[0-9]{7}")
_INCLUDES = {
    "artist": {"genres", "tags", "aliases", "url-rels", "ratings"},
    "isrc": {"artist-credits", "isrcs", "genres", "tags", "releases"},
    "url": {"artist-rels", "release-rels", "recording-rels"},
}


def isrc(request: Request, code: str) -> shapes.Json:
    """The recordings with an ISRC; there may be several."""
    includes = _includes(request, "isrc")
    if not _ISRC.fullmatch(code):
        raise Refused(api_error(400, "Invalid isrc."))
    tracks = recordings_with(code)
    if not tracks:
        raise Refused(not_found())
    has_credits = "artist-credits" in includes
    recordings = [shapes.recording(track, has_credits=has_credits) for track in tracks]
    return {"isrc": code, "recordings": recordings}


def url(request: Request) -> shapes.Json:
    """One address by itself, or a list of those that are known, in no order."""
    has_relations = "artist-rels" in _includes(request, "url")
    resources = request.every("resource")
    if not resources or len(resources) > MOST_RESOURCES:
        message = f"Give from 1 to {MOST_RESOURCES} resource parameters."
        raise Refused(api_error(400, message))
    found = [
        shapes.url(resource, _linked()[resource], has_relations=has_relations)
        for resource in sorted(set(resources), key=lambda text: digest("order", text))
        if resource in _linked()
    ]
    if len(resources) > 1:
        return {"url-count": len(found), "url-offset": 0, "urls": found}
    if not found:
        raise Refused(not_found())
    return found[0]


def artist(request: Request, text: str) -> shapes.Json:
    includes = _includes(request, "artist")
    try:
        found = artists_by_mbid().get(str(UUID(text)))
    except ValueError as error:
        raise Refused(api_error(400, "Invalid mbid.")) from error
    if found is None:
        raise Refused(not_found())
    return shapes.full_artist(found, includes=includes)


def not_found() -> Answer:
    return api_error(404, "Not Found")


def _includes(request: Request, kind: str) -> set[str]:
    """What ``inc`` asks for, with pluses or spaces between; 400 for the unknown."""
    asked = set(request.query.get("inc", "").replace("+", " ").split())
    for name in sorted(asked - _INCLUDES[kind]):
        message = f"{name} is not a valid inc parameter for the {kind} resource."
        raise Refused(api_error(400, message))
    return asked


@cache
def _linked() -> dict[str, CatalogueArtist]:
    """The artists that are linked to Spotify, by that address."""
    return {
        f"https://open.spotify.com/artist/{found.spotify_id}": found
        for found in artists_by_mbid().values()
        if has_link(found)
    }


VIEWS: tuple[tuple[re.Pattern[str], View], ...] = (
    (re.compile(r"/ws/2/isrc/([^/]+)"), isrc),
    (re.compile(r"/ws/2/url/?"), url),
    (re.compile(r"/ws/2/artist/([^/]+)"), artist),
)
