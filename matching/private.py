"""What of a comparison stays private between two people."""

from collections.abc import Collection, Sequence
from decimal import Decimal

from accounts.models import Section, User
from matching import words
from matching.engine import Contribution, Kind
from social.showing import opens

_KINDS: dict[Kind, Section] = {
    "artist": Section.ARTISTS,
    "genre": Section.GENRES,
    "audio": Section.AUDIO,
}
# Filters by what people show, for those who show it to everyone themselves.
FILTERS = {
    "country": Section.COUNTRY,
    "genre": Section.GENRES,
    "min_shared": Section.ARTISTS,
    "active_days": Section.ACTIVITY,
}
_NOUNS = {
    Section.ARTISTS: "artists",
    Section.GENRES: "genres",
    Section.AUDIO: "sound",
    Section.RECENT: "recent listens",
}


def folded(
    rows: Sequence[Contribution], shown: Collection[Section]
) -> tuple[Contribution, ...]:
    """Fold what is not shown into one row a kind, of the exact sum and no count."""
    kinds = [kind for kind, section in _KINDS.items() if section not in shown]
    kept = [row for row in rows if row.kind not in kinds]
    for kind in kinds:
        of_kind = [row for row in rows if row.kind == kind]
        if of_kind:
            term = sum(row.term for row in of_kind)
            points = sum((row.points for row in of_kind), Decimal("0.0"))
            kept.append(Contribution("more", term, points, folded=kind))
    return tuple(kept)


def sentences(viewer: User, person: User, *, connected: bool) -> list[str]:
    """Say what two people do not show each other, and whose choice it is."""
    mine = [
        noun
        for section, noun in _NOUNS.items()
        if not opens(viewer, section, connected=connected)
    ]
    theirs = [
        noun
        for section, noun in _NOUNS.items()
        if noun not in mine and not opens(person, section, connected=connected)
    ]
    name = person.shown_name
    found = []
    if mine:
        what = words.listing(mine)
        found.append(f"You do not show {name} your {what}, so you do not see theirs.")
    if theirs:
        found.append(f"{name} does not show you their {words.listing(theirs)}.")
    return found
