"""Reading the parts of Spotify's answers that are the same everywhere."""

from collections.abc import Callable
from time import perf_counter
from typing import Any

import requests

from accounts.signals import spotify_called

# Seconds to connect, and between two pieces of an answer.
TIMEOUT = (3.05, 10.0)
_MOST_DIGITS = 9


def called(ask: Callable[[], requests.Response]) -> requests.Response:
    """Make a call, and tell how it went; raises what it raises."""
    before, status = perf_counter(), None
    try:
        answer = ask()
        status = answer.status_code
        return answer
    finally:
        seconds = perf_counter() - before
        spotify_called.send(sender=requests.Session, status=status, seconds=seconds)


def json_or_none(answer: requests.Response) -> Any:
    """Return the parsed body, or None where it is not JSON."""
    try:
        return answer.json()
    except (ValueError, RecursionError):
        return None


def retry_after(answer: requests.Response) -> int | None:
    """Return the seconds Spotify asks to wait; None without a usable number."""
    value = answer.headers.get("Retry-After", "").strip()
    is_number = value.isascii() and value.isdigit() and len(value) <= _MOST_DIGITS
    return int(value) if is_number else None


def quota_is_spent(answer: requests.Response) -> bool:
    """Tell a spent quota from an ordinary rate limit: only the body says."""
    body = json_or_none(answer)
    error = body.get("error") if isinstance(body, dict) else None
    return isinstance(error, dict) and error.get("reason") == "QUOTA_EXCEEDED"
