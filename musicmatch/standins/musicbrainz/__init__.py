"""A pretend MusicBrainz over real HTTP, for development and tests only."""

from musicmatch.standins.musicbrainz.server import MusicBrainzStandin

__all__ = ["MusicBrainzStandin"]
