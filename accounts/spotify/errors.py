"""Why signing in with Spotify did not work, in words a person can use."""

from enum import StrEnum

from allauth.socialaccount.providers.base import ProviderException


class Refusal(StrEnum):
    DENIED = "denied"
    STATE = "state"
    NOT_ALLOWED = "not_allowed"
    RESTING = "resting"
    MISCONFIGURED = "misconfigured"
    UNAVAILABLE = "unavailable"

    @property
    def words(self) -> str:
        return _WORDS[self]

    @property
    def status(self) -> int:
        """The HTTP status of the page that says so."""
        return _STATUSES[self]


_WORDS = {
    Refusal.DENIED: (
        "You said no on Spotify’s page, so nothing was read and nothing was kept."
    ),
    Refusal.STATE: (
        "This sign-in was started somewhere else or too long ago,"
        " so we did not finish it."
    ),
    Refusal.NOT_ALLOWED: (
        "Spotify lets this site serve only a few people by name,"
        " and you are not on that list yet. Your host can add you."
    ),
    Refusal.RESTING: "Spotify asked this site to rest for a while.",
    Refusal.MISCONFIGURED: (
        "Spotify does not accept this site’s own key. Only the host can mend that."
    ),
    Refusal.UNAVAILABLE: "Spotify did not answer in a way we understand.",
}
_STATUSES = {
    Refusal.DENIED: 200,
    Refusal.STATE: 401,
    Refusal.NOT_ALLOWED: 403,
    Refusal.RESTING: 503,
    Refusal.MISCONFIGURED: 503,
    Refusal.UNAVAILABLE: 503,
}


class SignInRefused(ProviderException):
    """Raised while a sign-in is completed; allauth shows our page for it."""

    def __init__(self, refusal: Refusal, detail: str = "") -> None:
        super().__init__(detail or refusal.value)
        self.refusal = refusal
