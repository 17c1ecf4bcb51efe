"""One way to call an outside service: a time-out, and four errors."""

from typing import Any

import requests

from accounts.spotify.http import json_or_none, quota_is_spent, retry_after
from ingest.sources.base import (
    AuthorizationRevoked,
    NotAllowed,
    RateLimited,
    SourceError,
    SourceUnavailable,
)

_CONNECT_SECONDS, _READ_SECONDS = 3.05, 10.0
_LARGEST_ANSWER = 8 * 1024 * 1024


def get_json(
    session: requests.Session, url: str, *, token: str, params: dict[str, str | int]
) -> Any:
    """Return the JSON of a 200 answer; raises one of the four source errors."""
    try:
        answer = session.get(
            url,
            params=params,
            headers={"Authorization": f"Bearer {token}"},
            timeout=(_CONNECT_SECONDS, _READ_SECONDS),
            allow_redirects=False,
        )
    except requests.RequestException as error:
        raise SourceUnavailable("no answer") from error
    if answer.status_code != 200:
        raise error_of(answer)
    if len(answer.content) > _LARGEST_ANSWER:
        raise SourceUnavailable("the answer is too large")
    try:
        body = json_or_none(answer)
    except (ValueError, RecursionError) as error:
        # Numbers of thousands of digits, lists thousands deep.
        raise SourceUnavailable("the answer is not sane JSON") from error
    if body is None:
        raise SourceUnavailable("the answer is not JSON")
    return body


def error_of(answer: requests.Response) -> SourceError:
    """Map a failed answer to its error."""
    if answer.status_code == 401:
        return AuthorizationRevoked("the token is not accepted")
    if answer.status_code == 403:
        return NotAllowed(answer.text[:200])
    if answer.status_code == 429:
        return RateLimited(retry_after(answer), is_quota=quota_is_spent(answer))
    return SourceUnavailable(f"status {answer.status_code}")
