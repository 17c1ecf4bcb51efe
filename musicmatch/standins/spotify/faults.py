"""The trouble that only Spotify makes, and the words of its errors."""

from dataclasses import dataclass
from typing import ClassVar

from musicmatch.standins.damage import Spoiling
from musicmatch.standins.faults import COMMON_KINDS, Fault
from musicmatch.standins.spotify.wire import api_error, oauth_error
from musicmatch.standins.wire import Answer, text_answer

SPOILING = Spoiling(
    needed=("id", "name", "artists", "played_at", "display_name", "access_token"),
    odd={
        "id": 5,
        "name": ["a", "list"],
        "artists": "nobody",
        "images": "none",
        "album": 3,
        "played_at": "yesterday",
        "track": "a string",
        "expires_in": "soon",
    },
    names=("name", "display_name"),
    blank={"total": 0, "next": None, "cursors": None},
    nested="track",
)

_MESSAGES = {
    403: "Forbidden",
    404: "Resource not found",
    429: "API rate limit exceeded",
    500: "Server error",
    502: "Bad gateway",
    503: "Service unavailable",
}
_NOT_REGISTERED = "User not registered in the Developer Dashboard"


@dataclass(frozen=True, slots=True)
class SpotifyFault(Fault):
    """``error`` and ``description`` are those of ``oauth``."""

    error: str = "invalid_grant"
    description: str = "Refresh token revoked"

    kinds: ClassVar[tuple[str, ...]] = (
        *COMMON_KINDS,
        *("quota", "forbidden_json", "forbidden_plain", "oauth", "null_cursors"),
    )


def message_of(status: int) -> str:
    return _MESSAGES.get(status, "Something went wrong")


def own_failure(fault: SpotifyFault) -> Answer | None:
    """The answer of a kind that only Spotify has; None for the others."""
    match fault.kind:
        case "quota":
            return api_error(
                429,
                "Too many requests",
                reason="QUOTA_EXCEEDED",
                headers=fault.retry_header,
            )
        case "forbidden_json":
            return api_error(403, _NOT_REGISTERED)
        case "forbidden_plain":
            return text_answer(_NOT_REGISTERED, status=403)
        case "oauth":
            return oauth_error(fault.error, fault.description)
        case _:
            return None
