"""Log lines, metrics and reports can be made as the settings say."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register
from django.core.checks import Warning as CheckWarning

from musicmatch.checks.common import TAG, is_loopback, parts_of
from musicmatch.watching.logs import FORMATS

# Guessed at a thousand times a second, for as long as a site lives.
_SHORTEST_TOKEN = 20


@register(TAG)
def log_format_is_known(**_: Any) -> list[CheckMessage]:
    if settings.LOG_FORMAT in FORMATS:
        return []
    return [
        Error(
            f"LOG_FORMAT is {settings.LOG_FORMAT!r}.",
            hint=f"Use {' or '.join(FORMATS)}, or leave it empty.",
            id="musicmatch.E020",
        )
    ]


@register(TAG)
def metrics_token_is_long(**_: Any) -> list[CheckMessage]:
    token = settings.METRICS_TOKEN
    if not token or settings.DEBUG or len(token) >= _SHORTEST_TOKEN:
        return []
    return [
        Error(
            "METRICS_TOKEN is short enough to be guessed.",
            hint=f"Give {_SHORTEST_TOKEN} random characters or more, or none.",
            id="musicmatch.E021",
        )
    ]


@register(TAG)
def metrics_bind_is_a_place(**_: Any) -> list[CheckMessage]:
    bind = settings.METRICS_BIND
    port = bind.rpartition(":")[2]
    if not bind or (port.isdecimal() and 0 < int(port) < 65536):
        return []
    return [
        Error(
            f"METRICS_BIND is {bind!r}.",
            hint="Give host and port, such as 0.0.0.0:9108, or leave it empty.",
            id="musicmatch.E022",
        )
    ]


@register(TAG)
def metrics_bind_has_a_token(**_: Any) -> list[CheckMessage]:
    if not settings.METRICS_BIND or settings.METRICS_TOKEN:
        return []
    return [
        CheckWarning(
            "METRICS_BIND is set, and nobody may read the metrics.",
            hint="Set METRICS_TOKEN, or leave METRICS_BIND empty.",
            id="musicmatch.W023",
        )
    ]


@register(TAG)
def sentry_is_an_address(**_: Any) -> list[CheckMessage]:
    """Its text is a secret, and is not shown."""
    if not settings.SENTRY_DSN:
        return []
    parts = parts_of(settings.SENTRY_DSN)
    is_safe = parts.scheme == "https" or is_loopback(parts.hostname or "")
    is_whole = bool(parts.hostname and parts.username and parts.path.strip("/"))
    if is_safe and is_whole:
        return []
    return [
        Error(
            "SENTRY_DSN is no address that errors can be reported to.",
            hint="Copy it from the project's settings: https://KEY@HOST/NUMBER",
            id="musicmatch.E024",
        )
    ]
