"""ListenBrainz: a person's top artists and tracks, their listens, and tags of artists.

All of it is public. The person's token is asked for once, as the proof that the
profile is theirs.
"""

import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar
from urllib.parse import quote

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

URL = "https://api.listenbrainz.org"
TAGS_PAGE = 25
_ARTISTS, _TRACKS, _LISTENS = 100, 50, 1000
_MOST_PAGES = 5
# ListenBrainz counts by the calendar. ``month`` is the month that ended: by now up to
# two months old, and nothing at all for whoever came since. ``this_month`` is thin for
# a few days and then what we want. Of half a year and a year only those that ended are
# long enough all year round.
_RANGES = {
    "short_term": "this_month",
    "medium_term": "half_yearly",
    "long_term": "year",
}
_LOOK_BACK = timedelta(days=365)
# Nobody's listens were written down before, or later than its clock may run ahead.
_EARLIEST = datetime(2002, 1, 1, tzinfo=UTC)
_AHEAD = timedelta(hours=1)
_TOKEN = re.compile(r"[!-~]{1,200}")
_T = TypeVar("_T")
_Params = dict[str, str | int]

_COPY_AGAIN = (
    "ListenBrainz does not know this token. Copy it once more from your settings there,"
    " the whole of it, and paste it here."
)


class ListenBrainzSource:
    """One person's door to ListenBrainz; for tags of artists nobody's."""

    def __init__(self, session: requests.Session, access: Access) -> None:
        self._session = session
        self._access = access
        self._pause = 0

    @property
    def pause(self) -> int:
        return self._pause

    def top_artists(self, time_range: str) -> tuple[ArtistItem, ...] | None:
        """Up to 100 artists; None while ListenBrainz has not counted yet."""
        return self._top("artists", time_range, _ARTISTS, artist_item)

    def top_tracks(self, time_range: str) -> tuple[TrackItem, ...] | None:
        """Up to 50 tracks; None while ListenBrainz has not counted yet."""
        return self._top("recordings", time_range, _TRACKS, recording_item)

    def recently_played(self, cursor: str, *, before: str, now: datetime) -> RecentPage:
        """Listens after ``cursor`` (seconds since 1970), of the past year at most.

        Asked from a moment on, ListenBrainz may begin at either end, so the next
        import goes on after what came, not after what was there.
        """
        page, until = _place_of(before)
        since = reading.epoch(cursor)
        floor = max(since or _EARLIEST, now - _LOOK_BACK)
        params: _Params = {"count": _LISTENS}
        if since is not None:
            params["min_ts"] = int(floor.timestamp())
        if until is not None:
            params["max_ts"] = int(until.timestamp())
        rows = reading.listed(self._of_user("/listens", params), "payload", "listens")
        listens = [
            item
            for item in reading.each(rows, listen_item)
            if floor <= item.listened_at <= now + _AHEAD
        ]
        newest = max((item.listened_at for item in listens), default=None)
        oldest = min(reading.each(rows, _moment_of), default=None)
        before = ""
        if oldest is not None and len(rows) >= _LISTENS and page < _MOST_PAGES:
            # The next page begins within the second in which this one ends.
            end = oldest + timedelta(seconds=1)
            if oldest > floor and (until is None or end < until):
                listens = [item for item in listens if item.listened_at > oldest]
                before = f"{page + 1}:{int(end.timestamp())}"
        # One moment in the future would keep all later listens out.
        cursor = str(int(min(newest, now).timestamp())) if newest else cursor
        return RecentPage(tuple(listens), cursor, before)

    def tags(self, mbids: Sequence[str]) -> dict[str, tuple[Tag, ...]]:
        """Tags of up to 25 artists by their MBIDs; unknown ones are left out."""
        params: _Params = {"artist_mbids": ",".join(mbids), "inc": "tag"}
        body = self._json("/1/metadata/artist/", params)
        if not isinstance(body, list):
            raise SourceUnavailable("the answer has no list")
        asked = {mbid.lower(): mbid for mbid in mbids}
        found = {}
        for row in body:
            mbid = reading.mbid(reading.at(row, "artist_mbid"))
            if mbid and mbid in asked:
                tags = reading.at(row, "tag", "artist")
                rows = tags if isinstance(tags, list) else []
                found[asked[mbid]] = tuple(reading.each(rows, tag_item))
        return found

    def _top(
        self,
        kind: str,
        time_range: str,
        count: int,
        read: Callable[[Json], _T | None],
    ) -> tuple[_T, ...] | None:
        params: _Params = {"range": _RANGES[time_range], "count": count}
        body = self._of_user(f"/{kind}", params, root="/1/stats/user")
        if body is None:
            return None
        return reading.ranked(reading.listed(body, "payload", kind), read)

    def _of_user(self, path: str, params: _Params, *, root: str = "/1/user") -> Any:
        name = reading.text(self._access.user_name, 200)
        # Dots alone would lead to another address.
        if not name.strip("."):
            raise _nobody(name)
        return self._json(f"{root}/{quote(name, safe='')}{path}", params, of=name)

    def _json(self, path: str, params: _Params, *, of: str = "") -> Any:
        """Return the JSON of an answer, None where nothing is known yet."""
        url = f"{self._access.url.rstrip('/')}{path}"
        headers = _authorization(self._access.token) if self._access.token else None
        answer = get(self._session, url, params=params, headers=headers)
        self._pause = _pause_of(answer)
        if answer.status == 204:
            return None
        if answer.status == 404 and of:
            raise _nobody(of)
        if answer.status != 200:
            raise _error_of(answer)
        return answer.json()


def prove(session: requests.Session, access: Access) -> Proof:
    """Find out whose token it is; the name the person typed must be the same."""
    token = access.token.strip()
    if not _TOKEN.fullmatch(token):
        raise AuthorizationRevoked("not a token", advice=_COPY_AGAIN)
    url = f"{access.url.rstrip('/')}/1/validate-token"
    answer = get(session, url, params={}, headers=_authorization(token))
    if answer.status == 401:
        raise AuthorizationRevoked("the token is unknown", advice=_COPY_AGAIN)
    if answer.status != 200:
        raise _error_of(answer)
    body = answer.json()
    if reading.at(body, "valid") is False:
        raise AuthorizationRevoked("the token is unknown", advice=_COPY_AGAIN)
    name = reading.text(reading.at(body, "user_name"), 200)
    if reading.at(body, "valid") is not True or not name:
        raise SourceUnavailable("the answer names nobody")
    typed = reading.text(access.user_name, 200)
    if typed and typed.casefold() != name.casefold():
        raise NotAllowed(
            "the token is somebody else's",
            advice=(
                f"This token belongs to “{name}” at ListenBrainz, not to “{typed}”."
                " Type the name the token belongs to, or copy the token of the other."
            ),
        )
    return Proof(name)


def _authorization(token: str) -> dict[str, str]:
    return {"Authorization": f"Token {token}"}


def _pause_of(answer: Answer) -> int:
    """Return how long to wait when this was the last call allowed for now."""
    if answer.seconds("X-RateLimit-Remaining") != 0:
        return 0
    return answer.seconds("X-RateLimit-Reset-In") or 0


def _error_of(answer: Answer) -> SourceError:
    if answer.status == 429:
        wait = answer.seconds("Retry-After") or answer.seconds("X-RateLimit-Reset-In")
        return RateLimited(wait)
    if answer.status in {401, 403}:
        # What is asked is public: it is the site that is turned away, never a person.
        return AppRefused(f"status {answer.status}")
    return error_of(answer)


def _nobody(name: str) -> NotAllowed:
    return NotAllowed(
        "no such person",
        advice=(
            f"ListenBrainz knows no “{name}” any more. If you have another name there"
            " now, disconnect ListenBrainz here and connect it again."
        ),
    )


def _place_of(before: str) -> tuple[int, datetime | None]:
    """Return the page, from 1 on, and the moment before which its listens were."""
    page, _, until = before.partition(":")
    return reading.digits(page, 1, _MOST_PAGES) or 1, reading.epoch(until)


def _moment_of(row: Json) -> datetime | None:
    return reading.epoch(row.get("listened_at"))


def artist_item(row: Json) -> ArtistItem | None:
    name = reading.text(row.get("artist_name"), 200)
    return ArtistItem(name, mbid=reading.mbid(row.get("artist_mbid"))) if name else None


def recording_item(row: Json) -> TrackItem | None:
    name = reading.text(row.get("track_name"), 300)
    artist = _first_of(row) or _named(row, row)
    return TrackItem(name, artist) if name and artist else None


def listen_item(row: Json) -> ListenItem | None:
    metadata = row.get("track_metadata")
    track = _track_item(metadata) if isinstance(metadata, dict) else None
    moment = _moment_of(row)
    return ListenItem(track, moment) if track and moment else None


def _track_item(metadata: Json) -> TrackItem | None:
    """Return the track as MusicBrainz knows it, else as it was handed in."""
    mapping = metadata.get("mbid_mapping")
    mapping = mapping if isinstance(mapping, dict) else {}
    info = metadata.get("additional_info")
    info = info if isinstance(info, dict) else {}
    name = reading.text(mapping.get("recording_name"), 300) or reading.text(
        metadata.get("track_name"), 300
    )
    ids = mapping if mapping.get("artist_mbids") else info
    artist = _first_of(mapping) or _named(metadata, ids)
    if not name or artist is None:
        return None
    return TrackItem(
        name=name,
        artist=artist,
        isrc=reading.isrc(info.get("isrc")),
        duration_ms=reading.digits(info.get("duration_ms"), 0, 2**31 - 1),
    )


def _first_of(row: Json) -> ArtistItem | None:
    """Return the first of the artists a recording is credited to."""
    credits = row.get("artists")
    return next(
        reading.each(credits if isinstance(credits, list) else (), _credited), None
    )


def _credited(row: Json) -> ArtistItem | None:
    name = reading.text(row.get("artist_credit_name"), 200)
    return ArtistItem(name, mbid=reading.mbid(row.get("artist_mbid"))) if name else None


def _named(row: Json, ids: Json) -> ArtistItem | None:
    """Return the artist by one name, which may stand for several people's ids."""
    name = reading.text(row.get("artist_name"), 200)
    mbids = ids.get("artist_mbids")
    is_one = isinstance(mbids, list) and len(mbids) == 1
    mbid = reading.mbid(mbids[0]) if isinstance(mbids, list) and is_one else None
    return ArtistItem(name, mbid=mbid) if name else None


def tag_item(row: Json) -> Tag | None:
    is_curated = reading.mbid(row.get("genre_mbid")) is not None
    return reading.tag(row.get("tag"), row.get("count"), is_curated=is_curated)


DOOR = Door(
    key="listenbrainz",
    label="ListenBrainz",
    way=Way.NAME,
    words=Words(
        off=(
            "We read your top artists and tracks and the listens of your past year,"
            " which are public there. Your token only shows that the profile is yours,"
            " and is forgotten at once."
        ),
        connected="Read once a day, and when you ask for it.",
        nothing_yet=(
            "ListenBrainz has not counted your listens yet. It does so about once a"
            " day; we look again by ourselves."
        ),
    ),
    url=URL,
    open=ListenBrainzSource,
    prove=prove,
    gap_ms=250,
    ranges={
        "short_term": "this month so far",
        "medium_term": "the last full half year, to June or December",
        "long_term": "the last full year, January to December",
    },
    timeliness=2,
    auth_url="https://listenbrainz.org/settings/",
    credit=Credit("ListenBrainz", "https://listenbrainz.org/"),
)
