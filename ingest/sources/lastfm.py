"""Last.fm: a person's top artists and tracks, their scrobbles, and tags of artists.

Numbers come as text, a list of one as the one alone, and errors with status 200: the
body is looked at before the status.
"""

import hashlib
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar
from urllib.parse import urlencode

import requests

from ingest.sources import reading
from ingest.sources.base import (
    Access,
    AppRefused,
    ArtistItem,
    AuthorizationRevoked,
    Credit,
    Door,
    ListenItem,
    NotAllowed,
    Proof,
    RateLimited,
    RecentPage,
    SourceError,
    SourceUnavailable,
    Tag,
    TrackItem,
    Way,
    Words,
)
from ingest.sources.http import Answer, error_of, get
from ingest.sources.reading import Json

URL = "https://ws.audioscrobbler.com/2.0/"
AUTH_URL = "https://www.last.fm/api/auth/"
_ARTISTS, _TRACKS, _SCROBBLES = 100, 50, 200
_MOST_PAGES = 10
_PERIODS = {"short_term": "1month", "medium_term": "6month", "long_term": "12month"}
_LOOK_BACK = timedelta(days=365)
# Nobody's listens were written down before, or later than its clock may run ahead.
_EARLIEST = datetime(2002, 1, 1, tzinfo=UTC)
_AHEAD = timedelta(hours=1)
# Of a hundred for the tag most people gave; below, anything goes.
_LEAST_TAG = 10
_TOKEN = re.compile(r"[!-~]{1,200}")
_T = TypeVar("_T")
_Params = dict[str, str | int]

_UNKNOWN, _ABSENT, _HIDDEN, _TOO_FAST = 6, 7, 17, 29
_NO_CONSENT = (4, 9, 14, 15)
_SITE_REFUSED = (10, 13, 26)
_ASK_AGAIN = "Last.fm did not confirm that you said yes. Connect it once more."
_SHOW_LISTENS = (
    "You hide what you listen to at Last.fm. Open Settings → Privacy there, take the"
    " tick from “Hide recent listening information”, and come back."
)


class LastfmSource:
    """One person's door to Last.fm; for tags of artists nobody's."""

    pause = 0

    def __init__(self, session: requests.Session, access: Access) -> None:
        self._session = session
        self._access = access

    def top_artists(self, time_range: str) -> tuple[ArtistItem, ...] | None:
        """Up to 100 artists, the closest first."""
        return self._top("artist", time_range, _ARTISTS, artist_item)

    def top_tracks(self, time_range: str) -> tuple[TrackItem, ...] | None:
        """Up to 50 tracks, the closest first."""
        return self._top("track", time_range, _TRACKS, track_item)

    def recently_played(self, cursor: str, *, before: str, now: datetime) -> RecentPage:
        """Listens after ``cursor`` (seconds since 1970), of the past year at most."""
        page = reading.digits(before, 1, _MOST_PAGES) or 1
        floor = now - _LOOK_BACK
        since = reading.epoch(cursor)
        if since is not None:
            floor = max(floor, since + timedelta(seconds=1))
        params: _Params = {
            "limit": _SCROBBLES,
            "page": page,
            "from": int(floor.timestamp()),
        }
        found = self._of_user("user.getRecentTracks", "recenttracks", params)
        if found is None:
            return RecentPage((), cursor)
        rows = _rows(found, "track")
        listens = tuple(
            item
            for item in reading.each(rows, listen_item)
            if _EARLIEST <= item.listened_at <= now + _AHEAD
        )
        newest = max((item.listened_at for item in listens), default=None)
        pages = reading.digits(reading.at(found, "@attr", "totalPages"), 0, 10**9) or 0
        has_more = bool(rows) and page < min(pages, _MOST_PAGES)
        return RecentPage(
            listens,
            # One moment in the future would keep all later listens out.
            str(int(min(newest, now).timestamp())) if newest else cursor,
            str(page + 1) if has_more else "",
        )

    def tags(self, *, name: str = "", mbid: str | None = None) -> tuple[Tag, ...]:
        """Tags of an artist by MBID, else by name; () for one nobody knows."""
        params: _Params = {"mbid": mbid} if mbid else {"artist": name, "autocorrect": 1}
        try:
            body = self._call("artist.getTopTags", params)
        except NotAllowed as error:
            if isinstance(error, AppRefused):
                raise
            return ()
        if body is None:
            return ()
        return tuple(reading.each(_rows(body.get("toptags"), "tag"), tag_item))

    def _top(
        self,
        kind: str,
        time_range: str,
        limit: int,
        read: Callable[[Json], _T | None],
    ) -> tuple[_T, ...] | None:
        params: _Params = {"period": _PERIODS[time_range], "limit": limit, "page": 1}
        method = f"user.getTop{kind.capitalize()}s"
        found = self._of_user(method, f"top{kind}s", params)
        return None if found is None else reading.ranked(_rows(found, kind), read)

    def _of_user(self, method: str, key: str, params: _Params) -> Any:
        """Return what is said of this person; None where there is no such thing."""
        name = reading.text(self._access.user_name, 200)
        if not name:
            raise _nobody("")
        body = self._call(method, {"user": name, **params})
        if body is None:
            return None
        said = reading.text(reading.at(body, key, "@attr", "user"), 200)
        # Now and then the service answers with the listens of somebody else.
        if said.casefold() != name.casefold():
            raise SourceUnavailable("the answer is about somebody else")
        return body[key]

    def _call(self, method: str, params: _Params) -> Json | None:
        asked = {
            "method": method,
            **params,
            "api_key": self._access.app_key,
            "format": "json",
        }
        answer = get(self._session, self._access.url, params=asked)
        return _body_of(answer, str(params.get("user", "")))


def consent_url(access: Access, callback: str) -> str:
    """Return the page where the person says yes; it sends them on to ``callback``.

    The service gives nothing back that tells one request from another: the callback
    has to carry that itself.
    """
    query = urlencode({"api_key": access.app_key, "cb": callback})
    return f"{access.auth_url}?{query}"


def prove(session: requests.Session, access: Access) -> Proof:
    """Trade the token of a consent for the name of who gave it.

    The key that comes with the name would open more than we read: it is not kept.
    """
    if not _TOKEN.fullmatch(access.token):
        raise AuthorizationRevoked("not a token", advice=_ASK_AGAIN)
    signed = {
        "method": "auth.getSession",
        "api_key": access.app_key,
        "token": access.token,
    }
    signature = _signature(signed, access.app_secret)
    params = {**signed, "api_sig": signature, "format": "json"}
    body = _body_of(get(session, access.url, params=params), "")
    name = reading.text(reading.at(body, "session", "name"), 200)
    if not name:
        raise SourceUnavailable("the answer names nobody")
    return Proof(name)


def _signature(params: dict[str, str], secret: str) -> str:
    """Sign a call as the service demands; MD5 is its choice."""
    words = "".join(f"{name}{params[name]}" for name in sorted(params))
    return hashlib.md5(f"{words}{secret}".encode(), usedforsecurity=False).hexdigest()


# --- Answers --------------------------------------------------------------


def _body_of(answer: Answer, user: str) -> Json | None:
    """Return what was answered; None where there is no such thing."""
    body = answer.json_or_none()
    if isinstance(body, dict) and "error" in body:
        code = reading.digits(body["error"], 0, 10**6)
        if code == _ABSENT:
            return None
        raise _error_of(code, answer, user)
    if answer.status in {401, 403}:
        # Without a code it is the site that is turned away, never a person.
        raise AppRefused(f"status {answer.status}")
    if answer.status != 200:
        raise error_of(answer)
    if not isinstance(body, dict):
        raise SourceUnavailable("the answer is no object")
    return body


def _error_of(code: int | None, answer: Answer, user: str) -> SourceError:
    detail = f"error {code}"
    if code == _UNKNOWN:
        return _nobody(user)
    if code == _HIDDEN:
        return NotAllowed(detail, advice=_SHOW_LISTENS)
    if code == _TOO_FAST:
        return RateLimited(answer.seconds("Retry-After"))
    if code in _NO_CONSENT:
        return AuthorizationRevoked(detail, advice=_ASK_AGAIN)
    if code in _SITE_REFUSED:
        return AppRefused(detail)
    return SourceUnavailable(detail)


def _nobody(user: str) -> NotAllowed:
    advice = (
        f"Last.fm knows no “{user}” any more. If you have another name there now,"
        " disconnect Last.fm here and connect it again."
    )
    return NotAllowed("no such person", advice=advice if user else "")


def _rows(found: Any, key: str) -> list[Any]:
    """Return a list, which may be one row alone; raises ``SourceUnavailable``."""
    rows = reading.at(found, key)
    return [rows] if isinstance(rows, dict) else reading.listed(found, key)


# --- Items ----------------------------------------------------------------


def artist_item(row: Json) -> ArtistItem | None:
    # Top lists have a name, scrobbles a text.
    name = reading.text(row.get("name"), 200) or reading.text(row.get("#text"), 200)
    return ArtistItem(name, mbid=reading.mbid(row.get("mbid"))) if name else None


def track_item(row: Json) -> TrackItem | None:
    name = reading.text(row.get("name"), 300)
    artist = row.get("artist")
    item = artist_item(artist) if isinstance(artist, dict) else None
    return TrackItem(name, item) if name and item else None


def listen_item(row: Json) -> ListenItem | None:
    """Return one scrobble; what is playing now is none yet."""
    if reading.at(row, "@attr", "nowplaying") is not None:
        return None
    track, moment = track_item(row), reading.epoch(reading.at(row, "date", "uts"))
    return ListenItem(track, moment) if track and moment else None


def tag_item(row: Json) -> Tag | None:
    tag = reading.tag(row.get("name"), row.get("count"))
    return tag if tag and tag.count >= _LEAST_TAG else None


DOOR = Door(
    key="lastfm",
    label="Last.fm",
    way=Way.CONSENT,
    words=Words(
        off=(
            "We read your top artists and tracks and the scrobbles of your past year."
            " You say yes at Last.fm; all we keep of that is your name there, which"
            " nobody sees."
        ),
        connected="Read once a day, and when you ask for it.",
        nothing_yet=(
            "Last.fm knows no top artists of yours yet. It will once you have"
            " scrobbled a little; until then you can pick artists by hand."
        ),
    ),
    url=URL,
    auth_url=AUTH_URL,
    open=LastfmSource,
    prove=prove,
    consent_url=consent_url,
    needs_key=True,
    gap_ms=1000,
    timeliness=1,
    credit=Credit("powered by AudioScrobbler", "https://www.last.fm/"),
)
