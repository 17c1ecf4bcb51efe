"""Every address of the URL configuration, filled with values of a scene."""

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import zip_longest

from django.urls import URLPattern, URLResolver, get_resolver

_PARAMETER = re.compile(r"<(?:\w+:)?(\w+)>|\(\?P<(\w+)>[^)]*\)")
# What ends a session or an account, and would leave the rest unseen.
ENDS = re.compile(r"/logout/|/data/delete/|/sessions/end/|/reauthenticate/")


def addresses(values: Mapping[str, Sequence[str]]) -> list[str]:
    """Return every address, each with every value of its parameters, sorted."""
    return sorted({one for pattern in _patterns() for one in _filled(pattern, values)})


def _patterns() -> Iterator[str]:
    for pattern in _walk(get_resolver(), ""):
        # The admin site has a list and a form for each model, which links lead to.
        if not pattern.startswith(("admin/", "bare/")) or pattern == "admin/":
            yield pattern


def _walk(resolver: URLResolver, before: str) -> Iterator[str]:
    for entry in resolver.url_patterns:
        address = before + str(entry.pattern)
        if isinstance(entry, URLResolver):
            yield from _walk(entry, address)
        elif isinstance(entry, URLPattern):
            yield address


def _filled(pattern: str, values: Mapping[str, Sequence[str]]) -> Iterator[str]:
    names = [one or other for one, other in _PARAMETER.findall(pattern)]
    columns = [values.get(name, ["none"]) for name in names]
    address = pattern.replace("^", "").rstrip("$")
    if not names:
        yield f"/{address}"
        return
    parts = _PARAMETER.split(address)[:: _PARAMETER.groups + 1]
    for row in zip_longest(*columns, fillvalue="none"):
        filled = [part + value for part, value in zip(parts, [*row, ""], strict=True)]
        yield "/" + "".join(filled)
