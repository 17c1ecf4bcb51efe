"""The parts of an answer that are read the same way everywhere."""

from typing import Any

import pytest
import requests

from accounts.spotify.http import json_or_none, quota_is_spent, retry_after


def answer(body: bytes = b"", **headers: str) -> requests.Response:
    made = requests.Response()
    made.status_code = 429
    made._content = body
    made.headers.update({k.replace("_", "-"): v for k, v in headers.items()})
    return made


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("2", 2),
        (" 81654 ", 81_654),
        ("0", 0),
        ("", None),
        ("-5", None),
        ("1.5", None),
        ("soon", None),
        ("Wed, 25 Nov 2026 07:28:00 GMT", None),
        ("\u0663", None),
        ("9" * 5000, None),
    ],
)
def test_retry_after(header: str, seconds: int | None) -> None:
    assert retry_after(answer(Retry_After=header)) == seconds


def test_without_a_header_there_is_no_time() -> None:
    assert retry_after(answer()) is None


@pytest.mark.parametrize(
    ("body", "is_spent"),
    [
        (b'{"error": {"status": 429, "reason": "QUOTA_EXCEEDED"}}', True),
        (b'{"error": {"status": 429, "message": "API rate limit exceeded"}}', False),
        (b'{"error": "QUOTA_EXCEEDED"}', False),
        (b'{"reason": "QUOTA_EXCEEDED"}', False),
        (b'["QUOTA_EXCEEDED"]', False),
        (b"Too many requests", False),
        (b"", False),
    ],
)
def test_only_the_body_tells_a_spent_quota(body: bytes, is_spent: bool) -> None:
    assert quota_is_spent(answer(body)) is is_spent


@pytest.mark.parametrize(
    ("body", "value"),
    [
        (b'{"a": 1}', {"a": 1}),
        (b"<html>", None),
        (b'{"a": ', None),
        (b"\xff\x00", None),
        (b"[" * 100_000, None),
        (b"", None),
    ],
)
def test_json_or_none(body: bytes, value: Any) -> None:
    assert json_or_none(answer(body)) == value
