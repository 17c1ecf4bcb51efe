"""Boards and receipts against the formula, and the quick way against the thorough."""

from collections.abc import Iterator, Sequence

import numpy as np

from matching import engine
from matching.engine.arrays import Whole
from matching.verification.formula import BruteForce, Everyone, tie

CLOSE = 1e-9
COUNT = 50
_RECEIPTS = 3


class Thorough(engine.Comparison):
    """Knows the exact S of everyone before it is asked, however many there are."""

    def __init__(self, view: engine.View, viewer_id: int) -> None:
        super().__init__(view, viewer_id)
        self._scan_all()


class Quick(engine.Comparison):
    """Leaves out whom it can, however few there are."""

    def __init__(self, view: engine.View, viewer_id: int) -> None:
        self._is_ready = False
        super().__init__(view, viewer_id)
        self._is_ready = True

    def _scan_all(self) -> None:
        """Not before it turns out that nearly everyone has to be asked."""
        if self._is_ready:
            super()._scan_all()


def wrong_board(
    view: engine.View, brute: BruteForce, viewer_id: int, count: int = COUNT
) -> Iterator[str]:
    """Say how the board of one person differs from the formula, and from itself."""
    everyone = brute.compare(viewer_id)
    thorough = Thorough(view, viewer_id)
    shares = int(np.median(everyone.shared)) + 1 if len(everyone.shared) else 1
    for wanted, allowed in (
        (engine.EVERYONE, everyone.shared >= 0),
        (engine.Wanted(min_shared=shares), everyone.shared >= shares),
    ):
        board = thorough.closest(count, wanted)
        only = _only(everyone, np.flatnonzero(allowed))
        yield from wrong_closest(board, only, count)
        for kind in (Quick, engine.Comparison):
            if not _are_same(board, kind(view, viewer_id).closest(count, wanted)):
                name = "quick" if kind is Quick else "usual"
                yield f"person {viewer_id}: the {name} way gives another board"


def _are_same(board: engine.Closest, other: engine.Closest) -> bool:
    return np.array_equal(board.person_ids, other.person_ids) and np.array_equal(
        board.similarity, other.similarity
    )


def _only(everyone: Everyone, rows: Whole) -> Everyone:
    return Everyone(
        everyone.viewer_id,
        everyone.person_ids[rows],
        everyone.similarity[rows],
        everyone.shared[rows],
    )


def wrong_closest(
    board: engine.Closest, everyone: Everyone, count: int
) -> Iterator[str]:
    """Say how a list of the closest differs from what the formula gives everyone.

    People whose S differs by less than rounding may stand either way; equal S has to
    be in the order of the hash.
    """
    who = f"person {everyone.viewer_id}"
    at = np.searchsorted(everyone.person_ids, board.person_ids)
    known = at < len(everyone.person_ids)
    known[known] = everyone.person_ids[at[known]] == board.person_ids[known]
    if not known.all():
        yield f"{who}: {board.person_ids[~known].tolist()} should not be listed"
        return
    if len(np.unique(at)) != len(at):
        yield f"{who}: someone is listed twice"
    expected = everyone.similarity[at]
    if not np.allclose(board.similarity, expected, rtol=CLOSE, atol=0):
        worst = int(np.argmax(np.abs(board.similarity - expected)))
        yield (
            f"{who}: S with {board.person_ids[worst]} is {board.similarity[worst]!r},"
            f" by the formula {expected[worst]!r}"
        )
    yield from _disorder(board, everyone.viewer_id)
    yield from _left_out(board, everyone, at, count)


def _disorder(board: engine.Closest, viewer_id: int) -> Iterator[str]:
    ids, similarity = board.person_ids.tolist(), board.similarity.tolist()
    if any(value <= 0 for value in similarity):
        yield f"person {viewer_id}: someone without anything in common is listed"
    keys = [
        (-value, tie(viewer_id, person))
        for person, value in zip(ids, similarity, strict=True)
    ]
    if keys != sorted(keys):
        yield f"person {viewer_id}: the board is not in order"


def _left_out(
    board: engine.Closest, everyone: Everyone, listed: Whole, count: int
) -> Iterator[str]:
    others = np.delete(np.arange(len(everyone.person_ids)), listed)
    similarity = everyone.similarity[others]
    if len(board) < count:
        # All that is left over of a sum of small terms of both signs is rounding.
        missing = others[similarity > 1e-12]
    else:
        last = float(board.similarity[-1])
        bar = tie(everyone.viewer_id, int(board.person_ids[-1]))
        equal = [
            row
            for row in others[similarity == last].tolist()
            if tie(everyone.viewer_id, int(everyone.person_ids[row])) < bar
        ]
        missing = np.append(others[similarity > last * (1 + CLOSE)], equal)
    if len(missing):
        ids = everyone.person_ids[missing.astype(np.int64)].tolist()
        yield f"person {everyone.viewer_id}: {ids[:5]} should be listed"


def wrong_receipts(view: engine.View, viewer_id: int) -> Iterator[str]:
    """Say where receipts of someone's closest and furthest do not add up."""
    board = engine.Comparison(view, viewer_id).closest(COUNT)
    rows = sorted({0, len(board) // 2, len(board) - 1})[:_RECEIPTS]
    for row in rows if len(board) else ():
        person, similarity = int(board.person_ids[row]), float(board.similarity[row])
        yield from wrong_receipt(view, viewer_id, person, similarity)


def wrong_receipt(
    view: engine.View, viewer_id: int, person_id: int, similarity: float
) -> Iterator[str]:
    """Say where one receipt differs from the board, its rows, or the other side's."""
    pair = f"persons {viewer_id} and {person_id}"
    mine = engine.explain(view, viewer_id, person_id)
    theirs = engine.explain(view, person_id, viewer_id)
    if mine.similarity != similarity:
        yield f"{pair}: the receipt has {mine.similarity!r}, the board {similarity!r}"
    if mine.similarity != theirs.similarity or _points(mine) != _points(theirs):
        yield f"{pair}: the two sides read different receipts"
    if sum(row.points for row in mine.rows) != mine.points:
        yield f"{pair}: the printed rows do not add up to {mine.points}"
    terms = sum(row.term for row in mine.rows)
    if abs(terms - mine.similarity) > CLOSE * max(1.0, abs(mine.similarity)):
        yield f"{pair}: the terms add up to {terms!r}, S is {mine.similarity!r}"


def _points(receipt: engine.Receipt) -> Sequence[object]:
    return [(r.kind, r.artist_id, r.genre_id, r.points) for r in receipt.rows]
