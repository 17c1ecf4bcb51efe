"""Who may call: somebody who says who they are, and not too often."""

import math
import re
import threading

_APPLICATION = re.compile(r"[^\s/]+/\S+")
_CONTACT = re.compile(r"@|://")
_LIBRARIES = re.compile(
    r"(python-requests|python-urllib|urllib3|httpx|aiohttp|curl|wget|java|okhttp|node"
    r"|axios|go-http-client|mozilla)\b",
    re.IGNORECASE,
)


def is_meaningful(user_agent: str) -> bool:
    """Whether it names an application, its version and someone to write to.

    ``Musicmatch/0.1 ( https://musicmatch.example )`` does; the name that a library
    sends by itself does not.
    """
    return (
        _APPLICATION.match(user_agent) is not None
        and _CONTACT.search(user_agent) is not None
        and _LIBRARIES.match(user_agent) is None
    )


class Turnstile:
    """Lets one call through at a time; safe to use from several threads."""

    def __init__(self) -> None:
        self._latest = -math.inf
        self._lock = threading.Lock()

    def enter(self, *, now: float, gap: float) -> bool:
        """Whether the call comes late enough after the latest that did."""
        with self._lock:
            # A clock that was put back starts anew.
            if self._latest <= now < self._latest + gap:
                return False
            self._latest = now
            return True
