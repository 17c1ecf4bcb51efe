"""What every page knows."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse

_NAV = (
    ("Matches", "matching:leaderboard", "users"),
    ("Taste", "ingest:taste", "music"),
    ("Sources", "ingest:sources", "refresh-cw"),
)


def site(request: HttpRequest) -> dict[str, Any]:
    return {
        "site_name": settings.SITE_NAME,
        "nav_items": _nav_items(request),
        "spotify_enabled": bool(settings.SPOTIFY_CLIENT_ID),
        "spotify_standin": settings.SPOTIFY_STANDIN,
        "is_development": settings.DEBUG,
    }


def _nav_items(request: HttpRequest) -> list[dict[str, Any]]:
    items = []
    for label, name, icon in _NAV:
        url = reverse(name)
        is_current = request.path.startswith(url)
        items.append(
            {
                "label": label,
                "url": url,
                "icon": icon,
                "is_current": is_current,
                "count": None,
            }
        )
    return items
