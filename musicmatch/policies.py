"""What a browser may do with a page of this site, and what a password must be."""

from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit

from csp.constants import NONE, SELF

# Features of browsers that no page needs. Only names that browsers know: each one
# they do not is a warning in the console of whoever looks there.
_FEATURES = (
    "accelerometer",
    "autoplay",
    "browsing-topics",
    "camera",
    "clipboard-read",
    "clipboard-write",
    "cross-origin-isolated",
    "display-capture",
    "encrypted-media",
    "fullscreen",
    "gamepad",
    "geolocation",
    "gyroscope",
    "hid",
    "identity-credentials-get",
    "idle-detection",
    "keyboard-map",
    "local-fonts",
    "magnetometer",
    "microphone",
    "midi",
    "otp-credentials",
    "payment",
    "picture-in-picture",
    "publickey-credentials-create",
    "publickey-credentials-get",
    "screen-wake-lock",
    "serial",
    "storage-access",
    "sync-xhr",
    "usb",
    "window-management",
    "xr-spatial-tracking",
)
_DJANGOS = "django.contrib.auth.password_validation"
# Long rather than odd: there is no rule for what kinds of characters it is made of.
PASSWORDS: list[dict[str, Any]] = [
    {"NAME": f"{_DJANGOS}.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "accounts.passwords.MaximumLengthValidator"},
    {"NAME": f"{_DJANGOS}.CommonPasswordValidator"},
    {
        "NAME": f"{_DJANGOS}.UserAttributeSimilarityValidator",
        "OPTIONS": {"user_attributes": ("username", "email", "handle", "display_name")},
    },
    {"NAME": "accounts.passwords.SiteWordsValidator"},
]
PERMISSIONS: dict[str, list[str]] = {name: [] for name in _FEATURES}


def content_security_policy(
    *, consent_pages: Iterable[str], is_https: bool
) -> dict[str, object]:
    """Return the policy of every answer; ``consent_pages`` are where forms lead to.

    Such a form is answered by a redirect to a service's page, which browsers count
    as a place that the form is sent to.
    """
    directives: dict[str, object] = {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "connect-src": [SELF],
        "object-src": [NONE],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
        "form-action": [SELF, *map(_origin, consent_pages)],
    }
    if is_https:
        directives["upgrade-insecure-requests"] = True
    return {"DIRECTIVES": directives}


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
