"""What a laptop may do and a site that others reach may not."""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register
from django.core.checks import Warning as CheckWarning

from ingest.sources.registry import Source
from musicmatch.checks.common import TAG, is_loopback, parts_of
from musicmatch.checks.keys import secret_key_is_set

_SHORTEST_KEY = 32
_REDIS = {"redis", "rediss", "unix"}
_DATABASES = {"django.db.backends.sqlite3", "django.db.backends.postgresql"}
_IN_LOGS = "django.core.mail.backends.console.EmailBackend"
_NOWHERE = {
    f"django.core.mail.backends.{name}.EmailBackend"
    for name in ("dummy", "locmem", "filebased")
}
_Check = Callable[..., list[CheckMessage]]


def _in_production(check: Callable[[], CheckMessage | None]) -> _Check:
    """Register a check of hosted sites, which finds one thing wrong or none."""

    # Not wrapped: Django looks at the signature, which must take any keyword.
    @register(TAG)
    def checked(**_: Any) -> list[CheckMessage]:
        said = None if settings.DEBUG else check()
        return [said] if said else []

    return checked


@_in_production
def site_url_is_https() -> CheckMessage | None:
    parts = parts_of(settings.SITE_URL)
    if parts.scheme != "http" or is_loopback(parts.hostname or ""):
        return None
    return Error(
        f"SITE_URL is {settings.SITE_URL}: passwords would travel in the open.",
        hint="Put a proxy with TLS in front, and give SITE_URL with https.",
        id="musicmatch.E040",
    )


@_in_production
def hosts_are_named() -> CheckMessage | None:
    """Links in mails are made of the host a request names."""
    if "*" not in settings.ALLOWED_HOSTS:
        return None
    return Error(
        "ALLOWED_HOSTS takes every host.",
        hint="Name the host of SITE_URL.",
        id="musicmatch.E041",
    )


@_in_production
def database_is_a_server() -> CheckMessage | None:
    if "sqlite3" not in settings.DATABASES["default"]["ENGINE"]:
        return None
    return CheckWarning(
        "The database is SQLite, a file on this one machine.",
        hint="Set DATABASE_URL to a PostgreSQL for a site that is to grow.",
        id="musicmatch.W042",
    )


@_in_production
def limits_are_shared() -> CheckMessage | None:
    """Limits, locks and the queue of several processes are one only in Redis."""
    if settings.REDIS_URL:
        return None
    if settings.WEB_CONCURRENCY > 1:
        return Error(
            f"REDIS_URL is not set, and WEB_CONCURRENCY is {settings.WEB_CONCURRENCY}.",
            hint="Set REDIS_URL: the processes count limits together only there.",
            id="musicmatch.E043",
        )
    return CheckWarning(
        "REDIS_URL is not set: the queue and the cache are files.",
        hint="Set REDIS_URL. What a worker holds when it dies is lost without.",
        id="musicmatch.W043",
    )


@_in_production
def mails_stay_out_of_logs() -> CheckMessage | None:
    """A mail holds a link that sets a new password."""
    if settings.EMAIL_BACKEND == _IN_LOGS:
        return Error(
            "EMAIL_URL is not set: mails would be printed into the log.",
            hint="Set EMAIL_URL to a mail server, or to dummymail:// to send none.",
            id="musicmatch.E044",
        )
    if settings.EMAIL_BACKEND in _NOWHERE:
        return CheckWarning(
            "No mail is sent: nobody who forgets a password gets a new one.",
            hint="Set EMAIL_URL, such as smtp+tls://user:password@host:587.",
            id="musicmatch.W044",
        )
    return None


@_in_production
def secret_key_is_long() -> CheckMessage | None:
    # One that is missing has an error of its own.
    if not secret_key_is_set() or len(settings.SECRET_KEY) >= _SHORTEST_KEY:
        return None
    return Error(
        f"SECRET_KEY has fewer than {_SHORTEST_KEY} characters.",
        hint="Set it to a long random text: deploy/make-secrets writes one.",
        id="musicmatch.E045",
    )


@_in_production
def proxies_are_counted() -> CheckMessage | None:
    """Without it all visitors behind the proxy share one limit."""
    count = settings.ALLAUTH_TRUSTED_PROXY_COUNT
    if count < 0:
        return Error(
            f"TRUSTED_PROXY_COUNT is {count}.",
            hint="Set it to how many proxies stand in front, 1 for most sites.",
            id="musicmatch.E046",
        )
    if count == 0 and settings.SITE_URL.startswith("https://"):
        return CheckWarning(
            "TRUSTED_PROXY_COUNT is 0 behind a proxy with TLS:"
            " limits of signing in count everyone as one visitor.",
            hint="Set it to how many proxies stand in front, 1 for most sites.",
            id="musicmatch.W046",
        )
    return None


@_in_production
def services_are_reached_by_tls() -> CheckMessage | None:
    names = [f"{source.upper()}_URL" for source in Source]
    open_to_all = [
        name
        for name in (*names, "MUSICBRAINZ_URL", "RECCOBEATS_URL")
        if _is_in_the_open(getattr(settings, name, "") or "")
    ]
    if not open_to_all:
        return None
    return Error(
        f"{', '.join(open_to_all)} is reached without TLS.",
        hint="Give an address with https.",
        id="musicmatch.E047",
    )


def _is_in_the_open(url: str) -> bool:
    parts = parts_of(url)
    return parts.scheme == "http" and not is_loopback(parts.hostname or "")


# --- On a laptop as well ---------------------------------------------------


@register(TAG)
def stores_are_known(**_: Any) -> list[CheckMessage]:
    engine = settings.DATABASES["default"].get("ENGINE", "")
    scheme = settings.REDIS_URL.partition("://")[0]
    said: list[CheckMessage] = []
    if engine not in _DATABASES:
        said.append(
            Error(
                f"DATABASE_URL asks for {engine.rpartition('.')[2] or 'no database'}.",
                hint="Use postgres://… or sqlite:///….",
                id="musicmatch.E048",
            )
        )
    if settings.REDIS_URL and scheme not in _REDIS:
        said.append(
            Error(
                "REDIS_URL is no address of a Redis.",
                hint="Use redis://, rediss:// or unix://.",
                id="musicmatch.E049",
            )
        )
    return said
