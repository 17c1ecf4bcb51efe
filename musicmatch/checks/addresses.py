"""Where the site is, and who may reach it there."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register
from django.http.request import validate_host

from musicmatch.checks.common import TAG, is_loopback, parts_of


@register(TAG)
def debug_is_for_loopback(**_: Any) -> list[CheckMessage]:
    """With DEBUG on, error pages show settings and demo people can be borrowed."""
    public = [host for host in settings.ALLOWED_HOSTS if not is_loopback(host)]
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


@register(TAG)
def site_url_is_allowed(**_: Any) -> list[CheckMessage]:
    host = parts_of(settings.SITE_URL).hostname
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


@register(TAG)
def site_url_is_an_address(**_: Any) -> list[CheckMessage]:
    parts = parts_of(settings.SITE_URL)
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
