"""What the pages about one's own listening read."""

from ingest.pages.taste import SHOWN, of_used_sources, spotify_url

__all__ = ["SHOWN", "of_used_sources", "spotify_url"]
