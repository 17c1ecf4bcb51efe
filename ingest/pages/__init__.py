"""What the pages about one's own listening read."""

from ingest.pages.taste import SHOWN, spotify_url

__all__ = ["SHOWN", "spotify_url"]
