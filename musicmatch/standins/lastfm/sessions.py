"""Tokens that are used once, session keys that last, and signatures of calls."""

import hashlib
import hmac
import secrets
import threading
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from musicmatch.standins.draws import digest
from musicmatch.standins.lastfm.accounts import all_accounts
from musicmatch.standins.lastfm.errors import Failure

_UNSIGNED = ("format", "callback", "api_sig")
_WRONG_TOKEN, _NOT_ALLOWED, _EXPIRED, _WRONG_KEY = 4, 14, 15, 9


@dataclass(frozen=True, slots=True)
class _Token:
    """``name`` is None until somebody has allowed it."""

    name: str | None
    issued_at: float


class Sessions:
    """Everything that proves who somebody is; safe to use from several threads.

    A key is worked out from the name, so it outlives a restart.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._tokens: dict[str, _Token] = {}
        self._ended: Counter[str] = Counter()

    def issue(self, name: str | None, *, now: float) -> str:
        """A token that this person has allowed, or nobody yet (None)."""
        text = secrets.token_urlsafe(24)
        with self._lock:
            self._tokens[text] = _Token(name, now)
        return text

    def redeem(self, text: str, *, now: float, life: float) -> str:
        """Take the token out for good and return who allowed it.

        Raises :class:`Failure` with 4 (unknown or used), 14 or 15.
        """
        with self._lock:
            token = self._tokens.get(text)
            if token is None:
                raise Failure(_WRONG_TOKEN)
            if now >= token.issued_at + life:
                raise Failure(_EXPIRED)
            if token.name is None:
                raise Failure(_NOT_ALLOWED)
            del self._tokens[text]
        return token.name

    def key_of(self, name: str) -> str:
        number = digest("lastfm session", name, self._ended[name])
        return f"{number:064x}"[:32]

    def owner_of(self, key: str) -> str:
        """Whose session it is; raises :class:`Failure` with 9."""
        for name in all_accounts():
            if hmac.compare_digest(self.key_of(name).encode(), key.encode()):
                return name
        raise Failure(_WRONG_KEY)

    def end(self, name: str) -> None:
        """As if the person had removed the app from their account."""
        with self._lock:
            self._ended[name] += 1


def signature(params: Mapping[str, str], secret: str) -> str:
    """What ``api_sig`` has to be for these parameters."""
    signed = sorted(item for item in params.items() if item[0] not in _UNSIGNED)
    text = "".join(f"{name}{value}" for name, value in signed) + secret
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
