"""Limits, offsets and id lists, read strictly, and the paging object."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from musicmatch.standins import wire
from musicmatch.standins.spotify.wire import api_error
from musicmatch.standins.spotify.world import World
from musicmatch.standins.wire import Refused, Request


@dataclass(frozen=True, slots=True)
class Page:
    """What was asked for; ``path`` is where the next page is."""

    path: str
    limit: int
    offset: int


def whole_number(request: Request, name: str, *, default: int) -> int:
    """A number from the query; raises ``Refused`` (400) when it is not one."""
    text = request.query.get(name)
    if text is None:
        return default
    try:
        return wire.whole_number(text)
    except ValueError as error:
        raise Refused(api_error(400, f"Invalid {name}")) from error


def page_of(request: Request, *, default: int, most: int, deepest: int = 10**9) -> Page:
    """The page asked for; raises ``Refused`` (400) outside the bounds."""
    limit = whole_number(request, "limit", default=default)
    offset = whole_number(request, "offset", default=0)
    if not 1 <= limit <= most:
        raise Refused(api_error(400, "Invalid limit"))
    if offset > deepest:
        raise Refused(api_error(400, "Invalid offset"))
    return Page(path=request.path, limit=limit, offset=offset)


def paged(
    world: World, page: Page, items: list[Any], kept: dict[str, str]
) -> dict[str, Any]:
    """One page of the items with its links; ``kept`` goes into every link."""
    after, before = page.offset + page.limit, max(0, page.offset - page.limit)
    return {
        "href": _link(world, page, page.offset, kept),
        "limit": page.limit,
        "offset": page.offset,
        "total": len(items),
        "next": _link(world, page, after, kept) if after < len(items) else None,
        "previous": _link(world, page, before, kept) if page.offset else None,
        "items": items[page.offset : after],
    }


def _link(world: World, page: Page, offset: int, kept: dict[str, str]) -> str:
    query = urlencode({"limit": page.limit, "offset": offset, **kept})
    return f"{world.origin}{page.path}?{query}"


def ids_of(request: Request, *, most: int) -> list[str]:
    """The ids of a batch call; raises ``Refused`` (400) for none or too many."""
    ids = [key for key in request.query.get("ids", "").split(",") if key]
    if not ids:
        raise Refused(api_error(400, "Invalid id"))
    if len(ids) > most:
        raise Refused(api_error(400, "Too many ids requested"))
    return ids
