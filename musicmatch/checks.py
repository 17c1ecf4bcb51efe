"""System checks: wrong settings are named, with a hint, before the first request."""

from collections.abc import Collection
from ipaddress import ip_address
from typing import Any
from urllib.parse import SplitResult, urlsplit

from cryptography.fernet import Fernet
from django.conf import settings
from django.core.checks import (
    CheckMessage,
    Error,
    Tags,
    register,
    run_checks,
)
from django.core.checks import Warning as CheckWarning
from django.core.exceptions import ImproperlyConfigured
from django.http.request import validate_host

from ingest.services.lookups import GENRE_SERVICES
from matching import preselect

_TAG = "musicmatch"


def _parts(url: str) -> SplitResult:
    """Split an address; one that cannot be split has no host and no scheme."""
    try:
        parts = urlsplit(url)
        return parts if parts.hostname and parts.port != 0 else urlsplit("")
    except ValueError:
        return urlsplit("")


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def _secret_key_is_set() -> bool:
    try:
        return bool(settings.SECRET_KEY)
    except ImproperlyConfigured:
        return False


@register(_TAG)
def keys_are_set(**_: Any) -> list[CheckMessage]:
    errors: list[CheckMessage] = []
    if not _secret_key_is_set():
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


@register(_TAG)
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


@register(_TAG)
def standin_is_for_development(**_: Any) -> list[CheckMessage]:
    """The stand-in lets anyone sign in as anyone: it must not exist in production.

    It speaks plain HTTP on a loopback port, and the real service never does.
    """
    if settings.DEBUG:
        return []
    urls = [_parts(settings.SPOTIFY_ACCOUNTS_URL), _parts(settings.SPOTIFY_API_URL)]
    is_real = all(
        url.scheme == "https" and not _is_loopback(url.hostname or "") for url in urls
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


@register(_TAG)
def debug_is_for_loopback(**_: Any) -> list[CheckMessage]:
    """With DEBUG on, error pages show settings and demo people can be borrowed."""
    public = [host for host in settings.ALLOWED_HOSTS if not _is_loopback(host)]
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


@register(_TAG)
def site_url_is_allowed(**_: Any) -> list[CheckMessage]:
    host = _parts(settings.SITE_URL).hostname
    # Another check speaks of an address without a host.
    shown = f"[{host}]" if host and ":" in host else host
    if not shown or validate_host(shown, settings.ALLOWED_HOSTS):
        return []
    return [
        Error(
            f"SITE_URL names {shown}, which is not in ALLOWED_HOSTS.",
            hint="Add the host of SITE_URL to ALLOWED_HOSTS.",
            id="musicmatch.E006",
        )
    ]


@register(_TAG)
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


@register(_TAG)
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


@register(_TAG)
def site_url_is_an_address(**_: Any) -> list[CheckMessage]:
    parts = _parts(settings.SITE_URL)
    is_bare = not (parts.path or parts.query or parts.fragment)
    if parts.scheme in {"http", "https"} and is_bare:
        return []
    return [
        Error(
            f"SITE_URL is {settings.SITE_URL!r}.",
            hint="Give scheme and host and nothing after: https://musicmatch.example",
            id="musicmatch.E009",
        )
    ]


@register(_TAG)
def spotify_can_come_back(**_: Any) -> list[CheckMessage]:
    """Spotify sends people back to HTTPS, or to a loopback address in figures."""
    parts = _parts(settings.SITE_URL)
    host = parts.hostname or ""
    is_figures = _is_loopback(host) and not host.endswith("localhost")
    if not settings.SPOTIFY_CLIENT_ID or parts.scheme == "https" or is_figures:
        return []
    return [
        Error(
            f"Spotify never sends anyone back to {settings.SITE_URL}.",
            hint="Use https, or http://127.0.0.1 with a port on your own machine.",
            id="musicmatch.E010",
        )
    ]


@register(_TAG)
def preselect_is_known(**_: Any) -> list[CheckMessage]:
    if settings.MATCHING_PRESELECT in {"", "pgvector"}:
        return []
    return [
        Error(
            f"MATCHING_PRESELECT is {settings.MATCHING_PRESELECT!r}.",
            hint="Use pgvector, or leave it empty to compare everyone.",
            id="musicmatch.E011",
        )
    ]


@register(Tags.database)
def preselect_has_its_tables(
    databases: Collection[str] | None = None, **_: Any
) -> list[CheckMessage]:
    """Without its tables the preselection is off: a warning, for setup comes later."""
    if settings.MATCHING_PRESELECT != "pgvector" or not databases:
        return []
    missing = preselect.what_is_missing()
    if not missing:
        return []
    return [
        CheckWarning(
            f"MATCHING_PRESELECT is pgvector, and everyone is compared. {missing}",
            hint="On PostgreSQL with pgvector, run manage.py preselect_setup.",
            id="musicmatch.W012",
        )
    ]


def _genre_services() -> list[str]:
    """The services to ask for genres, as the host wrote them."""
    names = (name.strip().lower() for name in settings.GENRE_LOOKUP)
    return list(dict.fromkeys(filter(None, names)))


@register(_TAG)
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


@register(_TAG)
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


@register(_TAG)
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


@register(_TAG)
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


def refuse_wrong_settings() -> None:
    """Stop a process that no management command started, such as a web server.

    Raises ``ImproperlyConfigured`` with every error of this module; warnings stop
    nothing.
    """
    errors = [said for said in run_checks(tags=[_TAG]) if said.is_serious()]
    if errors:
        raise ImproperlyConfigured("\n".join(str(error) for error in errors))
