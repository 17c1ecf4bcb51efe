"""Services that are asked for genres can be asked."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register
from django.core.checks import Warning as CheckWarning

from ingest.services.lookups import GENRE_SERVICES
from musicmatch.checks.common import TAG


def _genre_services() -> list[str]:
    """The services to ask for genres, as the host wrote them."""
    names = (name.strip().lower() for name in settings.GENRE_LOOKUP)
    return list(dict.fromkeys(filter(None, names)))


@register(TAG)
def genre_services_are_known(**_: Any) -> list[CheckMessage]:
    unknown = [name for name in _genre_services() if name not in GENRE_SERVICES]
    if not unknown:
        return []
    return [
        Error(
            f"GENRE_LOOKUP names {', '.join(unknown)}, which this site cannot ask.",
            hint=f"Use any of {', '.join(GENRE_SERVICES)}, or leave it empty.",
            id="musicmatch.E013",
        )
    ]


@register(TAG)
def genre_services_have_keys(**_: Any) -> list[CheckMessage]:
    # Settings of sources are made from the registry: no checker of types sees them.
    key = "LASTFM_API_KEY"
    if "lastfm" not in _genre_services() or getattr(settings, key, None):
        return []
    return [
        Error(
            "GENRE_LOOKUP names lastfm, and LASTFM_API_KEY is not set.",
            hint="Set LASTFM_API_KEY, or take lastfm out of GENRE_LOOKUP.",
            id="musicmatch.E014",
        )
    ]


@register(TAG)
def genre_services_have_addresses(**_: Any) -> list[CheckMessage]:
    named = [name for name in _genre_services() if name in GENRE_SERVICES]
    empty = [name for name in named if not getattr(settings, f"{name.upper()}_URL", "")]
    if not empty:
        return []
    unset = ", ".join(f"{name.upper()}_URL" for name in empty)
    return [
        Error(
            f"GENRE_LOOKUP names {', '.join(empty)}, and {unset} is empty.",
            hint="Leave the address unset for the real service, or do not name it.",
            id="musicmatch.E015",
        )
    ]


@register(TAG)
def spotify_ids_have_someone_to_ask(**_: Any) -> list[CheckMessage]:
    is_asked = "musicbrainz" in _genre_services()
    if not settings.GENRE_LOOKUP_SPOTIFY_IDS or is_asked:
        return []
    return [
        CheckWarning(
            "GENRE_LOOKUP_SPOTIFY_IDS is on, and nobody is asked by them.",
            hint="Name musicbrainz in GENRE_LOOKUP, or unset it.",
            id="musicmatch.W016",
        )
    ]
