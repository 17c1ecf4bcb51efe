"""What Last.fm says when something is wrong: a code, and a status not to rely on."""

from dataclasses import dataclass
from typing import ClassVar

from musicmatch.standins.faults import COMMON_KINDS, Fault

NOT_FOUND = 6

# By code: the usual status, and the words.
ERRORS = {
    3: (400, "Invalid Method - No method with that name in this package"),
    4: (403, "Authentication Failed - Invalid authentication token supplied"),
    NOT_FOUND: (200, "Invalid parameters - A required parameter is missing"),
    7: (404, "Invalid resource specified"),
    8: (500, "Operation failed - Something else went wrong"),
    9: (403, "Invalid session key - Please re-authenticate"),
    10: (403, "Invalid API key - You must be granted a valid key by last.fm"),
    11: (503, "Service Offline - This service is temporarily offline"),
    13: (403, "Invalid method signature supplied"),
    14: (403, "Unauthorized Token - This token has not been authorized"),
    15: (403, "This token has expired"),
    16: (503, "There was a temporary error processing your request"),
    17: (403, "Login: User required to be logged in"),
    26: (403, "Suspended API key - Access for this key has been suspended"),
    29: (429, "Rate limit exceeded - Too many requests in a short period"),
}
_CODES = {429: 29, 404: 7, 503: 16}


class Failure(Exception):
    """A call that Last.fm refuses; ``message`` is its own for the code if not given."""

    def __init__(self, code: int, message: str | None = None) -> None:
        self.code = code
        self.message = ERRORS[code][1] if message is None else message
        super().__init__(f"{code}: {self.message}")


@dataclass(frozen=True, slots=True)
class LastfmFault(Fault):
    """``code`` is that of the kind ``code``; its status is the one of that code.

    ``other_user`` answers with the data of somebody else.
    """

    code: int = 29

    kinds: ClassVar[tuple[str, ...]] = (*COMMON_KINDS, "code", "other_user")

    def __post_init__(self) -> None:
        Fault.__post_init__(self)
        if self.code not in ERRORS:
            message = f"code cannot be {self.code!r}"
            raise ValueError(message)


def code_of(status: int) -> int:
    """The code that goes with a failure known by its status."""
    return _CODES.get(status, 8)
