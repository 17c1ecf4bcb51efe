"""ReccoBeats: how tracks sound, measured by its own model.

Answers come in any order and with gaps: a row is known by its address at Spotify.
"""

from collections.abc import Sequence
from typing import Any

import requests

from ingest.sources import reading
from ingest.sources.base import (
    Access,
    AppRefused,
    AudioItem,
    Credit,
    RateLimited,
    SourceError,
    SourceUnavailable,
)
from ingest.sources.http import Answer, error_of, get

# Ids of Spotify go to a third party: only where the host says so.
URL_DEFAULT = ""
CREDIT = Credit("ReccoBeats", "https://reccobeats.com/")
GAP_MS = 1000
PAGE = 40
# Codes of its own, in the body.
_NOT_FOUND, _TOO_MANY = 4041, 4291


class ReccoBeats:
    """Look-ups of sound by Spotify id or ISRC."""

    def __init__(self, session: requests.Session, access: Access) -> None:
        self._session = session
        self._access = access

    def audio_features(self, ids: Sequence[str]) -> tuple[AudioItem, ...]:
        """Sound of up to 40 tracks, by their Spotify ids; unknown ones are left out.

        Of the several rows an ISRC may have, the first one counts.
        """
        url = f"{self._access.url.rstrip('/')}/audio-features"
        answer = get(self._session, url, params={"ids": ",".join(ids)})
        body = answer.json_or_none()
        code = _code_of(body)
        if code == _NOT_FOUND:
            return ()
        if answer.status != 200 or code is not None:
            raise _error_of(answer, code)
        asked, found = set(ids), dict[str, AudioItem]()
        for row in reading.listed(body, "content"):
            track_id = _track_id(reading.at(row, "href"))
            isrc = reading.isrc(reading.at(row, "isrc"))
            key = track_id if track_id in asked else isrc
            if track_id and key in asked:
                found.setdefault(key, reading.audio(track_id, row))
        return tuple(found.values())


def _code_of(body: Any) -> int | None:
    """Return the code of an error, where the body has one."""
    codes = (reading.at(body, key) for key in ("code", "status"))
    found = (reading.digits(code, 4000, 5999) for code in codes)
    return next((code for code in found if code is not None), None)


def _error_of(answer: Answer, code: int | None) -> SourceError:
    if code == _TOO_MANY or answer.status == 429:
        return RateLimited(answer.seconds("Retry-After"))
    if answer.status in {401, 403}:
        return AppRefused(f"status {answer.status}")
    if code is not None:
        return SourceUnavailable(f"code {code}")
    return error_of(answer)


def _track_id(href: Any) -> str | None:
    """Return the Spotify id at the end of an address."""
    address = reading.text(href, 300).partition("?")[0]
    return reading.spotify_id(address.rstrip("/").rpartition("/")[2])
