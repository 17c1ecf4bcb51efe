"""Whatever a service answers, a source gives items or one of the four errors."""

import io
import json
from collections.abc import Callable, Iterator
from copy import deepcopy
from datetime import UTC, datetime
from typing import Any

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st
from requests.adapters import BaseAdapter

from ingest.sources import lastfm, listenbrainz
from ingest.sources.base import Access, SourceError
from ingest.sources.lastfm import LastfmSource
from ingest.sources.listenbrainz import ListenBrainzSource
from ingest.sources.musicbrainz import MusicBrainz
from ingest.sources.reccobeats import ReccoBeats
from ingest.sources.spotify import SpotifySource
from tests.ingest.sources.odd_json import PAYLOADS, odd_json, payload

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
URL = "http://service.example"
ONE = "11111111-aaaa-4aaa-8aaa-111111111111"
ACCESS = Access(url=URL, user_name="ana-", token="token")
ANA = Access(url=URL, user_name="Ana", token="token")
NAMES = (
    "payload artists recordings listens topartists toptracks recenttracks toptags"
    " artist track tag session valid user_name name #text @attr user totalPages error"
    " genres tags urls resource relations content href items audio_features"
)
STATUSES = st.sampled_from([200, 200, 200, 204, 400, 403, 404, 429, 500, 503])
HEADERS = st.dictionaries(
    st.sampled_from(["Retry-After", "X-RateLimit-Remaining", "X-RateLimit-Reset-In"]),
    st.sampled_from(["", "0", "5", "-1", "1e9", "9" * 50, "soon", "٣"]),
)

Call = Callable[[requests.Session], object]
CALLS: dict[str, Call] = {
    "spotify/top_artists_extended": lambda s: spotify(s).top_artists("long_term"),
    "spotify/top_tracks": lambda s: spotify(s).top_tracks("long_term"),
    "spotify/recently_played": lambda s: spotify(s).recently_played("", now=NOW),
    "spotify/audio_features": lambda s: spotify(s).audio_features(["a"]),
    "listenbrainz/top_artists": lambda s: brainz(s).top_artists("long_term"),
    "listenbrainz/top_recordings": lambda s: brainz(s).top_tracks("long_term"),
    "listenbrainz/listens": lambda s: brainz(s).recently_played("", before="", now=NOW),
    "listenbrainz/artist_tags": lambda s: brainz(s).tags([ONE]),
    "lastfm/top_artists": lambda s: fm(s).top_artists("long_term"),
    "lastfm/top_tracks": lambda s: fm(s).top_tracks("long_term"),
    "lastfm/recent_tracks": lambda s: fm(s).recently_played("", before="", now=NOW),
    "lastfm/top_tags": lambda s: fm(s).tags(name="Brae"),
    "lastfm/session": lambda s: lastfm.prove(s, ACCESS),
    "musicbrainz/isrc": lambda s: books(s).artists_of_isrc("ZZSTI2600001"),
    "musicbrainz/artist": lambda s: books(s).tags(ONE),
    "musicbrainz/urls": lambda s: books(s).mbids_of_spotify(["a", "b"]),
    "reccobeats/audio_features": lambda s: ReccoBeats(s, ACCESS).audio_features(["a"]),
    "listenbrainz/validate_token": lambda s: listenbrainz.prove(s, ANA),
}


def spotify(session: requests.Session) -> SpotifySource:
    return SpotifySource(session, api_url=URL, token="token")


def brainz(session: requests.Session) -> ListenBrainzSource:
    return ListenBrainzSource(session, ACCESS)


def fm(session: requests.Session) -> LastfmSource:
    return LastfmSource(session, ACCESS)


def books(session: requests.Session) -> MusicBrainz:
    return MusicBrainz(session, ACCESS)


class Canned(BaseAdapter):
    """Gives the same answer to every call."""

    def __init__(self, status: int, headers: dict[str, str], body: bytes) -> None:
        super().__init__()
        self.answer = status, headers, body

    def send(self, request: requests.PreparedRequest, **_: Any) -> requests.Response:
        answer = requests.Response()
        answer.status_code, headers, body = self.answer
        answer.headers.update(headers)
        answer.raw = io.BytesIO(body)
        answer.url = str(request.url)
        return answer

    def close(self) -> None:
        """Nothing is open."""


def answered(call: Call, status: int, headers: dict[str, str], body: bytes) -> object:
    """Make a call that gets this answer; gives what came of it, or its error."""
    with requests.Session() as session:
        session.mount("http://", Canned(status, headers, body))
        try:
            return call(session)
        except SourceError as error:
            return error


def places(body: Any) -> Iterator[tuple[Any, Any]]:
    """Every place in a JSON value: what holds it, and its key or number there."""
    pairs = (
        list(body.items())
        if isinstance(body, dict)
        else list(enumerate(body))
        if isinstance(body, list)
        else []
    )
    for key, value in pairs:
        yield body, key
        yield from places(value)


def body_of(name: str) -> Any:
    return payload(*name.split("/"))


@pytest.mark.parametrize("name", CALLS)
def test_a_good_answer_gives_something(name: str) -> None:
    found = answered(CALLS[name], 200, {}, json.dumps(body_of(name)).encode())
    assert not isinstance(found, SourceError)


def test_every_payload_is_an_answer_to_a_call() -> None:
    written = {f"{p.parent.name}/{p.stem}" for p in PAYLOADS.glob("*/*.json")}
    alike = {"lastfm/top_artists_one", "musicbrainz/url_one"}
    assert written - alike - {"spotify/top_artists_development"} == set(CALLS)


@given(st.sampled_from(sorted(CALLS)), STATUSES, HEADERS, odd_json(NAMES))
def test_any_json_is_read_or_refused(
    name: str, status: int, headers: dict[str, str], body: Any
) -> None:
    answered(CALLS[name], status, headers, json.dumps(body).encode())


@given(st.sampled_from(sorted(CALLS)), st.data())
def test_a_good_answer_spoilt_anywhere_is_read_or_refused(
    name: str, data: st.DataObject
) -> None:
    body = deepcopy(body_of(name))
    for _ in range(data.draw(st.integers(1, 3))):
        holder, key = data.draw(st.sampled_from(list(places(body)) or [({}, "")]))
        holder[key] = data.draw(odd_json(NAMES))
    answered(CALLS[name], 200, {}, json.dumps(body).encode())


@given(st.sampled_from(sorted(CALLS)), STATUSES, st.data())
def test_half_an_answer_or_any_bytes_are_read_or_refused(
    name: str, status: int, data: st.DataObject
) -> None:
    whole = json.dumps(body_of(name)).encode()
    half = st.integers(0, len(whole)).map(lambda end: whole[:end])
    answered(CALLS[name], status, {}, data.draw(half | st.binary(max_size=200)))
