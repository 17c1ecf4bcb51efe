"""Genres by name: what people tag music with, and what Spotify calls it."""

from ingest.genres.vocabulary import canonical, genre_of, genres_of, is_known

__all__ = ["canonical", "genre_of", "genres_of", "is_known"]
