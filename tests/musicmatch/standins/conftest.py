"""Every stand-in on a port of its own, with a clock that only moves when told to."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from musicmatch.standins.lastfm import LastfmStandin
from musicmatch.standins.listenbrainz import ListenBrainzStandin
from musicmatch.standins.musicbrainz import MusicBrainzStandin
from musicmatch.standins.reccobeats import ReccoBeatsStandin
from musicmatch.standins.spotify import SpotifyStandin


@dataclass
class Clock:
    """Seconds since 1970; starts on 14 November 2026 in the forenoon."""

    seconds: float = 1_794_650_400.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def standin(clock: Clock) -> Iterator[SpotifyStandin]:
    with SpotifyStandin(clock=clock) as running:
        yield running


@pytest.fixture
def listenbrainz(clock: Clock) -> Iterator[ListenBrainzStandin]:
    with ListenBrainzStandin(clock=clock) as running:
        yield running


@pytest.fixture
def lastfm(clock: Clock) -> Iterator[LastfmStandin]:
    with LastfmStandin(clock=clock) as running:
        yield running


@pytest.fixture
def musicbrainz(clock: Clock) -> Iterator[MusicBrainzStandin]:
    """Without the limit of one call a second, which has tests of its own."""
    with MusicBrainzStandin(clock=clock) as running:
        running.min_gap = 0
        yield running


@pytest.fixture
def reccobeats(clock: Clock) -> Iterator[ReccoBeatsStandin]:
    with ReccoBeatsStandin(clock=clock) as running:
        yield running
