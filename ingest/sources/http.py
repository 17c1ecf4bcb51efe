"""One way to call an outside service: bounds on time and size, and four errors."""

import json
import logging
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import Any
from urllib.request import getproxies

import requests
from urllib3.exceptions import HTTPError

from ingest.sources import reading
from ingest.sources.base import (
    AuthorizationRevoked,
    NotAllowed,
    RateLimited,
    SourceError,
    SourceUnavailable,
)
from ingest.sources.deadline import BoundedAdapter

# Its finest lines tell whole addresses, and with them keys.
logging.getLogger("urllib3.connectionpool").setLevel(logging.INFO)

USER_AGENT = "Musicmatch/1.0"
_CONNECT_SECONDS, _READ_SECONDS = 3.05, 10.0
_LARGEST_ANSWER = 8 * 1024 * 1024
_PIECE = 64 * 1024
_LONGEST_WAIT = 10**9
_CERTIFICATES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
Params = Mapping[str, str | int | Sequence[str]]
# Told of every call where it went, its status (None where nothing was answered) and how
# many seconds it took.
Watcher = Callable[[str, int | None, float], None]
watchers: list[Watcher] = []


@dataclass(frozen=True, slots=True)
class Answer:
    """What a service said, read to its end."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """Return what the body says, never None; raises ``SourceUnavailable``."""
        body = self.json_or_none()
        if body is None:
            raise SourceUnavailable("the answer is not sane JSON")
        return body

    def json_or_none(self) -> Any:
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            # Also numbers of thousands of digits, and lists thousands deep.
            return None

    def seconds(self, header: str) -> int | None:
        """Return a header's number of seconds; None without a usable one."""
        return reading.digits(self.headers.get(header), 0, _LONGEST_WAIT)


def new_session(contact: str) -> requests.Session:
    """Return a session that says who calls and where the host can be reached."""
    session = requests.Session()
    printable = "".join(letter for letter in contact if "!" <= letter <= "~")
    session.headers["User-Agent"] = f"{USER_AGENT} (+{printable})"
    # The environment is read once, not at every call; who may bypass a proxy differs
    # from one address to another.
    session.trust_env = any(scheme != "no" for scheme in getproxies())
    bundles = (os.environ.get(name) for name in _CERTIFICATES)
    session.verify = next(filter(None, bundles), True)
    for scheme in ("https://", "http://"):
        session.mount(scheme, BoundedAdapter())
    return session


def get(
    session: requests.Session,
    url: str,
    *,
    params: Params,
    headers: Mapping[str, str] | None = None,
) -> Answer:
    """Ask, and return whatever is answered; raises ``SourceUnavailable``."""
    before, status = perf_counter(), None
    try:
        with session.get(
            url,
            params=params,
            headers=headers,
            timeout=(_CONNECT_SECONDS, _READ_SECONDS),
            allow_redirects=False,
            stream=True,
        ) as answer:
            status = answer.status_code
            return Answer(status, answer.headers, _body(answer))
    except (OSError, HTTPError, UnicodeError) as error:
        trouble, status = type(error).__name__, None
    finally:
        for watcher in watchers:
            watcher(url, status, perf_counter() - before)
    # Not while the exception is at hand: it knows the address, and with it the keys.
    raise SourceUnavailable(f"no answer: {trouble}")


def _body(answer: requests.Response) -> bytes:
    body = bytearray()
    for piece in answer.iter_content(_PIECE):
        body += piece
        if len(body) > _LARGEST_ANSWER:
            raise SourceUnavailable("the answer is too large")
    return bytes(body)


def error_of(answer: Answer) -> SourceError:
    """Map a failed answer to its error."""
    if answer.status == 401:
        return AuthorizationRevoked("the token is not accepted")
    if answer.status == 403:
        return NotAllowed(answer.body[:200].decode("utf-8", "replace"))
    if answer.status == 429:
        return RateLimited(answer.seconds("Retry-After"))
    return SourceUnavailable(f"status {answer.status}")


def get_json(
    session: requests.Session,
    url: str,
    *,
    params: Params,
    headers: Mapping[str, str] | None = None,
    error_of: Callable[[Answer], SourceError] = error_of,
) -> Any:
    """Return the JSON of a 200 answer; raises one of the four source errors."""
    answer = get(session, url, params=params, headers=headers)
    if answer.status != 200:
        raise error_of(answer)
    return answer.json()
