"""Codes and tokens: made, checked, expired, revoked and rotated.

Tokens carry what they allow and a signature, so those made before a restart still
work after it. What was revoked or rotated away lives in memory only.
"""

import base64
import hashlib
import hmac
import json
import secrets
import threading
import time
from calendar import monthrange
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from itertools import count
from typing import Any, Literal

CONSENT_MONTHS = 6
EXPIRED = "Refresh token expired"
REVOKED = "Refresh token revoked"
INVALID = "Invalid refresh token"

_SIGNING_KEY = b"stand-in tokens open nothing anywhere else"
_ACCESS_PREFIX = "BQ"
_REFRESH_PREFIX = "AQ"


@dataclass(frozen=True, slots=True)
class Code:
    """An authorization code waiting to be exchanged."""

    listener: str
    scopes: tuple[str, ...]
    redirect_uri: str
    challenge: str | None
    issued_at: float


@dataclass(frozen=True, slots=True)
class Token:
    """What a token says; times are Unix seconds.

    ``authorized_at`` is the moment of consent and never moves on refresh.
    ``number`` only ever grows, over restarts too: a token with a smaller number
    than a calling-back is dead.
    """

    use: Literal["access", "refresh"]
    listener: str
    scopes: tuple[str, ...]
    authorized_at: float
    expires_at: float
    number: int
    is_public: bool = False


class TokenRefused(Exception):
    """A token that opens nothing; the argument is the sentence for the client."""


class CodeRefused(Exception):
    """A code that opens nothing; the argument is the sentence for the client."""


def six_months_after(authorized_at: float) -> float:
    """Six calendar months on, in Unix seconds; the 31st falls back to the last day."""
    moment = datetime.fromtimestamp(authorized_at, UTC)
    month = moment.month - 1 + CONSENT_MONTHS
    year, month = moment.year + month // 12, month % 12 + 1
    day = min(moment.day, monthrange(year, month)[1])
    return moment.replace(year=year, month=month, day=day).timestamp()


class Grants:
    """All codes and tokens of one stand-in; safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._codes: dict[str, Code] = {}
        self._numbers = count(time.time_ns())
        self._access_ended: dict[str, int] = {}
        self._consents_ended: dict[str, list[tuple[int, str]]] = {}
        self._spent: set[int] = set()

    def issue_code(self, code: Code) -> str:
        text = _REFRESH_PREFIX + secrets.token_urlsafe(48)
        with self._lock:
            self._codes[text] = code
        return text

    def redeem_code(self, text: str, *, now: float, life: float) -> Code:
        """Take the code out for good; raises ``CodeRefused``."""
        with self._lock:
            code = self._codes.pop(text, None)
        if code is None:
            raise CodeRefused("Invalid authorization code")
        if now >= code.issued_at + life:
            raise CodeRefused("Authorization code expired")
        return code

    def issue_refresh(self, code: Code, *, now: float, is_public: bool) -> Token:
        return Token(
            use="refresh",
            listener=code.listener,
            scopes=code.scopes,
            authorized_at=now,
            expires_at=six_months_after(now),
            number=next(self._numbers),
            is_public=is_public,
        )

    def issue_access(self, refresh: Token, *, now: float, life: float) -> Token:
        return replace(
            refresh,
            use="access",
            expires_at=now + life,
            number=next(self._numbers),
        )

    def rotate(self, refresh: Token) -> Token:
        """A new refresh token for the same consent; the old one is spent."""
        with self._lock:
            self._spent.add(refresh.number)
        return replace(refresh, number=next(self._numbers))

    def read_access(self, text: str, *, now: float) -> Token:
        """The access token, if it may be used now; raises ``TokenRefused``."""
        token = _read(text, _ACCESS_PREFIX)
        if token is None or token.use != "access":
            raise TokenRefused("Invalid access token")
        if now >= token.expires_at or token.number < self._access_ended_for(token):
            raise TokenRefused("The access token expired")
        return token

    def read_refresh(self, text: str, *, now: float) -> Token:
        """The refresh token, if it may be used now; raises ``TokenRefused``."""
        token = _read(text, _REFRESH_PREFIX)
        if token is None or token.use != "refresh":
            raise TokenRefused(INVALID)
        for number, description in self._consents_ended.get(token.listener, ()):
            if token.number < number:
                raise TokenRefused(description)
        if token.number in self._spent:
            raise TokenRefused(REVOKED)
        if now >= token.expires_at:
            raise TokenRefused(EXPIRED)
        return token

    def expire_access(self, listener: str) -> None:
        """Make every access token of the listener expired."""
        with self._lock:
            self._access_ended[listener] = next(self._numbers)

    def end_consent(self, listener: str, description: str) -> None:
        """Make every refresh token of the listener dead, for the reason given."""
        with self._lock:
            endings = self._consents_ended.setdefault(listener, [])
            endings.append((next(self._numbers), description))

    def _access_ended_for(self, token: Token) -> int:
        return self._access_ended.get(token.listener, 0)


def write(token: Token) -> str:
    """The token as the client carries it."""
    prefix = _ACCESS_PREFIX if token.use == "access" else _REFRESH_PREFIX
    payload = json.dumps(asdict(token), separators=(",", ":")).encode()
    text = base64.urlsafe_b64encode(payload).decode().rstrip("=")
    return f"{prefix}{text}.{_signature(text)}"


def _read(text: str, prefix: str) -> Token | None:
    payload, dot, signature = text.removeprefix(prefix).partition(".")
    if not dot or not text.startswith(prefix):
        return None
    if not hmac.compare_digest(_signature(payload).encode(), signature.encode()):
        return None
    return _token_from(json.loads(_decode(payload)))


def _decode(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _token_from(data: Mapping[str, Any]) -> Token:
    return Token(**{**data, "scopes": tuple(data["scopes"])})


def _signature(text: str) -> str:
    return hmac.new(_SIGNING_KEY, text.encode(), hashlib.sha256).hexdigest()[:40]


def challenge_of(verifier: str) -> str:
    """The S256 challenge: base64url of SHA-256, without padding (RFC 7636, 4.2)."""
    hashed = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(hashed).decode().rstrip("=")
