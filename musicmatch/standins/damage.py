"""Bends a good JSON answer into one that a careless client trips over."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from musicmatch.standins.wire import Answer

_SpoilOne = Callable[[dict[str, Any], int], Any]


@dataclass(frozen=True)
class Spoiling:
    """What a client of one service relies on, and so what is spoilt.

    ``needed`` are keys that ``missing_keys`` takes away, ``odd`` the values of
    ``wrong_types``, ``blank`` what stands beside an emptied list, ``names`` what
    ``null_names`` makes null. ``nested`` is an object inside an item that is spoilt
    instead of the item itself, every other time.
    """

    needed: tuple[str, ...]
    odd: Mapping[str, object]
    names: tuple[str, ...] = ("name",)
    blank: Mapping[str, object] = field(default_factory=dict)
    nested: str = ""

    def damaged(self, answer: Answer, kind: str) -> Answer:
        """The same answer with its content spoilt; errors and non-JSON stay."""
        if answer.status != 200 or "json" not in answer.content_type:
            return answer
        data = json.loads(answer.body)
        match kind:
            case "null_names":
                data = self._with_null_names(data)
            case "missing_keys":
                data = _spoil(data, self._without_keys)
            case "wrong_types":
                data = _spoil(data, self._with_wrong_types)
            case "empty":
                data = self._emptied(data)
        return replace(answer, body=json.dumps(data, ensure_ascii=False).encode())

    def _with_null_names(self, data: Any) -> Any:
        if isinstance(data, dict):
            return {
                key: None if key in self.names else self._with_null_names(value)
                for key, value in data.items()
            }
        if isinstance(data, list):
            return [self._with_null_names(value) for value in data]
        return data

    def _without_keys(self, item: dict[str, Any], place: int) -> dict[str, Any]:
        inner = item.get(self.nested)
        if isinstance(inner, dict) and place % 2:
            return {**item, self.nested: self._without_keys(inner, place)}
        return {key: value for key, value in item.items() if key not in self.needed}

    def _with_wrong_types(self, item: dict[str, Any], place: int) -> Any:
        """A string or nothing where an object belongs, or odd values inside it."""
        if place % 2:
            return ("not an object", None, 17)[place % 3]
        return {key: self.odd.get(key, value) for key, value in item.items()}

    def _emptied(self, data: Any) -> Any:
        if isinstance(data, list):
            return []
        if not isinstance(data, dict):
            return data
        return {
            key: self.blank[key] if key in self.blank else self._emptied(value)
            for key, value in data.items()
        }


def _spoil(data: Any, spoil_one: _SpoilOne) -> Any:
    """Spoil every third item of the outermost lists, or the object they belong to."""
    if isinstance(data, list):
        return [
            spoil_one(item, place // 3)
            if place % 3 == 0 and isinstance(item, dict)
            else item
            for place, item in enumerate(data)
        ]
    if not isinstance(data, dict):
        return data
    if _is_thing(data) or not any(_holds_things(value) for value in data.values()):
        return spoil_one(data, 0)
    return {
        key: _spoil(value, spoil_one) if _holds_things(value) else value
        for key, value in data.items()
    }


def _is_thing(data: dict[str, Any]) -> bool:
    return "id" in data or "name" in data


def _holds_things(value: Any) -> bool:
    if isinstance(value, dict):
        return _is_thing(value) or any(_holds_things(inner) for inner in value.values())
    return isinstance(value, list)
