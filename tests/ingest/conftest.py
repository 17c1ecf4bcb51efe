"""A clock that moves, imports to carry on, and the site as Ada sees it."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from html import unescape
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from accounts.spotify.services import grant_store
from ingest.models import (
    Artist,
    ArtistGenre,
    AudioFeatures,
    Genre,
    ImportRun,
    Listen,
    Source,
    TopArtist,
    TopTrack,
    Track,
)
from ingest.services import Listening, listening_replace, run_advance
from ingest.sources.base import ArtistItem, ListenItem, TrackItem
from musicmatch.standins.spotify import SpotifyStandin

Connect = Callable[[User, str], ImportRun]
Finish = Callable[..., ImportRun]
WRITTEN = (
    Artist,
    ArtistGenre,
    AudioFeatures,
    Genre,
    Listen,
    TopArtist,
    TopTrack,
    Track,
)


class Clock:
    """Gives the same moment until it is told to move."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def move(self, **how_far: float) -> datetime:
        self.now += timedelta(**how_far)
        return self.now


@pytest.fixture
def clock(now: datetime) -> Clock:
    return Clock(now)


@pytest.fixture
def connect(standin: SpotifyStandin, clock: Clock) -> Connect:
    """Connect a person as one of the stand-in's listeners; gives the queued run."""
    standin.clock = lambda: clock().timestamp()

    def connected(person: User, listener: str) -> ImportRun:
        tokens: dict[str, Any] = standin.grant(listener)
        grant_store(
            person=person,
            access_token=tokens["access_token"],
            refresh_token=tokens["refresh_token"],
            expires_at=clock() + timedelta(seconds=tokens["expires_in"]),
            scopes=tokens["scope"],
            now=clock(),
        )
        return ImportRun.objects.active().get(person=person)

    return connected


@pytest.fixture
def finish(clock: Clock) -> Finish:
    """Carry a run on as workers and beat would, for a few turns or to its end."""

    def finished(run: ImportRun, *, turns: int = 20) -> ImportRun:
        for _ in range(turns):
            run_advance(run_id=run.pk, clock=clock)
            run.refresh_from_db()
            if not run.is_active:
                break
            if run.resume_at is not None:
                clock.now = max(clock.now, run.resume_at)
        return run

    return finished


@pytest.fixture
def written() -> Callable[[], dict[str, list[tuple[Any, ...]]]]:
    """Everything imports write, as it stands now; ids of replaced rows aside."""

    def tables() -> dict[str, list[tuple[Any, ...]]]:
        found = {}
        for model in WRITTEN:
            names = [f.attname for f in model._meta.concrete_fields]
            if model in (TopArtist, TopTrack):
                names.remove("id")
            found[model.__name__] = sorted(model.objects.values_list(*names), key=repr)
        return found

    return tables


# --- Pages ----------------------------------------------------------------

FIVE = ("Portishead", "Grouper", "Sade", "Burial", "Can")


@pytest.fixture
def mine(client: Client, ada: User) -> Client:
    """The site as Ada sees it."""
    client.force_login(ada)
    return client


def text(response: Any) -> str:
    stripped = re.sub(r"<[^>]+>", " ", response.content.decode())
    return " ".join(unescape(stripped).split())


def states(response: Any) -> dict[str, str]:
    """The marks of the sources page: state by source."""
    marks = r'data-source="(\w+)" data-state="(\w+)"'
    return dict(re.findall(marks, response.content.decode()))


def picked(*names: str) -> dict[str, str]:
    return {"artists": "\n".join(names)}


def heard(
    person: User,
    count: int,
    now: datetime,
    *,
    source: Source = Source.SPOTIFY,
    name: str = "Track",
) -> None:
    """Give a person plays, a minute between them, the latest at ``now``."""
    artist = ArtistItem("Low", "a1")
    listens = tuple(
        ListenItem(
            TrackItem(f"{name} {n:03}", artist, f"{name}{n}"),
            now - timedelta(minutes=n),
        )
        for n in range(count)
    )
    listening_replace(
        person_id=person.pk,
        source=source,
        listening=Listening(listens=listens),
        now=now,
    )
