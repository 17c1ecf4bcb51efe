"""Artists that are never named beside the people who muted them."""

from collections.abc import Collection, Iterable, Sequence
from decimal import Decimal

from ingest.models import MutedArtist
from matching.engine import Contribution

Muted = frozenset[int]


def muted_between(viewer_id: int, people: Iterable[int]) -> dict[int, Muted]:
    """Artists the viewer or the other one muted, for each of these people.

    Every row of them, as tastes may have been computed before two artists were joined.
    Of both, so that both read the same. In one query.
    """
    ids = list(people)
    found = MutedArtist.objects.of({viewer_id, *ids}).every_row()
    mine = found.get(viewer_id, set())
    return {person: Muted(mine | found.get(person, set())) for person in ids}


def fold_muted(
    rows: Sequence[Contribution], muted: Collection[int]
) -> tuple[Contribution, ...]:
    """Fold the artists nobody names into one row of the exact sum.

    ``count`` is 1 of a single one, and 0 of several: how many is not told.
    """
    kept = [row for row in rows if row.artist_id in muted]
    if not kept:
        return tuple(rows)
    term = sum(row.term for row in kept)
    points = sum((row.points for row in kept), Decimal("0.0"))
    count = 1 if len(kept) == 1 else 0
    more = Contribution("more", term, points, folded="artist", count=count)
    return (*(row for row in rows if row.artist_id not in muted), more)
