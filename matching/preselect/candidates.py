"""The one question: whom to compare a person with."""

from enum import Enum, auto
from typing import Final

import numpy as np

from matching import engine
from matching.models import Taste
from matching.preselect import tables
from matching.preselect.rows import Asked
from matching.preselect.services import is_on
from matching.preselect.tables import Fill, Question
from matching.reader import current_view

# One person in a hundred, in communities of a size at which that is neither too few
# for a board nor more than it takes: 800 of a million hold 99 % of the fifty closest.
_SHARE, _FEWEST, _MOST = 100, 800, 2_500
_SHARE_BY_DIRECTION = 0.4
# Of so many who share artists the nearest are kept.
_SHARING = 4_000
# Entries of artists' lists read for one person, however well known the artists are.
_READ = 20_000


class Everyone(Enum):
    """Nobody is left out: the engine compares all there are."""

    EVERYONE = auto()


EVERYONE: Final = Everyone.EVERYONE


def candidates(
    person_id: int, *, view: engine.View | None = None
) -> tuple[int, ...] | Everyone:
    """Find the ids of those worth comparing a person with, in the view given.

    EVERYONE while the preselection is off or its tables are not filled. Whoever changed
    since they were is always among them; so may be some who have left or are hidden,
    whom the engine leaves out. Raises as ``current_view`` does when no view is given,
    and ``engine.UnknownPerson``.
    """
    if not is_on():
        return EVERYONE
    fill = tables.filled()
    if fill is None:
        return EVERYONE
    view = current_view() if view is None else view
    found = tables.likeliest(_question(view, person_id, fill))
    changed = Taste.objects.changed_since(fill.watermark).filter(is_visible=True)
    ids = {*found, *changed.values_list("person_id", flat=True)}
    return tuple(sorted(ids - {person_id}))


def _question(view: engine.View, person_id: int, fill: Fill) -> Question:
    asked = Asked.of(view, person_id)
    count = min(max(len(view) // _SHARE, _FEWEST), _MOST)
    nearness: list[float] | None = asked.nearness.tolist()
    if fill.built_at != view.index.built_at:
        # Directions of one fit say nothing in another: ask with those of the tables.
        stored = tables.nearness_of(person_id)
        nearness = stored and (np.array(stored) / asked.closeness).tolist()
    by_direction = round(count * _SHARE_BY_DIRECTION)
    return Question(
        artist_ids=asked.artist_ids.tolist(),
        worth=asked.worth.tolist(),
        most=asked.most(_READ),
        nearness=nearness or [0.0] * len(asked.nearness),
        sharing=_SHARING,
        likeliest=count - by_direction,
        nearest=by_direction if nearness and any(nearness) else 0,
    )
