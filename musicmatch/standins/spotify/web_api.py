"""The Web API part: everything below ``/v1``."""

import re
from collections.abc import Callable
from typing import Any

from musicmatch.standins.diary import Listen
from musicmatch.standins.draws import digest
from musicmatch.standins.shelf import artists_by_id, tracks_by_id
from musicmatch.standins.spotify import paging, shapes
from musicmatch.standins.spotify.grants import Token, TokenRefused
from musicmatch.standins.spotify.listeners import Listener, all_listeners
from musicmatch.standins.spotify.recent import recent_listens
from musicmatch.standins.spotify.search import found_artists, found_tracks
from musicmatch.standins.spotify.wire import api_error
from musicmatch.standins.spotify.world import World
from musicmatch.standins.tastes import TIME_RANGES
from musicmatch.standins.wire import (
    Answer,
    Refused,
    Request,
    json_answer,
    text_answer,
)

View = Callable[[World, Request, Token], object]

_REMOVED_IN_DEVELOPMENT = re.compile(
    r"/(artists|tracks|albums|users/.+|playlists/[^/]+/tracks|recommendations.*"
    r"|artists/[^/]+/(related-artists|top-tracks)|browse/.+|markets)"
)


def answer(world: World, request: Request) -> Answer:
    """Check who asks, then answer; every refusal has the shape of the real one."""
    path = request.path.removeprefix("/v1")
    token = _token_of(world, request)
    listener = all_listeners()[token.listener]
    if not listener.is_allow_listed and not world.is_extended:
        return text_answer("User not registered in the Developer Dashboard", status=403)
    if path.startswith(("/audio-features", "/audio-analysis")):
        if not world.has_audio_features:
            return api_error(403)
    elif not world.is_extended and _REMOVED_IN_DEVELOPMENT.fullmatch(path):
        return api_error(403, "Forbidden")
    view = _view_of(path)
    if request.method != "GET":
        return api_error(405, "Method not allowed")
    found = view(world, request, token)
    return found if isinstance(found, Answer) else json_answer(found)


def _token_of(world: World, request: Request) -> Token:
    """The access token of the header; one in the query is refused out of hand."""
    scheme, _, text = request.headers.get("authorization", "").partition(" ")
    if "access_token" in request.query or not text:
        raise Refused(api_error(401, "No token provided"))
    if scheme.lower() != "bearer":
        message = "Only valid bearer authentication supported"
        raise Refused(api_error(401, message))
    try:
        token = world.grants.read_access(text, now=world.now)
    except TokenRefused as refusal:
        raise Refused(api_error(401, str(refusal))) from refusal
    if token.listener not in all_listeners():
        raise Refused(api_error(401, "Invalid access token"))
    return token


def _view_of(path: str) -> View:
    for pattern, view in _VIEWS:
        if pattern.fullmatch(path):
            return view
    raise Refused(api_error(404, "Service not found"))


def _listener_with(token: Token, scope: str) -> Listener:
    if scope not in token.scopes:
        raise Refused(api_error(403, "Insufficient client scope"))
    return all_listeners()[token.listener]


def _me(world: World, request: Request, token: Token) -> object:
    return shapes.profile(world, all_listeners()[token.listener], token.scopes)


def _top(world: World, request: Request, token: Token) -> object:
    listener = _listener_with(token, "user-top-read")
    time_range = request.query.get("time_range", "medium_term")
    if time_range not in TIME_RANGES:
        raise Refused(api_error(400, "Invalid time range"))
    page = paging.page_of(request, default=20, most=50)
    key = (*world.look, listener.key, time_range, page)
    if key not in world.tops:
        items = _top_items(world, listener, page.path, time_range)
        kept = {"time_range": time_range}
        world.tops[key] = json_answer(paging.paged(world, page, items, kept))
    return world.tops[key]


def _top_items(
    world: World, listener: Listener, path: str, time_range: str
) -> list[shapes.Json]:
    if path.endswith("artists"):
        artists = listener.top_artists[time_range]
        return [shapes.full_artist(world, artist) for artist in artists]
    return [shapes.full_track(world, t) for t in listener.top_tracks[time_range]]


def _recent(world: World, request: Request, token: Token) -> object:
    listener = _listener_with(token, "user-read-recently-played")
    limit = paging.page_of(request, default=20, most=50).limit
    if "after" in request.query and "before" in request.query:
        raise Refused(api_error(400, "Only one of after and before may be given"))
    after = paging.whole_number(request, "after", default=0)
    before = paging.whole_number(request, "before", default=10**15)
    held = [
        listen
        for listen in recent_listens(listener, now=world.now)
        if after < listen.at_ms < before
    ]
    has_more = len(held) > limit and "after" not in request.query
    return _recent_page(world, request, held[:limit], limit=limit, has_more=has_more)


def _recent_page(
    world: World,
    request: Request,
    listens: list[Listen],
    *,
    limit: int,
    has_more: bool,
) -> object:
    href = f"{world.origin}{request.path}"
    data: dict[str, Any] = {
        "href": f"{href}?limit={limit}",
        "limit": limit,
        "next": None,
        "cursors": None,
        "items": [shapes.recent_item(world, listen) for listen in listens],
    }
    if listens:
        newest, oldest = str(listens[0].at_ms), str(listens[-1].at_ms)
        data["cursors"] = {"after": newest, "before": oldest}
        if has_more:
            data["next"] = f"{href}?before={oldest}&limit={limit}"
    return data


def _artist(world: World, request: Request, token: Token) -> object:
    artist = artists_by_id().get(request.path.rpartition("/")[2])
    if artist is None:
        raise Refused(api_error(404, "Resource not found"))
    return shapes.full_artist(world, artist)


def _artists(world: World, request: Request, token: Token) -> object:
    found = [artists_by_id().get(key) for key in paging.ids_of(request, most=50)]
    return {"artists": [a and shapes.full_artist(world, a) for a in found]}


def _track(world: World, request: Request, token: Token) -> object:
    track = tracks_by_id().get(request.path.rpartition("/")[2])
    if track is None:
        raise Refused(api_error(404, "Resource not found"))
    return shapes.full_track(world, track)


def _tracks(world: World, request: Request, token: Token) -> object:
    found = [tracks_by_id().get(key) for key in paging.ids_of(request, most=50)]
    return {"tracks": [t and shapes.full_track(world, t) for t in found]}


def _features_of(world: World, spotify_id: str) -> shapes.Json | None:
    """The features, or None for an unknown track and for the few never analysed."""
    track = tracks_by_id().get(spotify_id)
    if track is None or digest("analysed", spotify_id) % 16 == 0:
        return None
    return shapes.audio_features(world, track)


def _many_features(world: World, request: Request, token: Token) -> object:
    keys = paging.ids_of(request, most=100)
    return {"audio_features": [_features_of(world, key) for key in keys]}


def _features(world: World, request: Request, token: Token) -> object:
    features = _features_of(world, request.path.rpartition("/")[2])
    if features is None:
        raise Refused(api_error(404, "analysis not found"))
    return features


def _search(world: World, request: Request, token: Token) -> object:
    kinds = request.query.get("type", "").split(",")
    if not request.query.get("q"):
        raise Refused(api_error(400, "No search query"))
    if not kinds or not set(kinds) <= {"artist", "track"}:
        raise Refused(api_error(400, "Bad search type field"))
    most, default = (50, 20) if world.is_extended else (10, 5)
    page = paging.page_of(request, default=default, most=most, deepest=1000)
    kept = {"q": request.query["q"], "type": request.query["type"]}
    data: dict[str, object] = {}
    if "artist" in kinds:
        artists = [shapes.full_artist(world, a) for a in found_artists(kept["q"])]
        data["artists"] = paging.paged(world, page, artists, kept)
    if "track" in kinds:
        tracks = [shapes.full_track(world, t) for t in found_tracks(kept["q"])]
        data["tracks"] = paging.paged(world, page, tracks, kept)
    return data


_VIEWS: tuple[tuple[re.Pattern[str], View], ...] = (
    (re.compile(r"/me"), _me),
    (re.compile(r"/me/top/(artists|tracks)"), _top),
    (re.compile(r"/me/player/recently-played"), _recent),
    (re.compile(r"/artists/[^/]+"), _artist),
    (re.compile(r"/artists"), _artists),
    (re.compile(r"/tracks/[^/]+"), _track),
    (re.compile(r"/tracks"), _tracks),
    (re.compile(r"/audio-features/[^/]+"), _features),
    (re.compile(r"/audio-features"), _many_features),
    (re.compile(r"/search"), _search),
)
