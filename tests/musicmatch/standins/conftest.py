"""A stand-in on its own port, with a clock that only moves when told to."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

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
