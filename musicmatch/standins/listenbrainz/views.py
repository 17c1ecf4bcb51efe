"""What ListenBrainz answers, one function for each address."""

import re
from collections.abc import Callable
from typing import TYPE_CHECKING
from uuid import UUID

from musicmatch.standins.diary import DAY, FAR, History, history
from musicmatch.standins.listenbrainz import shapes
from musicmatch.standins.listenbrainz.accounts import Account, all_accounts
from musicmatch.standins.listenbrainz.errors import api_error
from musicmatch.standins.mbids import artists_by_mbid
from musicmatch.standins.wire import (
    Answer,
    Refused,
    Request,
    json_answer,
    whole_number,
)

if TYPE_CHECKING:
    from musicmatch.standins.listenbrainz.server import ListenBrainzStandin

View = Callable[..., Answer]

MOST_ITEMS = 1000
_FEWEST_ITEMS = 25
_INCLUDES = {"artist", "tag", "release"}


def validate_token(standin: "ListenBrainzStandin", request: Request) -> Answer:
    """Always 200: whether the token is good stands inside."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "token":
        token = request.query.get("token", "")
    data: dict[str, object] = {"code": 200, "message": "Token invalid.", "valid": False}
    for account in all_accounts().values():
        if account.token == token:
            data |= {"message": "Token valid.", "valid": True}
            data["user_name"] = account.name
    return json_answer(data)


def stats(
    standin: "ListenBrainzStandin", request: Request, name: str, kind: str
) -> Answer:
    """A top list; 204 without a body while it has not been worked out."""
    account = _account(name)
    range_ = request.query.get("range", "all_time")
    if range_ not in shapes.RANGES:
        raise Refused(api_error(400, f"Invalid range: {range_}"))
    offset = _number(request, "offset", default=0)
    count = min(_number(request, "count", default=_FEWEST_ITEMS), MOST_ITEMS)
    if not (account.has_stats and standin.has_stats):
        return Answer(status=204, body=b"")
    rows = shapes.stats(account, kind, range_)
    shown = rows[offset : offset + count]
    payload: shapes.Json = {
        kind: shown,
        "count": len(shown),
        f"total_{kind[:-1]}_count": len(rows),
        "offset": offset,
        "range": range_,
        "user_id": account.name,
    }
    return json_answer({"payload": payload | shapes.covered(range_, now=standin.now)})


def listens(standin: "ListenBrainzStandin", request: Request, name: str) -> Answer:
    """Listens between two moments, newest first.

    With ``min_ts`` alone they are those that follow it, not the latest ones.
    """
    account = _account(name)
    count = min(_number(request, "count", default=_FEWEST_ITEMS), MOST_ITEMS)
    first = _number(request, "min_ts", default=-1) + 1
    end = _number(request, "max_ts", default=FAR)
    if first >= end:
        raise Refused(api_error(400, "min_ts should be less than max_ts"))
    kept, now = _history(standin, account), standin.now
    if "min_ts" in request.query and "max_ts" not in request.query:
        plays = kept.oldest(now=now, first=first, most=count)
    else:
        plays = kept.page(now=now, first=first, end=end, most=count)[1]
    payload: shapes.Json = {
        "count": len(plays),
        "user_id": account.name,
        "listens": [shapes.listen(account, play) for play in plays],
    }
    latest = kept.page(now=now, most=1)[1]
    payload["latest_listen_ts"] = latest[0].started_at if latest else 0
    return json_answer({"payload": payload})


def listen_count(standin: "ListenBrainzStandin", request: Request, name: str) -> Answer:
    kept = _history(standin, _account(name))
    return json_answer({"payload": {"count": kept.count(now=standin.now)}})


def artist_metadata(standin: "ListenBrainzStandin", request: Request) -> Answer:
    """Names and tags of artists by MBID; unknown ones are left out."""
    asked = request.query.get("artist_mbids")
    if asked is None:
        raise Refused(api_error(400, "artist_mbids argument must be present"))
    includes = set(request.query.get("inc", "").split())
    if not includes <= _INCLUDES:
        raise Refused(api_error(400, "invalid inc argument"))
    mbids = [_mbid(text.strip()) for text in asked.split(",")]
    return json_answer(
        [
            shapes.artist_metadata(
                mbid, artists_by_mbid()[mbid], has_tags="tag" in includes
            )
            for mbid in mbids
            if mbid in artists_by_mbid()
        ]
    )


def _account(name: str) -> Account:
    account = all_accounts().get(name.casefold())
    if account is None:
        raise Refused(api_error(404, f"Cannot find user: {name}"))
    return account


def _history(standin: "ListenBrainzStandin", account: Account) -> History:
    began = int(standin.started_at) // DAY * DAY - account.days * DAY
    return history(account.person, began)


def _number(request: Request, name: str, *, default: int) -> int:
    text = request.query.get(name)
    if not text:
        return default
    try:
        return whole_number(text)
    except ValueError as error:
        refusal = api_error(400, f"Invalid {name} argument: {text[:40]}")
        raise Refused(refusal) from error


def _mbid(text: str) -> str:
    try:
        return str(UUID(text))
    except ValueError as error:
        raise Refused(api_error(400, f"artist mbid {text} is not valid.")) from error


VIEWS: tuple[tuple[re.Pattern[str], View], ...] = (
    (re.compile(r"/1/validate-token"), validate_token),
    (re.compile(r"/1/stats/user/([^/]+)/(artists|recordings)"), stats),
    (re.compile(r"/1/user/([^/]+)/listens"), listens),
    (re.compile(r"/1/user/([^/]+)/listen-count"), listen_count),
    (re.compile(r"/1/metadata/artist/"), artist_metadata),
)
