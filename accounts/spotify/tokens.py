"""Spotify's token endpoint, for refreshing."""

from dataclasses import dataclass
from typing import Any

import requests
from django.conf import settings

from accounts.spotify.http import json_or_none, quota_is_spent, retry_after

_TIMEOUT = (3.05, 10)


class TokenError(Exception):
    """A refresh did not give a token."""


class GrantRevoked(TokenError):
    """The person's consent ended. Final: they must connect again."""


class AppRefused(TokenError):
    """Spotify does not know this site's client id or secret. Only the host can act."""


class TokenServiceUnavailable(TokenError):
    """Nothing is wrong with the grant; try again later."""


class TokenRateLimited(TokenServiceUnavailable):
    def __init__(self, retry_after: int | None, is_quota: bool) -> None:
        super().__init__("rate limited")
        self.retry_after = retry_after
        self.is_quota = is_quota


@dataclass(frozen=True, slots=True)
class FreshTokens:
    """``refresh_token`` and ``scope`` are "" where the answer had none."""

    access_token: str
    refresh_token: str
    expires_in: int
    scope: str


def request_refresh(refresh_token: str) -> FreshTokens:
    """Trade a refresh token for an access token; raises a :class:`TokenError`."""
    try:
        answer = requests.post(
            f"{settings.SPOTIFY_ACCOUNTS_URL}/api/token",
            data={"grant_type": "refresh_token", "refresh_token": refresh_token},
            auth=(settings.SPOTIFY_CLIENT_ID, settings.SPOTIFY_CLIENT_SECRET),
            timeout=_TIMEOUT,
            allow_redirects=False,
        )
    except requests.RequestException as error:
        raise TokenServiceUnavailable("no answer") from error
    if answer.status_code == 200:
        return _fresh_tokens(json_or_none(answer))
    raise _error(answer)


def _fresh_tokens(body: Any) -> FreshTokens:
    if not isinstance(body, dict) or not isinstance(body.get("access_token"), str):
        raise TokenServiceUnavailable("the answer has no access token")
    life = body.get("expires_in")
    return FreshTokens(
        access_token=body["access_token"],
        refresh_token=_text(body.get("refresh_token")),
        expires_in=life if isinstance(life, int) and life > 0 else 3600,
        scope=_text(body.get("scope")),
    )


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _error(answer: requests.Response) -> TokenError:
    if answer.status_code == 429:
        return TokenRateLimited(retry_after(answer), quota_is_spent(answer))
    body = json_or_none(answer)
    code = body.get("error") if isinstance(body, dict) else None
    if answer.status_code == 400 and code == "invalid_grant":
        return GrantRevoked("invalid_grant")
    if answer.status_code in {400, 401} and code == "invalid_client":
        return AppRefused("invalid_client")
    return TokenServiceUnavailable(f"status {answer.status_code}")
