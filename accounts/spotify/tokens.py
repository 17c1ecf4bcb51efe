"""Spotify's token endpoint: a code or a refresh token for an access token."""

from dataclasses import dataclass
from typing import Any

import requests
from django.conf import settings

from accounts.spotify import http

_LIFE, _LONGEST_LIFE = 3600, 86_400


class TokenError(Exception):
    """The endpoint did not give a token."""


class GrantRevoked(TokenError):
    """The consent ended, or the code was used. Final: they must connect again."""


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
    """``refresh_token`` and ``scope`` are "" where the answer had none.

    ``expires_in`` is in seconds.
    """

    access_token: str
    refresh_token: str
    expires_in: int
    scope: str


def request_tokens(*, code: str, redirect_uri: str, verifier: str) -> FreshTokens:
    """Trade the code of a consent for tokens; raises a :class:`TokenError`.

    ``verifier`` is the one whose challenge (RFC 7636) went out with the person.
    """
    return _request(
        grant_type="authorization_code",
        code=code,
        redirect_uri=redirect_uri,
        code_verifier=verifier,
    )


def request_refresh(refresh_token: str) -> FreshTokens:
    """Trade a refresh token for an access token; raises a :class:`TokenError`."""
    return _request(grant_type="refresh_token", refresh_token=refresh_token)


def _request(**form: str) -> FreshTokens:
    try:
        answer = http.called(
            lambda: requests.post(
                f"{settings.SPOTIFY_ACCOUNTS_URL}/api/token",
                data=form,
                auth=(settings.SPOTIFY_CLIENT_ID, settings.SPOTIFY_CLIENT_SECRET),
                timeout=http.TIMEOUT,
                allow_redirects=False,
            )
        )
    except requests.RequestException as error:
        raise TokenServiceUnavailable("no answer") from error
    if answer.status_code == 200:
        return _fresh_tokens(http.json_or_none(answer))
    raise _error(answer)


def _fresh_tokens(body: Any) -> FreshTokens:
    access_token = _word(body.get("access_token")) if isinstance(body, dict) else ""
    if not access_token:
        raise TokenServiceUnavailable("the answer has no access token")
    return FreshTokens(
        access_token=access_token,
        refresh_token=_word(body.get("refresh_token")),
        expires_in=_life(body.get("expires_in")),
        scope=_word(body.get("scope")),
    )


def _word(value: Any) -> str:
    """Return text that fits a header and a database, "" for anything else."""
    is_plain = isinstance(value, str) and value.isascii() and value.isprintable()
    return value if is_plain else ""


def _life(value: Any) -> int:
    is_number = isinstance(value, int) and not isinstance(value, bool)
    return value if is_number and 0 < value <= _LONGEST_LIFE else _LIFE


def _error(answer: requests.Response) -> TokenError:
    if answer.status_code == 429:
        return TokenRateLimited(http.retry_after(answer), http.quota_is_spent(answer))
    body = http.json_or_none(answer)
    code = body.get("error") if isinstance(body, dict) else None
    if answer.status_code == 400 and code == "invalid_grant":
        return GrantRevoked("invalid_grant")
    if answer.status_code in {400, 401} and code == "invalid_client":
        return AppRefused("invalid_client")
    return TokenServiceUnavailable(f"status {answer.status_code}")
