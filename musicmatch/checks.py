"""System checks: wrong settings are named, with a hint, before the first request."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from cryptography.fernet import Fernet
from django.conf import settings
from django.core.checks import CheckMessage, Error, register

Check = Callable[..., list[CheckMessage]]

_LOOPBACK = {"127.0.0.1", "localhost", "::1", "[::1]"}


def _host(url: str) -> str:
    return urlsplit(url).hostname or ""


@register()
def keys_are_set(**_: Any) -> list[CheckMessage]:
    errors: list[CheckMessage] = []
    if not settings.SECRET_KEY:
        errors.append(
            Error(
                "SECRET_KEY is not set.",
                hint="Set SECRET_KEY or SECRET_KEY_FILE to a long random text.",
                id="musicmatch.E001",
            )
        )
    if not settings.FIELD_ENCRYPTION_KEYS:
        errors.append(
            Error(
                "FIELD_ENCRYPTION_KEYS is not set.",
                hint="Give one or more Fernet keys, newest first, with commas.",
                id="musicmatch.E002",
            )
        )
    return errors


@register()
def encryption_keys_are_fernet_keys(**_: Any) -> list[CheckMessage]:
    for position, key in enumerate(settings.FIELD_ENCRYPTION_KEYS, start=1):
        try:
            Fernet(key)
        except ValueError:
            return [
                Error(
                    f"Key {position} of FIELD_ENCRYPTION_KEYS is not a Fernet key.",
                    hint="A Fernet key is 32 random bytes in URL-safe base64.",
                    id="musicmatch.E003",
                )
            ]
    return []


@register()
def standin_is_for_development(**_: Any) -> list[CheckMessage]:
    """The stand-in lets anyone sign in as anyone: it must not exist in production."""
    if settings.DEBUG:
        return []
    loopback = [
        name
        for name in ("SPOTIFY_ACCOUNTS_URL", "SPOTIFY_API_URL")
        if _host(getattr(settings, name)) in _LOOPBACK
    ]
    if not settings.SPOTIFY_STANDIN and not loopback:
        return []
    return [
        Error(
            "The stand-in Spotify is switched on while DEBUG is off.",
            hint="Unset SPOTIFY_STANDIN and the SPOTIFY_…_URL settings.",
            id="musicmatch.E004",
        )
    ]


@register()
def debug_is_for_loopback(**_: Any) -> list[CheckMessage]:
    """With DEBUG on, error pages show settings and demo people can be borrowed."""
    public = [host for host in settings.ALLOWED_HOSTS if host not in _LOOPBACK]
    # Django's test runner adds its own host.
    public = [host for host in public if host != "testserver"]
    if not settings.DEBUG or not public:
        return []
    return [
        Error(
            f"DEBUG is on while ALLOWED_HOSTS names {', '.join(public)}.",
            hint="Set DEBUG=0 for a site that others can reach.",
            id="musicmatch.E005",
        )
    ]


@register()
def site_url_is_allowed(**_: Any) -> list[CheckMessage]:
    host = _host(settings.SITE_URL)
    allowed = settings.ALLOWED_HOSTS
    if "*" in allowed or host in allowed or f"[{host}]" in allowed:
        return []
    if any(name.startswith(".") and host.endswith(name) for name in allowed):
        return []
    return [
        Error(
            f"SITE_URL names {host}, which is not in ALLOWED_HOSTS.",
            hint="Add the host of SITE_URL to ALLOWED_HOSTS.",
            id="musicmatch.E006",
        )
    ]


@register()
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


@register()
def registration_is_known(**_: Any) -> list[CheckMessage]:
    if settings.REGISTRATION in {"open", "closed"}:
        return []
    return [
        Error(
            f"REGISTRATION is {settings.REGISTRATION!r}.",
            hint="Use open or closed.",
            id="musicmatch.E008",
        )
    ]
