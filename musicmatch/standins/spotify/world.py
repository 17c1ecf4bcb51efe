"""Everything the stand-in remembers and can be told to do differently."""

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal, get_args

from musicmatch.standins.spotify.faults import FaultBook, fault_from
from musicmatch.standins.spotify.grants import EXPIRED, REVOKED, Grants
from musicmatch.standins.spotify.listeners import all_listeners
from musicmatch.standins.spotify.redirects import check_redirect

CLIENT_ID = "standin00fictional00client00id00"
CLIENT_SECRET = "standin00fictional00client00pass"  # noqa: S105 - opens nothing real
DEFAULT_REDIRECT = "http://127.0.0.1/accounts/spotify/login/callback/"
HOST = "127.0.0.1"

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

_SECRETS = ("access_token", "code", "code_verifier", "client_secret", "refresh_token")
_HIDDEN = "hidden"
_LOG_LENGTH = 10_000


@dataclass(frozen=True, slots=True)
class Call:
    """One line of the log; ``query`` has its secrets taken out."""

    method: str
    path: str
    query: dict[str, str]
    status: int
    at: datetime


class World:
    """The state behind every answer.

    ``mode``, ``genres``, ``audio_features`` (None: as the mode), ``rotation``,
    ``access_token_life`` and ``code_life`` (seconds), ``latency`` (seconds added to
    each API call) and ``clock`` (Unix seconds) may be set at any time.
    """

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
        self._defaults: dict[str, Any] = {"mode": mode, "latency": latency}
        self._log: deque[Call] = deque(maxlen=_LOG_LENGTH)
        self._lock = threading.Lock()
        self._refreshes = 0
        self.origin = f"http://{HOST}"
        self.redirects: set[str] = set()
        self.stopping = threading.Event()
        self.clock = clock
        self.faults = FaultBook()
        self._set_defaults()
        for uri in redirects:
            self.register_redirect(uri)

    def _set_defaults(self) -> None:
        self.mode: Mode = self._defaults["mode"]
        self.latency: float = self._defaults["latency"]
        self.genres: Genres = "as_mode"
        self.audio_features: bool | None = None
        self.rotation: Rotation = "never"
        self.access_token_life: float = 3600
        self.code_life: float = 600
        self.grants = Grants()

    @property
    def accounts_url(self) -> str:
        """The base of ``/authorize`` and ``/api/token``, without a final slash."""
        return self.origin

    @property
    def api_url(self) -> str:
        """The base of the Web API, with ``/v1``."""
        return f"{self.origin}/v1"

    @property
    def is_extended(self) -> bool:
        return self.mode == "extended"

    @property
    def has_audio_features(self) -> bool:
        return self.is_extended if self.audio_features is None else self.audio_features

    @property
    def log(self) -> tuple[Call, ...]:
        """Every call so far but those to the stand-in's own controls, oldest first."""
        with self._lock:
            return tuple(self._log)

    def calls(self, prefix: str) -> tuple[Call, ...]:
        """The logged calls whose path begins with ``prefix``."""
        return tuple(call for call in self.log if call.path.startswith(prefix))

    def remember(
        self, *, method: str, path: str, query: dict[str, str], status: int
    ) -> None:
        shown = {key: _HIDDEN if key in _SECRETS else query[key] for key in query}
        call = Call(method, path, shown, status, datetime.fromtimestamp(self.now, UTC))
        with self._lock:
            self._log.append(call)

    @property
    def now(self) -> float:
        return self.clock()

    def register_redirect(self, uri: str) -> None:
        """Allow this address after consent; raises ``ValueError`` for a bad one."""
        check_redirect(uri)
        self.redirects.add(uri)

    def fault(self, path: str, **options: Any) -> None:
        """Switch trouble on for paths that begin with ``path``; see ``Fault``.

        ``fault("/v1/me/top", status=429, retry_after=2)`` or
        ``fault("/v1/me", kind="cut", times=1)``. Raises ``TypeError`` or
        ``ValueError`` for an option that does not exist.
        """
        self.faults.add(fault_from(path, options))

    def clear_faults(self, path: str | None = None) -> None:
        self.faults.clear(path)

    def behave(self, **changes: Any) -> None:
        """Set several attributes at once; nothing changes if one is refused.

        Raises ``ValueError`` naming the attribute or the value that is not known.
        """
        for name, value in changes.items():
            if name not in _CHECKS or not _CHECKS[name](value):
                message = f"{name} cannot be {value!r}"
                raise ValueError(message)
        for name, value in changes.items():
            setattr(self, name, value)

    def reset(self) -> None:
        """Back to the start: no faults, default mode, empty log, nothing revoked.

        Registered redirect addresses stay, and tokens already out still work.
        """
        self.faults.clear()
        self._set_defaults()
        with self._lock:
            self._log.clear()
            self._refreshes = 0

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
        with self._lock:
            self._refreshes += 1
            is_even = self._refreshes % 2 == 0
        return self.rotation == "always" or (self.rotation == "sometimes" and is_even)


def known_listener(listener: str) -> str:
    """The key itself; raises ``ValueError`` when nobody has it."""
    if listener not in all_listeners():
        message = f"there is no listener {listener!r}"
        raise ValueError(message)
    return listener


def _is_duration(value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return 0 <= value < 1e9


_CHECKS: dict[str, Callable[[Any], bool]] = {
    "mode": get_args(Mode).__contains__,
    "genres": get_args(Genres).__contains__,
    "rotation": get_args(Rotation).__contains__,
    "audio_features": lambda value: value is None or isinstance(value, bool),
    "latency": _is_duration,
    "access_token_life": _is_duration,
    "code_life": _is_duration,
}
