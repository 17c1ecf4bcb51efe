"""Every address of the URL configuration, as patterns to fill in."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from django.urls import URLPattern, URLResolver, get_resolver

_PARAMETER = re.compile(r"<(?:\w+:)?(\w+)>|\(\?P<(\w+)>")


@dataclass(frozen=True, slots=True)
class Route:
    """``name`` is the view's name with its namespace, or its address without one."""

    name: str
    address: str
    parameters: tuple[str, ...]


def routes() -> list[Route]:
    """Return every route but those of the admin site, which has its own tests."""
    found = [r for r in _walk(get_resolver(), "", "") if not _is_admin(r)]
    return sorted(found, key=lambda route: (route.name, route.address))


def _is_admin(route: Route) -> bool:
    return route.address.startswith("admin/")


def _walk(resolver: URLResolver, before: str, space: str) -> Iterator[Route]:
    for entry in resolver.url_patterns:
        address = before + str(entry.pattern)
        if isinstance(entry, URLResolver):
            inner = ":".join(filter(None, (space, entry.namespace)))
            yield from _walk(entry, address, inner)
        elif isinstance(entry, URLPattern):
            name = ":".join(filter(None, (space, entry.name))) if entry.name else ""
            found = _PARAMETER.findall(address)
            parameters = tuple(one or other for one, other in found)
            yield Route(name or address, address, parameters)


def filled(route: Route, given: dict[str, str]) -> str:
    """Return the address of a route with a value for each of its parameters."""
    address = route.address.replace("^", "").rstrip("$")
    for name, value in given.items():
        address = re.sub(rf"\(\?P<{name}>[^)]*\)|<(?:\w+:)?{name}>", value, address)
    return f"/{address}"
