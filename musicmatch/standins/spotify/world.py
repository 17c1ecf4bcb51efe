"""Everything the stand-in remembers and can be told to do differently."""

import time
from collections.abc import Callable, Hashable, Iterable
from itertools import count
from typing import Any, ClassVar, Literal, get_args

from musicmatch.standins import credentials
from musicmatch.standins.spotify.faults import SPOILING, SpotifyFault
from musicmatch.standins.spotify.grants import EXPIRED, REVOKED, Grants
from musicmatch.standins.spotify.listeners import all_listeners
from musicmatch.standins.spotify.redirects import check_redirect
from musicmatch.standins.standin import Check, Standin, is_duration
from musicmatch.standins.wire import Answer

CLIENT_ID = credentials.SPOTIFY_CLIENT_ID
CLIENT_SECRET = credentials.SPOTIFY_CLIENT_SECRET
DEFAULT_REDIRECT = "http://127.0.0.1/accounts/spotify/login/callback/"

Mode = Literal["development", "extended"]
Genres = Literal["as_mode", "present", "empty", "absent"]
Rotation = Literal["never", "always", "sometimes"]

SCOPES = {
    "user-top-read": "your top artists and tracks",
    "user-read-recently-played": "what you listened to lately",
    "user-read-private": "your country and kind of account",
    "user-read-email": "your e-mail address",
    "playlist-modify-private": "leave to make private playlists for you",
    "playlist-modify-public": "leave to make public playlists for you",
    "playlist-read-private": "your own playlists",
}


class World(Standin[SpotifyFault]):
    """The state behind every answer.

    ``mode``, ``genres``, ``audio_features`` (None: as the mode), ``rotation``,
    ``access_token_life`` and ``code_life`` (seconds) may be set at any time, as may
    the ``latency`` and the ``clock`` that every stand-in has.
    """

    name = "spotify"
    roots = ("/v1/", "/authorize", "/api/token", "/image/")
    spoiling = SPOILING
    fault_type = SpotifyFault
    secrets = (
        "access_token",
        "code",
        "code_verifier",
        "client_secret",
        "refresh_token",
    )
    switches: ClassVar[dict[str, Check]] = {
        "mode": lambda value: value in get_args(Mode),
        "genres": lambda value: value in get_args(Genres),
        "rotation": lambda value: value in get_args(Rotation),
        "audio_features": lambda value: value is None or isinstance(value, bool),
        "access_token_life": is_duration,
        "code_life": is_duration,
    }

    client_id = CLIENT_ID
    client_secret = CLIENT_SECRET

    def __init__(
        self,
        *,
        mode: Mode = "development",
        redirects: Iterable[str] = (DEFAULT_REDIRECT,),
        latency: float = 0.0,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._mode_at_start: Mode = mode
        super().__init__(latency=latency, clock=clock)
        self.redirects: set[str] = set()
        for uri in redirects:
            self.register_redirect(uri)

    def set_defaults(self) -> None:
        """Put every switch where it is at the start.

        Registered redirect addresses stay, and tokens already out still work.
        """
        super().set_defaults()
        self.mode: Mode = self._mode_at_start
        self.genres: Genres = "as_mode"
        self.audio_features: bool | None = None
        self.rotation: Rotation = "never"
        self.access_token_life: float = 3600
        self.code_life: float = 600
        self.grants = Grants()
        # Made once for every look: an artist or a track, and a page of a top list.
        self.shapes: dict[Hashable, dict[str, Any]] = {}
        self.tops: dict[Hashable, Answer] = {}
        self._refreshes = count(1)

    @property
    def accounts_url(self) -> str:
        """The base of ``/authorize`` and ``/api/token``, without a final slash."""
        return self.origin

    @property
    def api_url(self) -> str:
        """The base of the Web API, with ``/v1``."""
        return f"{self.origin}/v1"

    @property
    def look(self) -> tuple[str, str, str]:
        """What the shape of an artist or a track depends on."""
        return self.origin, self.mode, self.genres

    @property
    def is_extended(self) -> bool:
        return self.mode == "extended"

    @property
    def has_audio_features(self) -> bool:
        return self.is_extended if self.audio_features is None else self.audio_features

    def register_redirect(self, uri: str) -> None:
        """Allow this address after consent; raises ``ValueError`` for a bad one."""
        check_redirect(uri)
        self.redirects.add(uri)

    def expire_access(self, listener: str) -> None:
        """Every access token of the listener answers 401 from now on."""
        self.grants.expire_access(known_listener(listener))

    def expire_refresh(self, listener: str) -> None:
        """As if six months had passed since the listener's consent."""
        self.grants.end_consent(known_listener(listener), EXPIRED)
        self.grants.expire_access(listener)

    def revoke(self, listener: str) -> None:
        """As if the listener had removed the app from their account."""
        self.grants.end_consent(known_listener(listener), REVOKED)
        self.grants.expire_access(listener)

    def rotates_now(self) -> bool:
        """Whether this refresh brings a new refresh token."""
        is_even = next(self._refreshes) % 2 == 0
        return self.rotation == "always" or (self.rotation == "sometimes" and is_even)


def known_listener(listener: str) -> str:
    """The key itself; raises ``ValueError`` when nobody has it."""
    if listener not in all_listeners():
        message = f"there is no listener {listener!r}"
        raise ValueError(message)
    return listener
