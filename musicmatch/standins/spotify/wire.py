"""What goes over the wire: a request read, an answer to be written."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlsplit

JSON_TYPE = "application/json; charset=utf-8"
TEXT_TYPE = "text/plain; charset=utf-8"
HTML_TYPE = "text/html; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Request:
    """One request as the stand-in sees it; header names are lower case."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes = b""

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


def read_target(target: str) -> tuple[str, dict[str, str]]:
    """Split a request target into its path and its query (last value wins)."""
    parts = urlsplit(target)
    return parts.path, dict(parse_qsl(parts.query, keep_blank_values=True))


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


def api_error(
    status: int,
    message: str | None = None,
    *,
    reason: str | None = None,
    headers: Mapping[str, str] | None = None,
) -> Answer:
    """The Web API's error shape; without a message the bare one."""
    error: dict[str, object] = {"status": status}
    if message is not None:
        error["message"] = message
    if reason is not None:
        error["reason"] = reason
    return json_answer({"error": error}, status=status, headers=headers)


def oauth_error(error: str, description: str, *, status: int = 400) -> Answer:
    """The token endpoint's error shape, which is not the Web API's."""
    data = {"error": error, "error_description": description}
    return json_answer(data, status=status)
