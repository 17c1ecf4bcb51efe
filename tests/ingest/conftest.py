"""A clock that moves, and people who have connected the stand-in Spotify."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from accounts.models import User
from accounts.spotify.services import grant_store
from ingest.models import (
    Artist,
    ArtistGenre,
    AudioFeatures,
    Genre,
    ImportRun,
    Listen,
    TopArtist,
    TopTrack,
    Track,
)
from ingest.services import run_advance
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
