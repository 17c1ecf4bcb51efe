"""Sentences about two people's taste."""

from collections.abc import Sequence
from decimal import Decimal
from functools import cache

from django_countries import countries

from ingest.sound import DIMENSIONS
from matching.engine import Parts

_SMALL = "no one two three four five six seven eight nine ten".split()
# An artist of fewer people than this share of the community is rare here.
_RARE_SHARE = 0.02
_VERDICTS = (
    (60, "You two listen very much alike."),
    (45, "You two share a great deal."),
    (33, "You two have clear common ground."),
    (15, "You two meet in places."),
    (0, "You two touch at the edges."),
)


BUILDING = "Everyone here is being compared at this moment. Look again in a minute."
NO_LISTENING = "Your listening is not here yet. Bring it, and this page fills."


ARTISTS_KEPT = "Which artists you share stays private."
ONE_KEPT_PRIVATE = "An artist kept private"
KEPT_PRIVATE = {
    "artist": "Artists, kept private",
    "genre": "Genres, kept private",
    "audio": "Sound, kept private",
}


def no_listening_of(name: str) -> str:
    return f"{name} has no listening here that could be compared."


@cache
def country(code: str | None) -> str:
    """The name of a country; "" for none."""
    return str(countries.name(code)) if code else ""


def number(count: int) -> str:
    return _SMALL[count] if 0 <= count < len(_SMALL) else str(count)


def plural(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"


def listing(names: Sequence[str]) -> str:
    """Join names as one says them: "A, B and C"."""
    if len(names) < 2:
        return "".join(names)
    return f"{', '.join(names[:-1])} and {names[-1]}"


def is_rare(listeners: int, people: int) -> bool:
    """Whether an artist is rare here: at most 2 % of people have it, or two do."""
    return listeners <= max(2, _RARE_SHARE * people)


def rarity(listeners: int) -> str:
    """Say how many here have an artist; the two of you are among them."""
    if listeners <= 2:
        return "only you two here"
    return f"{listeners} people here"


def common_ground(
    shared: int, rare_count: int, rare: Sequence[str], first: Sequence[str]
) -> str:
    """Say what two people share.

    ``rare`` names the first of ``rare_count`` artists few here have, ``first`` the
    ones that count most; neither names any where all are kept private.
    """
    if not shared:
        return "No artist in common, but yours and theirs lie close together."
    head = f"{plural(shared, 'artist')} in common"
    if not (rare or first):
        return f"{head}, kept private."
    if rare_count:
        more = " and others" if rare_count > len(rare) else ""
        return f"{head}, {_how_many(rare_count, shared)}: {', '.join(rare)}{more}."
    if shared > len(first):
        return f"{head}, above all {listing(first)}."
    return f"{head}: {listing(first)}."


def _how_many(rare: int, shared: int) -> str:
    if shared == 1:
        return "and it is rare here"
    if rare == shared:
        return "both rare here" if rare == 2 else "all of them rare here"
    return f"{number(rare)} of them rare here"


def percentile(below: int, people: int) -> str:
    """Say a share of the people here, never more than is true; "" below 1 %."""
    share = 100 * below // people if people else 0
    return f"closer than {share} % of people here" if share else ""


def short_score(score: Decimal) -> str:
    """Print a score for a list: a whole number, or tenths where that would be none."""
    return f"{score:.0f}" if score >= 1 else str(score)


def verdict(score: float) -> str:
    """Say what a score means; the page names the two people above it."""
    if score <= 0:
        return "You two listen to different music, as far as we can see."
    return next(words for least, words in _VERDICTS if score >= least)


SOUND_LABELS = {dimension.key: dimension.label for dimension in DIMENSIONS}
PART_LABELS = {
    "artist": "Shared artists",
    "related": "Artists close to each other",
    "genre": "Genres",
    "audio": "Sound",
}


def bar(parts: Parts) -> list[dict[str, object]]:
    """Lay the points of each kind out on a bar of 100; negative ones take no room."""
    segments: list[dict[str, object]] = []
    x = 0.0
    for kind, label in PART_LABELS.items():
        points = getattr(parts, kind)
        width = max(0.0, float(points))
        segments.append(
            {"kind": kind, "label": label, "points": points, "x": x, "width": width}
        )
        x = round(x + width, 1)
    return segments
