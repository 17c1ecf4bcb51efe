"""The doors of this site: which are open, and what it takes to go through one."""

import requests
from django.conf import settings

from ingest.models import Source
from ingest.sources.base import Access, Service, Way
from ingest.sources.http import new_session


def is_open(source: Source) -> bool:
    """Whether this site lets people in by this door: its host decides."""
    door = source.door
    if door.way is Way.SIGN_IN:
        return bool(settings.SPOTIFY_CLIENT_ID)
    if door.way is Way.NONE:
        return False
    access = access_of(source)
    has_key = bool(access.app_key and access.app_secret) or not door.needs_key
    return has_key and (door.open is None or bool(access.url))


def access_of(source: Source, *, user_name: str = "", token: str = "") -> Access:
    """What the service is told, with the host's own addresses and keys."""
    is_spotify = source is Source.SPOTIFY
    return Access(
        url=settings.SPOTIFY_API_URL if is_spotify else _setting(source, "URL"),
        auth_url=_setting(source, "AUTH_URL"),
        token=token,
        user_name=user_name,
        app_key=_setting(source, "API_KEY"),
        app_secret=_setting(source, "SECRET"),
    )


def session() -> requests.Session:
    """A session that says who is calling, and how to reach the host."""
    return new_session(settings.SITE_URL)


def opened(session: requests.Session, source: Source, access: Access) -> Service:
    """Open the service for one person; raises ValueError where nothing is fetched."""
    if source.door.open is None:
        raise ValueError(f"{source.label} has nothing to fetch from.")
    return source.door.open(session, access)


def gap_ms(source: Source) -> int:
    """Milliseconds between two calls of the whole site."""
    return int(getattr(settings, f"{source.upper()}_MIN_GAP_MS", source.door.gap_ms))


def _setting(source: Source, name: str) -> str:
    return str(getattr(settings, f"{source.upper()}_{name}", ""))
