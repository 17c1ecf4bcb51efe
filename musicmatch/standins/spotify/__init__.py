"""A pretend Spotify over real HTTP, for development and tests only."""

from musicmatch.standins.spotify.server import SpotifyStandin
from musicmatch.standins.spotify.world import CLIENT_ID, CLIENT_SECRET

__all__ = ["CLIENT_ID", "CLIENT_SECRET", "SpotifyStandin"]
