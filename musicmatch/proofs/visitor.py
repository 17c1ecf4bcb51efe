"""One person's browser without a screen: kept connections, cookies, forms."""

import http.client
import re
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode, urlsplit

from musicmatch.proofs.population import Cast, Member

_SECONDS = 70.0
_KEPT_SECONDS = 2.0
_LINE = 80
_TITLE = re.compile(r"<title>([^<]*)", re.IGNORECASE)
# As Django makes one; the cookie and the field agree, which is all it asks.
_CSRF: Final = "proofproofproofproofproofproofpr"
_LOOPBACK = {"127.0.0.1", "::1"}


class NoAnswer(Exception):
    """The connection broke, or nothing came: what was asked may have been done."""


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    text: str
    leads_to: str
    seconds: float

    @property
    def title(self) -> str:
        """What the person reads above the page; of a text all that fits a line."""
        found = _TITLE.search(self.text)
        return " ".join((found[1] if found else self.text[:_LINE]).split())

    @property
    def shows_code(self) -> bool:
        """Whether the page has what only its makers may read."""
        return "Traceback (most recent" in self.text or "Exception Value" in self.text


class Visitor:
    """A signed-in person. Only sites of this machine are visited."""

    def __init__(self, site: str, cast: Cast, member: Member) -> None:
        self.member = member
        self._scheme = urlsplit(site).scheme
        self._cookies = (
            f"{cast.session_cookie}={member.session}; {cast.csrf_cookie}={_CSRF}"
        )
        self._connection: http.client.HTTPConnection | None = None
        self._latest = 0.0
        self._site = ""
        self.go_to(site)

    def go_to(self, site: str) -> None:
        """Come by this door from now on; it may be behind the proxy."""
        if site == self._site:
            return
        parts = urlsplit(site)
        if parts.hostname not in _LOOPBACK:
            raise ValueError("A proof visits only a site of this machine.")
        self.hang_up()
        self._site, self._host = site, parts.netloc
        self._is_tls = parts.scheme == "https"

    def get(self, path: str, **headers: str) -> Answer:
        return self._ask("GET", path, b"", headers)

    def send(self, path: str, values: Mapping[str, str]) -> Answer:
        """Send a form."""
        body = urlencode({"csrfmiddlewaretoken": _CSRF, **values}).encode()
        return self._ask("POST", path, body, {"Content-Type": _FORM})

    def upload(self, path: str, field: str, name: str, content: bytes) -> Answer:
        """Send a form with one file."""
        lines = [
            f"--{_CSRF}",
            'Content-Disposition: form-data; name="csrfmiddlewaretoken"',
            "",
            _CSRF,
            f"--{_CSRF}",
            f'Content-Disposition: form-data; name="{field}"; filename="{name}"',
            "Content-Type: application/zip",
            "",
            "",
        ]
        body = "\r\n".join(lines).encode() + content + f"\r\n--{_CSRF}--\r\n".encode()
        media = f"multipart/form-data; boundary={_CSRF}"
        return self._ask("POST", path, body, {"Content-Type": media})

    def _ask(
        self, method: str, path: str, body: bytes, headers: Mapping[str, str]
    ) -> Answer:
        began = time.perf_counter()
        try:
            answer = self._answer(method, path, body, headers)
            text = answer.read().decode("utf-8", "replace")
        except (OSError, http.client.HTTPException) as error:
            self.hang_up()
            raise NoAnswer(type(error).__name__) from error
        if answer.will_close:
            self.hang_up()
        seconds = time.perf_counter() - began
        return Answer(answer.status, text, answer.getheader("Location", ""), seconds)

    def _answer(
        self, method: str, path: str, body: bytes, headers: Mapping[str, str]
    ) -> http.client.HTTPResponse:
        told = {
            "Host": self._host,
            "Cookie": self._cookies,
            "Referer": f"{self._scheme}://{self._host}",
            # As the proxy says it, for who comes in behind it.
            "X-Forwarded-Proto": self._scheme,
            **headers,
        }
        # The server hangs up on who is silent for so long; browsers notice.
        if time.monotonic() - self._latest > _KEPT_SECONDS:
            self.hang_up()
        self._latest = time.monotonic()
        is_kept = self._connection is not None
        connection = self._connection or self._connected()
        try:
            connection.request(method, path, body or None, told)
            return connection.getresponse()
        except (http.client.RemoteDisconnected, BrokenPipeError, ConnectionResetError):
            self.hang_up()
            # A connection that was kept too long, as browsers try it: never a form.
            if not is_kept or method != "GET":
                raise
        connection = self._connected()
        connection.request(method, path, None, told)
        return connection.getresponse()

    def _connected(self) -> http.client.HTTPConnection:
        if self._is_tls:
            # A certificate of the stack's own: it is only ever this machine.
            context = ssl._create_unverified_context()  # noqa: S323
            made: http.client.HTTPConnection = http.client.HTTPSConnection(
                self._host, timeout=_SECONDS, context=context
            )
        else:
            made = http.client.HTTPConnection(self._host, timeout=_SECONDS)
        self._connection = made
        return made

    def hang_up(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


_FORM: Final = "application/x-www-form-urlencoded"
