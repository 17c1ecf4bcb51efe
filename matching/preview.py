"""What one's ten closest would be if an artist did not count, before deciding it."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from accounts.models import User
from matching import engine, preselect, words
from matching.crowd import Crowd
from matching.leaderboard import DEPTH
from matching.loaders import taste_without
from matching.reader import current_view
from social.visibility import people_found_by

TEN = 10


@dataclass(frozen=True, slots=True)
class Move:
    """A person's place and score, as they are and as they would be.

    A place of None is none on the board.
    """

    handle: str
    shown_name: str
    place_before: int | None
    place_after: int | None
    score_before: str
    score_after: str

    @property
    def is_moved(self) -> bool:
        return self.place_before != self.place_after

    @property
    def sentence(self) -> str:
        name, before, after = self.shown_name, self.place_before, self.place_after
        if after is None:
            return f"{name} leaves your list: nothing else connects you."
        if before is None:
            return f"{name} comes in at {after}."
        if before == after:
            return f"{name} stays at {after}."
        return f"{name} moves from {before} to {after}."


@dataclass(frozen=True, slots=True)
class Preview:
    """``state`` is ready, building, away, no_taste, unchanged, empty or alone.

    Away: paused, hidden or not joined, so there is no board. Unchanged: the artist is
    no part of the taste. Empty: nothing would be left of it. Alone: nobody is on the
    board, before or after.
    """

    state: str
    moves: list[Move] = field(default_factory=list)

    @property
    def moved(self) -> list[Move]:
        return [move for move in self.moves if move.is_moved]

    @property
    def sentence(self) -> str:
        """The end of a sentence: how many of the people listed change place."""
        if not self.moved:
            return "nobody of your closest people changes place."
        verb = "changes" if len(self.moved) == 1 else "change"
        among = f"{words.number(len(self.moved))} of these {len(self.moves)}"
        return f"{among} {verb} place."


def preview_without(viewer: User, artist_id: int) -> Preview:
    """Compare the board with the one without this artist, one that stands.

    By the same scoring as boards, of a taste that is nowhere kept. Of both boards the
    first ten, in the order they would be.
    """
    if not viewer.is_discoverable:
        return Preview("away")
    try:
        view = current_view()
        crowd = Crowd.around(view, viewer.pk)
    except (engine.IndexMissing, engine.IndexCorrupt):
        return Preview("building")
    except engine.UnknownPerson:
        return Preview("no_taste")
    taste = taste_without(viewer.pk, artist_id)
    if taste == view.taste(viewer.pk):
        return Preview("unchanged")
    if not len(taste):
        return Preview("empty")
    changed = view.updated({viewer.pk: taste})
    boards = _Board.of(crowd, view), _Board.of(crowd, changed)
    moves = _moves(viewer, *boards)
    return Preview("ready" if moves else "alone", moves)


@dataclass(frozen=True, slots=True)
class _Board:
    """People's places, the closest first, seen from one viewer in one view."""

    view: engine.View
    viewer_id: int
    places: Mapping[int, int]

    @classmethod
    def of(cls, crowd: Crowd, view: engine.View) -> "_Board":
        # Not asked of the crowd: it keeps answers of the view that others look at.
        comparison = engine.Comparison(view, crowd.viewer_id, crowd.hidden)
        only = preselect.candidates(crowd.viewer_id, view=view)
        wanted = engine.EVERYONE
        if only is not preselect.EVERYONE:
            wanted = engine.Wanted(only=only)
        ids = comparison.closest(DEPTH, wanted).person_ids.tolist()
        places = {person: place for place, person in enumerate(ids, start=1)}
        return cls(view, crowd.viewer_id, places)

    @property
    def first(self) -> list[int]:
        return [*self.places][:TEN]

    def scores(self, ids: Sequence[int]) -> dict[int, str]:
        found = engine.summaries(self.view, self.viewer_id, ids)
        return {one.person_id: str(one.score) for one in found}


def _moves(viewer: User, before: _Board, after: _Board) -> list[Move]:
    ids = [*dict.fromkeys([*after.first, *before.first])]
    people = _people(viewer, ids)
    ids = [pk for pk in ids if pk in people]
    scores, then = before.scores(ids), after.scores(ids)
    moves = [
        Move(
            handle=str(people[pk].handle),
            shown_name=people[pk].shown_name,
            place_before=before.places.get(pk),
            place_after=after.places.get(pk),
            score_before=scores[pk],
            score_after=then[pk],
        )
        for pk in ids
    ]
    return sorted(moves, key=lambda move: move.place_after or DEPTH + 1)


def _people(viewer: User, ids: Collection[int]) -> dict[int, User]:
    found = people_found_by(viewer).only("handle", "display_name")
    people: dict[int, User] = found.in_bulk(ids)
    return people
