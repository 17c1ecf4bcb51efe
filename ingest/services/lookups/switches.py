"""Which services the host lets this site ask, and how each is reached."""

from django.conf import settings
from django.core.cache import cache

from ingest.sources import lastfm, listenbrainz, musicbrainz, reccobeats
from ingest.sources.base import Access

GENRE_SERVICES = ("listenbrainz", "musicbrainz", "lastfm")
MUSICBRAINZ = "musicbrainz"
RECCOBEATS = "reccobeats"
_NEEDS_KEY = {"lastfm"}
_GAPS_MS = {
    "listenbrainz": listenbrainz.DOOR.gap_ms,
    MUSICBRAINZ: musicbrainz.GAP_MS,
    "lastfm": lastfm.DOOR.gap_ms,
    RECCOBEATS: reccobeats.GAP_MS,
}
_REFUSED_SECONDS = 86_400


def genre_services() -> tuple[str, ...]:
    """Return the services to ask for genres, the preferred one first."""
    named = dict.fromkeys(name.strip().lower() for name in settings.GENRE_LOOKUP)
    return tuple(name for name in named if name in GENRE_SERVICES and _is_ready(name))


def asks_for_sound() -> bool:
    return _is_ready(RECCOBEATS)


def access_of(service: str) -> Access:
    """Return what a service is told: the host's own address and key, and nobody's."""
    return Access(url=_setting(service, "URL"), app_key=_setting(service, "API_KEY"))


def gap_ms(service: str) -> int:
    """Milliseconds between two calls of the whole site, imports included."""
    return int(getattr(settings, f"{service.upper()}_MIN_GAP_MS", _GAPS_MS[service]))


def refused(service: str) -> None:
    """Leave a service alone for a day that refuses this site itself."""
    cache.set(_refused_key(service), True, _REFUSED_SECONDS)


def has_refused(service: str) -> bool:
    return bool(cache.get(_refused_key(service)))


def _is_ready(service: str) -> bool:
    access = access_of(service)
    return bool(access.url) and (service not in _NEEDS_KEY or bool(access.app_key))


def _setting(service: str, name: str) -> str:
    return str(getattr(settings, f"{service.upper()}_{name}", ""))


def _refused_key(service: str) -> str:
    return f"lookups:{service}:refused"
