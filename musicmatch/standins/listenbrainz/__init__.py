"""A pretend ListenBrainz over real HTTP, for development and tests only."""

from musicmatch.standins.listenbrainz.accounts import all_accounts
from musicmatch.standins.listenbrainz.server import ListenBrainzStandin

__all__ = ["ListenBrainzStandin", "all_accounts"]
