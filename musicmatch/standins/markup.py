"""XML for clients that forget to ask for JSON, as the older services give it."""

import re
from html import escape
from typing import Any

from musicmatch.standins.wire import Answer

XML_TYPE = "text/xml; charset=utf-8"


def xml_answer(root: str, data: Any, *, status: int = 200) -> Answer:
    """The data as elements below ``root``; good for showing that it is not JSON."""
    text = f'<?xml version="1.0" encoding="UTF-8"?>\n{_element(root, data)}\n'
    return Answer(status, text.encode(), XML_TYPE)


def _inner(data: Any) -> str:
    if isinstance(data, dict):
        return "".join(_element(_tag(key), value) for key, value in data.items())
    if isinstance(data, list):
        return "".join(_element("item", value) for value in data)
    return "" if data is None else escape(str(data))


def _element(tag: str, value: Any) -> str:
    return f"<{tag}>{_inner(value)}</{tag}>"


def _tag(key: str) -> str:
    return re.sub(r"[^a-z_-]", "", key.lower()) or "item"
