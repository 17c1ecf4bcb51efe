"""Someone who looks at boards all the time and checks every answer."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from time import perf_counter, time
from traceback import format_exc

import numpy as np
from django.db.models import Q
from django.db.utils import IntegrityError
from django.utils import timezone

from accounts.models import User
from matching import engine, reader
from matching.crowd import Crowd
from matching.leaderboard import Filters, leaderboard_for
from matching.models import Taste
from matching.verification.boards import (
    COUNT,
    wrong_board,
    wrong_closest,
    wrong_receipt,
)
from matching.verification.formula import BruteForce, Everyone
from social.models import Block

# Of so many questions one is answered the slow way too, and one as a page.
_BRUTE_EVERY = 5
_PAGE_EVERY = 4
_BLOCK_EVERY = 8
_FORGET_EVERY = 12
_TASTES = 10
_MOST_KEPT = 20


@dataclass(frozen=True, slots=True)
class Truth:
    """The database at one moment.

    seqs      of everyone with a taste, by person
    visible   those of them who may be seen
    departed  people met earlier whose taste is gone: ids are never given again
    blocked   the others by block of the viewer
    """

    seqs: dict[int, int]
    visible: frozenset[int]
    departed: frozenset[int]
    blocked: dict[int, int]

    def same(self, later: "Truth") -> set[int]:
        """Those of whom nothing changed between two moments."""
        return {p for p, seq in self.seqs.items() if later.seqs.get(p) == seq}

    def hidden(self, later: "Truth", person_ids: list[int]) -> list[int]:
        """Those who were hidden the whole time between two moments."""
        hidden = (self.same(later) - self.visible) | self.departed
        return [person for person in person_ids if person in hidden]


class Asker:
    """Asks as a web process does; keeps what must never be."""

    def __init__(self, name: str, *, seed: int) -> None:
        self.done: Counter[str] = Counter()
        self.violations: list[str] = []
        self.milliseconds: list[float] = []
        self._generations: set[int] = set()
        self._met: set[int] = set()
        self._random = Random(f"{seed}:{name}")  # noqa: S311

    def run(self, until: float) -> None:
        """Ask, again and again, until this moment."""
        while time() < until:
            try:
                found = list(self._ask())
            except Exception:  # noqa: BLE001 - whatever is raised would be a page's error
                found = [format_exc()]
            self.done["violations"] += len(found)
            self.violations += found[: _MOST_KEPT - len(self.violations)]
        self.done["generations seen"] = len(self._generations)

    def _ask(self) -> Iterator[str]:
        viewer = self._viewer()
        if self._random.random() < 1 / _FORGET_EVERY:
            # As a process that has just started.
            reader.forget()
        before = self._truth(viewer.pk)
        start = perf_counter()
        view = reader.current_view()
        self._generations.add(view.index.generation)
        try:
            crowd = Crowd.around(view, viewer.pk)
        except engine.UnknownPerson:
            after = self._truth(viewer.pk)
            self.done["viewers who had left"] += 1
            if viewer.pk in before.same(after) and viewer.pk in before.visible:
                yield f"person {viewer.pk} is visible and cannot ask"
            return
        board = crowd.comparison.closest(COUNT)
        self.milliseconds.append((perf_counter() - start) * 1000)
        after = self._truth(viewer.pk)
        self.done["boards"] += 1
        yield from self._unwanted(board, before, after)
        yield from self._wrong_people(view, before, after)
        yield from self._wrong_receipts(view, viewer.pk, board)
        if self._random.random() < 1 / _BRUTE_EVERY:
            yield from self._unlike_formula(view, viewer.pk, crowd)
        if self._random.random() < 1 / _BLOCK_EVERY and len(board):
            yield from self._wrong_block(viewer.pk, int(board.person_ids[0]))
        if self._random.random() < 1 / _PAGE_EVERY:
            yield from self._wrong_page(viewer)

    def _truth(self, viewer_id: int) -> Truth:
        rows = list(Taste.objects.values_list("person_id", "seq", "is_visible"))
        seqs = {person: seq for person, seq, _ in rows}
        visible = frozenset(person for person, _, is_visible in rows if is_visible)
        self._met.update(seqs)
        blocks = Block.objects.filter(
            Q(blocker_id=viewer_id) | Q(blocked_id=viewer_id)
        ).values_list("pk", "blocker_id", "blocked_id")
        blocked = {
            pk: theirs if mine == viewer_id else mine for pk, mine, theirs in blocks
        }
        return Truth(seqs, visible, frozenset(self._met - seqs.keys()), blocked)

    def _viewer(self) -> User:
        people = list(User.objects.discoverable().values_list("pk", flat=True))
        return User(pk=self._random.choice(people))

    def _unwanted(
        self, board: engine.Closest, before: Truth, after: Truth
    ) -> Iterator[str]:
        listed = board.person_ids.tolist()
        for person in before.hidden(after, listed):
            yield f"person {person} is hidden and listed"
        whole_time = before.blocked.keys() & after.blocked.keys()
        blocked = {before.blocked[pk] for pk in whole_time}
        for person in blocked.intersection(listed):
            yield f"person {person} is blocked and listed"
        self.done["blocks kept"] += len(blocked)

    def _wrong_people(
        self, view: engine.View, before: Truth, after: Truth
    ) -> Iterator[str]:
        """Compare who is in the view, and some tastes, with the database."""
        there = view.person_ids.tolist()
        for person in before.hidden(after, there):
            yield f"person {person} is hidden and in the view"
        same = before.same(after)
        missing = (before.visible & after.visible & same) - set(there)
        if missing:
            yield f"persons {sorted(missing)[:5]} are visible and not in the view"
        some = self._random.sample(there, min(_TASTES, len(there)))
        for person, seq, blob in Taste.objects.filter(pk__in=some).values_list(
            "pk", "seq", "blob"
        ):
            taste = view.taste(person)
            if taste is None or before.seqs.get(person) != seq:
                continue
            self.done["tastes compared"] += 1
            if engine.pack(taste) != bytes(blob):
                yield f"person {person} has another taste in the view"

    def _wrong_receipts(
        self, view: engine.View, viewer_id: int, board: engine.Closest
    ) -> Iterator[str]:
        rows = self._random.sample(range(len(board)), min(2, len(board)))
        for row in rows:
            person, similarity = int(board.person_ids[row]), board.similarity[row]
            self.done["receipts"] += 1
            yield from wrong_receipt(view, viewer_id, person, float(similarity))

    def _unlike_formula(
        self, view: engine.View, viewer_id: int, crowd: Crowd
    ) -> Iterator[str]:
        """Compare with brute force over the same view, those blocked left out."""
        self.done["boards by the formula"] += 1
        brute = BruteForce(view)
        yield from wrong_board(view, brute, viewer_id)
        everyone = brute.compare(viewer_id)
        ids, _ = crowd.comparison.everyone()
        rows = np.flatnonzero(np.isin(everyone.person_ids, ids))
        known = Everyone(
            viewer_id,
            everyone.person_ids[rows],
            everyone.similarity[rows],
            everyone.shared[rows],
        )
        yield from wrong_closest(crowd.comparison.closest(COUNT), known, COUNT)

    def _wrong_block(self, viewer_id: int, first: int) -> Iterator[str]:
        """Block the closest person: neither sees the other at the next question."""
        try:
            block = Block.objects.create(
                blocker_id=viewer_id, blocked_id=first, created_at=timezone.now()
            )
        except IntegrityError:
            # One of the two has just left, or blocked the other.
            return
        self.done["blocks tried"] += 1
        for mine, theirs in ((viewer_id, first), (first, viewer_id)):
            try:
                crowd = Crowd.around(reader.current_view(), mine)
            except engine.UnknownPerson:
                continue
            if theirs in crowd.comparison.closest(COUNT).person_ids:
                yield f"person {theirs} is blocked and the closest of {mine}"
        block.delete()

    def _wrong_page(self, viewer: User) -> Iterator[str]:
        """Look at the first page as it is printed."""
        before = self._truth(viewer.pk)
        board = leaderboard_for(viewer, Filters(), page=None, now=timezone.now())
        after = self._truth(viewer.pk)
        self.done["pages"] += 1
        if board.state == "building":
            yield f"person {viewer.pk} is told that the index is being built"
        handles = [entry.handle for entry in board.entries]
        people = User.objects.filter(handle__in=handles).values_list("pk", flat=True)
        for person in before.hidden(after, list(people)):
            yield f"person {person} is hidden and on the page"
        scores = [float(entry.score) for entry in board.entries]
        if scores != sorted(scores, reverse=True):
            yield f"person {viewer.pk}: the printed scores are not in order"
