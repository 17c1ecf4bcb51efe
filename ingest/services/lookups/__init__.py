"""Asking outside services in the background about what imports leave open."""

from ingest.services.lookups.genres import (
    genres_awaited,
    genres_known,
    genres_look_up,
)
from ingest.services.lookups.sounds import sounds_look_up
from ingest.services.lookups.switches import GENRE_SERVICES

__all__ = [
    "GENRE_SERVICES",
    "genres_awaited",
    "genres_known",
    "genres_look_up",
    "sounds_look_up",
]
