"""The one question: whom to compare a person with."""

from enum import Enum, auto
from typing import Final

from matching import engine
from matching.models import Taste
from matching.preselect import tables
from matching.preselect.rows import Asked
from matching.preselect.services import is_on
from matching.preselect.tables import Fill, Question
from matching.reader import current_view

# One person in a hundred; in a large community fewer do, and in a small one as few
# would not make a board.
_SHARE, _FEWEST, _MOST = 100, 800, 2_000
_SHARE_BY_DIRECTION = 0.4
# Entries of artists' lists read for one person, however well known the artists are.
_READ = 40_000
# Of so many times as many who share artists the nearest are kept.
_SHARING = 3
# So many times as much is looked for where only some of the people are wanted.
_IF_NARROWED = 4


class Everyone(Enum):
    """Nobody is left out: the engine compares all there are."""

    EVERYONE = auto()


EVERYONE: Final = Everyone.EVERYONE


def candidates(
    person_id: int, *, view: engine.View | None = None, is_narrowed: bool = False
) -> tuple[int, ...] | Everyone:
    """Find the ids of those worth comparing a person with, in the view given.

    EVERYONE while the preselection is off or its tables are not filled. Four times as
    many where only some of them are wanted. Whoever changed since the tables were
    filled is always among them; so may be some who have left or are hidden, whom the
    engine leaves out. Raises as ``current_view`` does when no view is given, and
    ``engine.UnknownPerson``.
    """
    if not is_on():
        return EVERYONE
    fill = tables.filled()
    if fill is None:
        return EVERYONE
    view = current_view() if view is None else view
    found = tables.likeliest(_question(view, person_id, fill, is_narrowed))
    changed = Taste.objects.changed_since(fill.watermark).filter(is_visible=True)
    ids = {*found, *changed.values_list("person_id", flat=True)}
    return tuple(sorted(ids - {person_id}))


def _question(
    view: engine.View, person_id: int, fill: Fill, is_narrowed: bool
) -> Question:
    asked = Asked.of(view, person_id)
    count = min(max(len(view) // _SHARE, _FEWEST), _MOST)
    times = _IF_NARROWED if is_narrowed else 1
    count *= times
    nearness = _direction(view, asked, person_id, fill)
    by_direction = min(round(count * _SHARE_BY_DIRECTION), tables.MOST_NEAREST - 1)
    by_artists = count - by_direction
    # One more of each: nobody is nearer than the person who asks.
    return Question(
        artist_ids=asked.artist_ids.tolist(),
        worth=asked.worth.tolist(),
        most=asked.most(_READ * times),
        nearness=nearness,
        sharing=_SHARING * by_artists + 1,
        likeliest=by_artists + 1,
        nearest=by_direction + 1 if by_direction and any(nearness) else 0,
    )


def _direction(
    view: engine.View, asked: Asked, person_id: int, fill: Fill
) -> list[float]:
    """The direction to ask in: zeros where the tables do not know the person's."""
    now: list[float] = asked.nearness.tolist()
    if fill.built_at == view.index.built_at:
        return now
    # Directions of one fit say nothing in another: the tables have their own.
    stored = tables.nearness_of(person_id)
    if stored is None:
        return [0.0] * len(now)
    return [*(value / asked.closeness for value in stored[:-1]), 0.0]
