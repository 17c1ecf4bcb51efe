"""The list a person picks by hand, while it is being made."""

from collections.abc import Sequence

from accounts.text import clean_line
from ingest.models import Artist
from ingest.names import name_key

_FOUND = 8
_LEAST_TYPED = 2


def artists_found(typed: str) -> list[str]:
    """Names of artists known here that have in them what was typed."""
    key = name_key(clean_line(typed))
    if len(key) < _LEAST_TYPED:
        return []
    named = Artist.objects.filter(name_key__contains=key)
    return named.well_known(limit=_FOUND)


def changed(names: Sequence[str], *, add: str, step: str, place: str) -> list[str]:
    """Return the list after one press of a button: add, up, down or remove."""
    after = list(names)
    if add:
        is_new = name_key(add) not in {name_key(name) for name in after}
        return [*after, add] if is_new else after
    at = int(place) if place.isascii() and place.isdigit() else len(after)
    if at >= len(after):
        return after
    name = after.pop(at)
    if step == "up":
        after.insert(max(0, at - 1), name)
    elif step == "down":
        after.insert(at + 1, name)
    return after
