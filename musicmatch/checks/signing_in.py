"""Who may come in, and by which door."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register

from musicmatch.checks.common import TAG, is_loopback, parts_of


@register(TAG)
def standin_is_for_development(**_: Any) -> list[CheckMessage]:
    """The stand-in lets anyone sign in as anyone: it must not exist in production.

    It speaks plain HTTP on a loopback port, and the real service never does.
    """
    if settings.DEBUG:
        return []
    urls = [parts_of(settings.SPOTIFY_ACCOUNTS_URL), parts_of(settings.SPOTIFY_API_URL)]
    is_real = all(
        url.scheme == "https" and not is_loopback(url.hostname or "") for url in urls
    )
    if is_real and not settings.SPOTIFY_STANDIN:
        return []
    return [
        Error(
            "The stand-in Spotify is switched on while DEBUG is off.",
            hint="Unset SPOTIFY_STANDIN and the SPOTIFY_…_URL settings.",
            id="musicmatch.E004",
        )
    ]


@register(TAG)
def spotify_is_whole(**_: Any) -> list[CheckMessage]:
    if bool(settings.SPOTIFY_CLIENT_ID) == bool(settings.SPOTIFY_CLIENT_SECRET):
        return []
    return [
        Error(
            "Only one of SPOTIFY_CLIENT_ID and SPOTIFY_CLIENT_SECRET is set.",
            hint="Set both to sign in with Spotify, or neither.",
            id="musicmatch.E007",
        )
    ]


@register(TAG)
def spotify_can_come_back(**_: Any) -> list[CheckMessage]:
    """Spotify sends people back to HTTPS, or to a loopback address in figures."""
    parts = parts_of(settings.SITE_URL)
    host = parts.hostname or ""
    is_figures = is_loopback(host) and not host.endswith("localhost")
    if not settings.SPOTIFY_CLIENT_ID or parts.scheme == "https" or is_figures:
        return []
    return [
        Error(
            f"Spotify never sends anyone back to {settings.SITE_URL}.",
            hint="Use https, or http://127.0.0.1 with a port on your own machine.",
            id="musicmatch.E010",
        )
    ]


@register(TAG)
def registration_is_known(**_: Any) -> list[CheckMessage]:
    if settings.REGISTRATION in {"open", "invite", "closed"}:
        return []
    return [
        Error(
            f"REGISTRATION is {settings.REGISTRATION!r}.",
            hint="Use open, invite or closed.",
            id="musicmatch.E008",
        )
    ]
