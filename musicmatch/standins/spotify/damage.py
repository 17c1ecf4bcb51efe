"""Bends a good JSON answer into one that a careless client trips over."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from musicmatch.standins.spotify.wire import Answer

Spoiler = Callable[[dict[str, Any], int], Any]

_NEEDED = ("id", "name", "artists", "played_at", "display_name", "access_token")


def damaged(answer: Answer, kind: str) -> Answer:
    """The same answer with its content spoilt; errors and non-JSON stay as they are."""
    if answer.status != 200 or "json" not in answer.content_type:
        return answer
    data = json.loads(answer.body)
    match kind:
        case "null_names":
            data = _with_null_names(data)
        case "missing_keys":
            data = _spoil(data, _without_keys)
        case "wrong_types":
            data = _spoil(data, _with_wrong_types)
        case "empty":
            data = _emptied(data)
        case "null_cursors" if isinstance(data, dict):
            data = {**data, "cursors": None, "next": None}
    return replace(answer, body=json.dumps(data, ensure_ascii=False).encode())


def _with_null_names(data: Any) -> Any:
    if isinstance(data, dict):
        return {
            key: None if key in ("name", "display_name") else _with_null_names(value)
            for key, value in data.items()
        }
    if isinstance(data, list):
        return [_with_null_names(value) for value in data]
    return data


def _spoil(data: Any, spoil_one: Spoiler) -> Any:
    """Spoil every third item of the lists; an object with an id, or none, itself."""
    if not isinstance(data, dict):
        return data
    if "id" in data or not any(_holds_items(value) for value in data.values()):
        return spoil_one(data, 0)
    return {
        key: _spoil_items(value, spoil_one)
        if isinstance(value, list)
        else _spoil(value, spoil_one)
        if _holds_items(value)
        else value
        for key, value in data.items()
    }


def _holds_items(value: Any) -> bool:
    return isinstance(value, list) or (isinstance(value, dict) and "items" in value)


def _spoil_items(items: list[Any], spoil_one: Spoiler) -> list[Any]:
    return [
        spoil_one(item, place // 3)
        if place % 3 == 0 and isinstance(item, dict)
        else item
        for place, item in enumerate(items)
    ]


def _without_keys(item: dict[str, Any], place: int) -> dict[str, Any]:
    if isinstance(item.get("track"), dict) and place % 2:
        return {**item, "track": _without_keys(item["track"], place)}
    return {key: value for key, value in item.items() if key not in _NEEDED}


def _with_wrong_types(item: dict[str, Any], place: int) -> Any:
    """A string or nothing where an object belongs, or odd values inside it."""
    if place % 2:
        return ("not an object", None, 17)[place % 3]
    odd = {"id": 5, "name": ["a", "list"], "artists": "nobody", "images": "none"}
    odd |= {"album": 3, "played_at": "yesterday", "track": "a string"}
    odd |= {"expires_in": "soon"}
    return {key: odd.get(key, value) for key, value in item.items()}


def _emptied(data: Any) -> Any:
    if not isinstance(data, dict):
        return data
    blank = {"total": 0, "next": None, "cursors": None}
    return {
        key: [] if isinstance(value, list) else blank.get(key, value)
        for key, value in data.items()
    }
