"""Services that say what a test lets them say, and artists to ask them about."""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
import responses

from accounts.models import User
from ingest.models import Artist, ArtistGenre, Source, Track
from ingest.services import Listening, listening_replace
from ingest.services.lookups import genres_look_up, sounds_look_up
from ingest.signals import listening_changed
from ingest.sources.base import ArtistItem, TrackItem
from tests.factories import make_taste
from tests.ingest.conftest import Clock

ROOTS = {
    "listenbrainz": "https://listenbrainz.example",
    "musicbrainz": "https://musicbrainz.example/ws/2",
    "lastfm": "https://lastfm.example/2.0/",
    "reccobeats": "https://reccobeats.example/v1",
}
Tags = Mapping[str, int]
Reply = tuple[int, dict[str, str], str]


def mbid(number: int) -> str:
    return f"00000000-0000-4000-8000-{number:012d}"


def isrc(number: int) -> str:
    return f"ZZSTI26{number:05d}"


@dataclass(frozen=True, slots=True)
class Call:
    """One call as a service saw it; ``about`` is what it was asked about."""

    service: str
    about: tuple[str, ...]
    at: datetime
    url: str


@dataclass
class World:
    """What the services know, what they were asked, and what goes wrong next."""

    clock: Clock
    tags: dict[str, Tags] = field(default_factory=dict)
    named: dict[str, Tags] = field(default_factory=dict)
    recordings: dict[str, Sequence[tuple[str, str]]] = field(default_factory=dict)
    spotify: dict[str, str] = field(default_factory=dict)
    sounds: dict[str, dict[str, Any]] = field(default_factory=dict)
    faults: dict[str, Callable[[], Reply]] = field(default_factory=dict)
    headers: dict[str, dict[str, str]] = field(default_factory=dict)
    calls: list[Call] = field(default_factory=list)
    silent: set[str] = field(default_factory=set)

    def asked(self, service: str = "") -> list[tuple[str, ...]]:
        """What a service was asked about, or all of them, call by call."""
        return [c.about for c in self.calls if service in ("", c.service)]

    def asked_once(self, service: str = "") -> list[str]:
        """The same without the calls; fails where anything was asked twice."""
        things = [thing for about in self.asked(service) for thing in about]
        assert len(things) == len(set(things))
        return things

    def answer(self, request: requests.PreparedRequest) -> Reply:
        url = str(request.url)
        service = next(s for s, root in ROOTS.items() if url.startswith(root))
        query = parse_qs(urlsplit(url).query)
        about, body = self._said(service, urlsplit(url).path, query)
        self.calls.append(Call(service, tuple(about), self.clock(), url))
        if service in self.faults:
            return self.faults[service]()
        if body is None:
            return 404, {}, "{}"
        return 200, self.headers.get(service, {}), json.dumps(body)

    def _said(
        self, service: str, path: str, query: dict[str, list[str]]
    ) -> tuple[list[str], Any]:
        if service == "listenbrainz":
            mbids = query["artist_mbids"][0].split(",")
            known = [m for m in mbids if m in self._known(service)]
            return mbids, [_metadata(m, self.tags[m]) for m in known]
        if service == "lastfm":
            about = (query.get("artist") or query["mbid"])[0]
            tags = (self.named | self._known(service)).get(about, {})
            rows = [{"name": n, "count": c} for n, c in tags.items()]
            return [about], {"toptags": {"tag": rows}}
        if service == "reccobeats":
            ids = query["ids"][0].split(",")
            heard = [self.sounds[i] for i in ids if i in self.sounds]
            return ids, {"content": heard}
        return self._musicbrainz(path.removeprefix("/ws/2/"), query)

    def _musicbrainz(
        self, path: str, query: dict[str, list[str]]
    ) -> tuple[list[str], Any]:
        kind, _, about = path.partition("/")
        if kind == "isrc":
            credits = [
                {"artist": {"id": m, "name": n}}
                for m, n in self.recordings.get(about, ())
            ]
            body = {"recordings": [{"artist-credit": credits}]}
            return [about], body if about in self.recordings else None
        if kind == "artist":
            tags = self._known("musicbrainz").get(about, {})
            rows = [{"name": n, "count": c} for n, c in tags.items()]
            return [about], {"genres": rows, "tags": []}
        urls = query["resource"]
        ids = [url.rpartition("/")[2] for url in urls]
        rows = [
            {"resource": u, "relations": [{"artist": {"id": self.spotify[i]}}]}
            for u, i in zip(urls, ids, strict=True)
            if i in self.spotify
        ]
        return ids, {"urls": rows}

    def _known(self, service: str) -> dict[str, Tags]:
        return {} if service in self.silent else self.tags


def _metadata(of: str, tags: Tags) -> dict[str, Any]:
    rows = [{"tag": name, "count": count} for name, count in tags.items()]
    return {"artist_mbid": of, "tag": {"artist": rows}}


@pytest.fixture
def world(clock: Clock, settings: Any) -> Iterator[World]:
    """Every service, and a host that lets all of them be asked."""
    for service, root in ROOTS.items():
        setattr(settings, f"{service.upper()}_URL", root)
    settings.LASTFM_API_KEY = "the key"
    settings.GENRE_LOOKUP = ["listenbrainz", "musicbrainz", "lastfm"]
    settings.GENRE_LOOKUP_SPOTIFY_IDS = False
    said = World(clock)
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        mock.add_callback("GET", re.compile(r"https://\w+\.example/"), said.answer)
        yield said


@dataclass
class Worker:
    """A worker whose sleep moves the clock."""

    clock: Clock
    slept: list[float] = field(default_factory=list)

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.clock.move(seconds=seconds)

    def genres(self, *, turns: int = 1) -> None:
        for _ in range(turns):
            genres_look_up(clock=self.clock, sleep=self.sleep)

    def sounds(self, *, turns: int = 1) -> None:
        for _ in range(turns):
            sounds_look_up(clock=self.clock, sleep=self.sleep)


@pytest.fixture
def worker(clock: Clock) -> Worker:
    return Worker(clock)


@pytest.fixture
def told() -> Iterator[list[int]]:
    """Whose taste is computed anew, in this order."""
    people: list[int] = []

    def listen(*, person_id: int, **_: Any) -> None:
        people.append(person_id)

    listening_changed.connect(listen, weak=False)
    yield people
    listening_changed.disconnect(listen)


def give(
    person: User,
    *names: str,
    tracks: Mapping[str, str] | None = None,
    first_mbid: int | None = None,
) -> list[Artist]:
    """Give a person ranked artists, with MBIDs from a number on, or with ISRCs."""
    make_taste(person, names)
    artists = [Artist.objects.get(name=name) for name in names]
    if first_mbid is not None:
        for number, artist in enumerate(artists, start=first_mbid):
            artist.mbid = mbid(number)
            artist.save()
    for artist in artists:
        for code, name in (tracks or {}).items():
            if name == artist.name:
                Track.objects.create(
                    artist=artist, name=code, name_key=code.lower(), isrc=code
                )
    return artists


def give_tracks(person: User, *items: TrackItem, now: datetime) -> list[Track]:
    """Give a person ranked tracks, as their import from Spotify would."""
    artists = tuple(dict.fromkeys(item.artist for item in items))
    listening_replace(
        person_id=person.pk,
        source=Source.SPOTIFY,
        listening=Listening({"long_term": artists}, {"long_term": items}),
        now=now,
    )
    return [
        Track.objects.get(name=item.name, artist__name=item.artist.name)
        for item in items
    ]


def genres_by_artist() -> dict[str, list[tuple[str, str]]]:
    """Genres and who said so, by the name of the artist."""
    found: dict[str, list[tuple[str, str]]] = {}
    rows = ArtistGenre.objects.order_by("artist__name", "genre__name")
    for artist, genre, source in rows.values_list(
        "artist__name", "genre__name", "source"
    ):
        found.setdefault(artist, []).append((genre, source))
    return found


def track_item(name: str, artist: str, **more: Any) -> TrackItem:
    return TrackItem(name, ArtistItem(artist), **more)
