"""A pretend ReccoBeats over real HTTP, for development and tests only."""

from musicmatch.standins.reccobeats.server import ReccoBeatsStandin

__all__ = ["ReccoBeatsStandin"]
