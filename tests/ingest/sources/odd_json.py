"""JSON as no service should send it, and what must be true of items all the same."""

import json
from pathlib import Path
from typing import Any

import requests
from hypothesis import strategies as st

from ingest.sources.base import SourceUnavailable

PAYLOADS = Path(__file__).parents[1] / "payloads"
TEXTS = st.sampled_from(
    [
        *("", " ", "a", "Brae", "月", "\ud800", "a\x00b", "x" * 400, "0", "1795172509"),
        *("-1", "1e5", "٣", "9" * 40, "true", "2026-11-20T11:00:00Z", "0001-01-01"),
        "11111111-AAAA-4aaa-8aaa-111111111111",
        "https://open.spotify.com/artist/0000000000000000Pelter",
    ]
)
_LEAVES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(min_value=10**300, max_value=10**400)
    | st.floats()
    | TEXTS
)

# What every service can answer instead of what was asked, and what is never believed.
NO_ANSWERS: list[dict[str, Any]] = [
    {"status": 302, "headers": {"Location": "/"}},
    {"status": 400},
    {"status": 500},
    {"status": 502, "body": b"<html>Bad gateway</html>"},
    {"body": requests.ConnectionError("http://secret.example")},
    {"body": requests.ReadTimeout("http://secret.example")},
    {"body": b"<!doctype html>"},
    {"body": b""},
    {"body": b"\xff\xfe"},
    {"body": b"[" * 100_000},
    {"body": b'{"payload": ' + b"1" * 10_000 + b"}"},
    {"body": b"null"},
    {"json": 5},
    {"json": {}},
    {"json": "text"},
]


def payload(service: str, name: str) -> Any:
    return json.loads((PAYLOADS / service / f"{name}.json").read_text())


def odd_json(names: str) -> st.SearchStrategy[Any]:
    """Return any JSON at all, with these names among its keys."""
    keys = st.sampled_from(names.split())
    return st.recursive(
        _LEAVES,
        lambda inner: (
            st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=8)
        ),
        max_leaves=25,
    )


def odd_rows(names: str) -> st.SearchStrategy[dict[str, Any]]:
    """Return any JSON object, with these names among its keys."""
    return st.dictionaries(st.sampled_from(names.split()), odd_json(names))


def survives(item: Any) -> bool:
    """Whether an item is the same after a trip through JSON, and can be stored."""
    text = json.dumps(item.to_json(), allow_nan=False)
    assert "\\u0000" not in text
    assert "\\ud800" not in text
    return bool(type(item).from_json(json.loads(text)) == item)


def only_unavailable(call: Any) -> Any:
    """Make a call; of errors it may raise this one only. Gives what came, or None."""
    try:
        return call()
    except SourceUnavailable:
        return None
