"""A pretend Last.fm over real HTTP, for development and tests only."""

from musicmatch.standins.lastfm.accounts import all_accounts
from musicmatch.standins.lastfm.server import LastfmStandin

__all__ = ["LastfmStandin", "all_accounts"]
