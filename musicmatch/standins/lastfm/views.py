"""What Last.fm answers, one function for each method."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from musicmatch.demo.catalogue import CatalogueArtist, load_catalogue
from musicmatch.standins.diary import DAY, FAR, History, history
from musicmatch.standins.draws import digest
from musicmatch.standins.lastfm import shapes
from musicmatch.standins.lastfm.accounts import Account, all_accounts
from musicmatch.standins.lastfm.errors import NOT_FOUND, Failure
from musicmatch.standins.lastfm.sessions import signature
from musicmatch.standins.mbids import artists_by_mbid
from musicmatch.standins.shelf import Track
from musicmatch.standins.wire import whole_number

if TYPE_CHECKING:
    from musicmatch.standins.lastfm.server import LastfmStandin

MOST_RECENT = 200
_MOST_TOP = 1000
_PAGE_SIZE = 50
_WRONG_METHOD, _WRONG_KEY, _WRONG_SIGNATURE, _HIDDEN, _SUSPENDED = 3, 10, 13, 17, 26
_TRACK_SECONDS = 240


@dataclass(frozen=True, slots=True)
class Query:
    """One call: its parameters, and whose session it is made in, if in any."""

    standin: "LastfmStandin"
    params: Mapping[str, str]
    owner: Account | None

    def number(self, name: str, default: int) -> int:
        """A parameter that is a number; raises ``Failure`` when it is not one."""
        text = self.params.get(name)
        if not text:
            return default
        try:
            return whole_number(text)
        except ValueError as error:
            raise Failure(NOT_FOUND, f"Invalid parameters - {name}") from error

    def page(self, *, most: int) -> shapes.Page:
        size = min(self.number("limit", _PAGE_SIZE), most)
        number = self.number("page", 1)
        if size < 1 or number < 1:
            raise Failure(NOT_FOUND, "Invalid parameters - page or limit")
        return shapes.Page(number, size)


def data_of(standin: "LastfmStandin", params: Mapping[str, str]) -> shapes.Json:
    """The answer to a call; raises ``Failure``."""
    if params.get("api_key") != standin.api_key:
        raise Failure(_WRONG_KEY)
    if standin.key_is_suspended:
        raise Failure(_SUSPENDED)
    method = METHODS.get(params.get("method", "").casefold())
    if method is None:
        raise Failure(_WRONG_METHOD)
    return method[1](Query(standin, params, _owner(standin, params)))


def _owner(standin: "LastfmStandin", params: Mapping[str, str]) -> Account | None:
    """Who the session belongs to; a call in a session has to be signed."""
    if "sk" not in params:
        return None
    _check_signature(standin, params)
    return all_accounts()[standin.sessions.owner_of(params["sk"])]


def _check_signature(standin: "LastfmStandin", params: Mapping[str, str]) -> None:
    if params.get("api_sig") != signature(params, standin.secret):
        raise Failure(_WRONG_SIGNATURE)


def get_session(query: Query) -> shapes.Json:
    """A session key for a token; the token is used up."""
    standin = query.standin
    _check_signature(standin, query.params)
    name = standin.sessions.redeem(
        query.params.get("token", ""), now=standin.now, life=standin.token_life
    )
    key = standin.sessions.key_of(name)
    shown = all_accounts()[name].name
    return {"session": {"name": shown, "key": key, "subscriber": 0}}


def get_info(query: Query) -> shapes.Json:
    account = _account(query)
    plays = _history(query.standin, account).count(now=query.standin.now)
    began = _began(query.standin, account)
    return {"user": shapes.profile(account, plays=plays, registered_at=began)}


def get_top_artists(query: Query) -> shapes.Json:
    account = _account(query)
    time_range, days = _period(query)
    plays = _history(query.standin, account).count(now=query.standin.now)
    rows = [
        shapes.top_artist(artist, place, shapes.play_count(account, place, days, plays))
        for place, artist in enumerate(
            account.person.artists(time_range, account.list_size)
        )
    ]
    return {"topartists": _paged(query, account, "artist", rows)}


def get_top_tracks(query: Query) -> shapes.Json:
    account = _account(query)
    time_range, days = _period(query)
    plays = _history(query.standin, account).count(now=query.standin.now)
    rows = [
        shapes.top_track(
            track, place, shapes.play_count(account, place, days // 2, plays)
        )
        for place, track in enumerate(
            account.person.tracks(time_range, account.list_size)
        )
    ]
    return {"toptracks": _paged(query, account, "track", rows)}


def get_recent_tracks(query: Query) -> shapes.Json:
    """Scrobbles from ``from`` up to but not at ``to``, newest first.

    What is on right now comes first on every page that reaches to the present, and
    is not counted.
    """
    account, standin = _account(query), query.standin
    if account.is_hidden and query.owner is not account:
        raise Failure(_HIDDEN)
    page = query.page(most=MOST_RECENT)
    is_extended = query.params.get("extended") == "1"
    first, end = query.number("from", 0), query.number("to", FAR)
    total, plays = _history(standin, account).page(
        now=standin.now, first=first, end=end, skip=page.skip, most=page.size
    )
    rows = [shapes.scrobble(play, is_extended=is_extended) for play in plays]
    track = _playing(standin, account)
    if track is not None and end > standin.now:
        rows.insert(0, shapes.now_playing(track, is_extended=is_extended))
    facts = shapes.page_facts(account, page, total)
    return {"recenttracks": {"track": shapes.listed(rows), "@attr": facts}}


def get_top_tags(query: Query) -> shapes.Json:
    artist = _artist(query)
    tags = shapes.listed(shapes.top_tags(artist))
    return {"toptags": {"tag": tags, "@attr": {"artist": artist.name}}}


def _account(query: Query) -> Account:
    name = query.params.get("user", "")
    if not name and query.owner is not None:
        return query.owner
    if not name:
        raise Failure(NOT_FOUND)
    account = all_accounts().get(name.casefold())
    if account is None:
        raise Failure(NOT_FOUND, "User not found")
    return account


def _artist(query: Query) -> CatalogueArtist:
    mbid, name = query.params.get("mbid", ""), query.params.get("artist", "")
    if not mbid and not name:
        raise Failure(NOT_FOUND)
    by_name, by_fold = _artists_by_name()
    artist = artists_by_mbid().get(mbid) if mbid else by_name.get(name)
    if artist is None and query.params.get("autocorrect") == "1":
        artist = by_fold.get(name.casefold())
    if artist is None:
        raise Failure(NOT_FOUND, "The artist you supplied could not be found")
    return artist


@cache
def _artists_by_name() -> tuple[dict[str, CatalogueArtist], dict[str, CatalogueArtist]]:
    artists = load_catalogue()
    return (
        {artist.name: artist for artist in artists},
        {artist.name.casefold(): artist for artist in artists},
    )


def _period(query: Query) -> tuple[str, int]:
    period = query.params.get("period") or "overall"
    if period not in shapes.PERIODS:
        raise Failure(NOT_FOUND, "Invalid parameters - period")
    return shapes.PERIODS[period]


def _paged(
    query: Query, account: Account, kind: str, rows: list[shapes.Json]
) -> shapes.Json:
    page = query.page(most=_MOST_TOP)
    shown = rows[page.skip : page.skip + page.size]
    facts = shapes.page_facts(account, page, len(rows))
    return {kind: shapes.listed(shown), "@attr": facts}


def _began(standin: "LastfmStandin", account: Account) -> int:
    return int(standin.started_at) // DAY * DAY - account.days * DAY


def _history(standin: "LastfmStandin", account: Account) -> History:
    return history(account.person, _began(standin, account), account.most_plays)


def _playing(standin: "LastfmStandin", account: Account) -> Track | None:
    if not (account.is_listening and standin.shows_now_playing):
        return None
    tracks = account.person.tracks("short_term", account.person.top_size)
    number = digest("now", account.name, int(standin.now) // _TRACK_SECONDS)
    return tracks[number % len(tracks)]


# By name in small letters: the name as it is written, and the function.
METHODS: dict[str, tuple[str, Callable[[Query], shapes.Json]]] = {
    name.casefold(): (name, view)
    for name, view in {
        "auth.getSession": get_session,
        "user.getInfo": get_info,
        "user.getTopArtists": get_top_artists,
        "user.getTopTracks": get_top_tracks,
        "user.getRecentTracks": get_recent_tracks,
        "artist.getTopTags": get_top_tags,
    }.items()
}
