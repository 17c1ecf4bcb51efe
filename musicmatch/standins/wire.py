"""What goes over the wire: a request read, an answer to be written."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

JSON_TYPE = "application/json; charset=utf-8"
TEXT_TYPE = "text/plain; charset=utf-8"
HTML_TYPE = "text/html; charset=utf-8"

_LONGEST_NUMBER = 15


@dataclass(frozen=True, slots=True)
class Request:
    """One request as a stand-in sees it; header names are lower case.

    ``query`` holds the last value of every name, ``pairs`` all of them in order.
    """

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes = b""
    pairs: tuple[tuple[str, str], ...] = ()

    @property
    def form(self) -> dict[str, str]:
        """The body read as a form; empty when it is anything else."""
        if self.media_type != "application/x-www-form-urlencoded":
            return {}
        text = self.body.decode("utf-8", "replace")
        return dict(parse_qsl(text, keep_blank_values=True))

    @property
    def media_type(self) -> str:
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    def every(self, name: str) -> list[str]:
        """All values of a name that may be repeated in the query."""
        return [value for key, value in self.pairs if key == name]


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer; ``cut`` sends half of the body and then closes."""

    status: int
    body: bytes
    content_type: str = JSON_TYPE
    headers: Mapping[str, str] = field(default_factory=dict)
    cut: bool = False


class Refused(Exception):
    """Raised while a request is being read; carries the answer to give."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.status)
        self.answer = answer


def read_request(
    method: str, target: str, headers: Mapping[str, str], body: bytes
) -> Request:
    """Read a request; raises ``ValueError`` for a target that is no address."""
    parts = urlsplit(target)
    pairs = tuple(parse_qsl(parts.query, keep_blank_values=True))
    lower = {name.lower(): value for name, value in headers.items()}
    return Request(method, parts.path, dict(pairs), lower, body, pairs)


def whole_number(text: str) -> int:
    """Read a number of plain digits; raises ``ValueError`` for anything else."""
    if not (text.isascii() and text.isdigit() and len(text) <= _LONGEST_NUMBER):
        message = f"{text[:20]!r} is not a whole number"
        raise ValueError(message)
    return int(text)


def json_answer(
    data: object, *, status: int = 200, headers: Mapping[str, str] | None = None
) -> Answer:
    body = json.dumps(data, ensure_ascii=False).encode()
    return Answer(status=status, body=body, headers=headers or {})


def text_answer(text: str, *, status: int) -> Answer:
    return Answer(status=status, body=text.encode(), content_type=TEXT_TYPE)


def html_answer(text: str, *, status: int = 200) -> Answer:
    return Answer(status=status, body=text.encode(), content_type=HTML_TYPE)


def redirect_answer(location: str) -> Answer:
    return Answer(status=302, body=b"", headers={"Location": location})


def with_query(address: str, values: Mapping[str, str]) -> str:
    """The address with the values added to whatever query it has."""
    parts = urlsplit(address)
    query = "&".join(filter(None, (parts.query, urlencode(values))))
    return urlunsplit(parts._replace(query=query))
