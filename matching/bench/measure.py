"""Everything that is measured of one community, in a database that is thrown away."""

import resource
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property, partial
from itertools import pairwise
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from matching import engine, reader, services
from matching.bench import boards, dense, filling, memory
from matching.bench.predecessor import predecessor_board
from matching.bench.synthetic import Block, Synthetic
from matching.bench.timing import ROUNDS, Subject, in_turns, milliseconds
from matching.engine.arrays import Floats, Whole
from matching.models import Taste, TasteChange

Figures = dict[str, Any]
_WARM_UP = 5
_BOARDS_EACH = 50
_CHANGES = 20
_COMPARED = 10
_REPEATS = 5


class ChangeUnseen(Exception):
    """A committed change was not in the next view."""


@dataclass
class Bench:
    """One community: written, built, and asked.

    say gets a line for each step that is done.
    """

    community: Synthetic
    queries: int
    with_hnsw: bool
    predecessor_people: int
    say: Callable[[str], object]
    figures: Figures = field(default_factory=dict)
    blocks: list[Block] = field(default_factory=list)

    def whole(self) -> Figures:
        """Measure everything; None for what cannot be measured here."""
        self.fill()
        self.build()
        self.weigh()
        self.ask()
        self.ask_the_hardest()
        self.compare()
        self.change()
        self.look_back()
        return self.figures

    def growth(self) -> Figures:
        """Measure only what is compared between sizes."""
        self.fill()
        self.build()
        self.ask_boards()
        return self.figures

    def fill(self) -> None:
        people, now = self.community.people, timezone.now()
        began = perf_counter()
        filling.fill_people(self.community, now=now)
        before = filling.bytes_of_matching()
        self.blocks = filling.fill_tastes(self.community, now=now)
        written = filling.bytes_of_matching() - before
        self._note(db_bytes_per_person=written / people)
        self.say(f"written in {perf_counter() - began:.1f} s")

    def build(self) -> None:
        began = perf_counter()
        services.index_rebuild(now=timezone.now())
        seconds = perf_counter() - began
        size = sum(f.stat().st_size for f in self._folder.rglob("*") if f.is_file())
        self._note(
            build_s=seconds,
            index_bytes=size,
            index_bytes_per_person=size / self.community.people,
            peak_bytes=_peak(),
        )
        self.say(f"index built in {seconds:.1f} s")

    def weigh(self) -> None:
        """Weigh two workers, before this process maps the index as well."""
        if not memory.can_measure():
            self._note(two_workers_ratio=None, two_workers_whole_ratio=None)
            return
        people = self._people(_BOARDS_EACH)
        weighed = memory.two_workers(self._folder, people.tolist())
        size = self.figures["index_bytes"]
        self._note(
            two_workers_ratio=weighed.ratio(size),
            two_workers_whole_ratio=weighed.after.total / size,
        )

    def ask(self) -> None:
        """Time the board, what it has to read, and faiss, in turns."""
        subjects: dict[str, Subject] = {
            "board": partial(_asked, boards.board, self._view),
            "page": partial(_asked, boards.page, self._view),
            "filtered": partial(_asked, boards.filtered, self._view),
            "read": self._read,
            "read_piece": self._read_piece,
        }
        try:
            subjects |= self._faiss()
        except dense.FaissMissing as error:
            self.say(str(error))
        people = self._people(self.queries)
        in_turns(subjects, people[:_WARM_UP].tolist(), rounds=1)
        times = in_turns(subjects, people.tolist())
        median = {name: float(np.median(of)) for name, of in times.items()}
        self._note(
            board_p50_ms=median["board"],
            board_p95_ms=float(np.percentile(times["board"], 95)),
            page_p50_ms=median["page"],
            filtered_p50_ms=median["filtered"],
            read_limit_ms=median["read"],
            read_in_one_piece_ms=median["read_piece"],
            faiss_flat_p50_ms=median.get("faiss_flat"),
            faiss_hnsw_p50_ms=median.get("faiss_hnsw"),
        )
        self.say(f"{len(people)} people asked")

    def ask_boards(self) -> None:
        people = self._people(self.queries).tolist()
        board = partial(_asked, boards.board, self._view)
        in_turns({"board": board}, people[:_WARM_UP], rounds=1)
        times = in_turns({"board": board}, people)
        self._note(board_p50_ms=float(np.median(times["board"])))

    def ask_the_hardest(self) -> None:
        """Time boards of a newcomer whose taste asks for the most."""
        newcomer = self.community.people + 1
        median = {}
        for name, taste in boards.hardest(self.community, self._listeners):
            view = self._view.updated({newcomer: taste})
            ask = partial(_asked, boards.board, view)
            times = in_turns({"board": ask}, [newcomer] * _REPEATS)
            median[name] = float(np.median(times["board"]))
        worst = max(median, key=lambda name: median[name])
        self._note(worst_ms=median[worst], worst_query=worst, hardest_ms=median)

    def compare(self) -> None:
        """Compare some boards with the ranking of everyone."""
        people = self._people(_COMPARED).tolist()
        equal = [
            np.array_equal(
                boards.board(self._view, person), boards.everyone(self._view, person)
            )
            for person in people
        ]
        self._note(boards_equal=float(np.mean(equal)))

    def change(self) -> None:
        """Give some people the taste of the next one; the next view has to hold it.

        Raises :class:`ChangeUnseen`.
        """
        people = self._people(_CHANGES + 1).tolist()
        best = [
            min(self._change_seen(person, other) for _ in range(ROUNDS))
            for person, other in pairwise(people)
        ]
        self._note(change_visible_ms=float(np.median(best)))

    def _change_seen(self, person: int, other: int) -> float:
        """Commit a change; return the milliseconds until a view holds it."""
        taste = self._view.taste(other)
        _commit(person, taste or engine.Taste.empty)
        took = milliseconds(reader.current_view)
        if reader.current_view().taste(person) != taste:
            raise ChangeUnseen(person)
        return took

    def look_back(self) -> None:
        """Time the predecessor's loop over some people, and scale it to all of them."""
        people = min(self.predecessor_people, self.community.people)
        filling.fill_lists(self.community, self.blocks, people=people)
        times = in_turns({"loop": partial(_looped, people)}, [1])
        self._note(
            predecessor_ms=float(times["loop"][0]) * self.community.people / people,
            predecessor_people=people,
        )

    # --- What is asked ----------------------------------------------------

    @property
    def _folder(self) -> Path:
        return Path(settings.INDEX_DIR)

    @cached_property
    def _view(self) -> engine.View:
        return reader.current_view()

    @cached_property
    def _listeners(self) -> Whole:
        """How many people have each artist, by its id."""
        size = self.community.artists + 1
        counts = np.zeros(size, np.int64)
        for block in self.blocks:
            counts += np.bincount(block.artist_ids, minlength=size)
        return counts

    def _people(self, count: int) -> Whole:
        """Some people, always the same ones first."""
        random = np.random.default_rng(self.community.seed)
        everyone = random.permutation(self.community.people) + 1
        return everyone[:count]

    def _read(self, person_id: int) -> Callable[[], object]:
        return partial(boards.read, boards.postings(self._view, person_id))

    def _read_piece(self, person_id: int) -> Callable[[], object]:
        lists = boards.postings(self._view, person_id)
        return partial(boards.read, boards.in_one_piece(lists))

    def _faiss(self) -> dict[str, Subject]:
        """Build what faiss searches; note what it finds of our boards."""
        faiss = dense.load_faiss()
        matrix = dense.embed(self.blocks, self._listeners, seed=self.community.seed)
        self.say("128 numbers per person fitted")
        indexes = {"flat": dense.flat(faiss, matrix)}
        if self.with_hnsw:
            began = perf_counter()
            indexes["hnsw"] = dense.hnsw(faiss, matrix)
            self._note(hnsw_build_s=perf_counter() - began)
        people = self._people(self.queries).tolist()
        rows = {person: matrix[person - 1].copy() for person in people}
        ours = {person: boards.board(self._view, person) for person in people}
        for name, index in indexes.items():
            self._note(**{f"{name}_recall@50": _recall(index, rows, ours)})
        return {
            f"faiss_{name}": _search(index, rows) for name, index in indexes.items()
        }

    def _note(self, **figures: Any) -> None:
        self.figures |= figures


def _asked(
    ask: Callable[[engine.View, int], Whole], view: engine.View, person_id: int
) -> Callable[[], object]:
    return partial(ask, view, person_id)


def _recall(index: Any, rows: dict[int, Floats], ours: dict[int, Whole]) -> float:
    """The share of our boards that an index finds."""
    shares = [
        np.isin(board, dense.found(index, rows[person], boards.COUNT)).mean()
        for person, board in ours.items()
        if len(board)
    ]
    return float(np.mean(shares))


def _looped(people: int, person_id: int) -> Callable[[], object]:
    return partial(predecessor_board, person_id, people=people, count=boards.COUNT)


def _search(index: Any, rows: dict[int, Floats]) -> Subject:
    return lambda person: partial(dense.found, index, rows[person], boards.COUNT)


@transaction.atomic
def _commit(person_id: int, taste: engine.Taste) -> None:
    """Give a person another taste, in the sequence as the services do it."""
    services.lock_sequence()
    [seq] = TasteChange.objects.note([person_id])
    blob = engine.pack(taste)
    Taste.objects.filter(pk=person_id).update(seq=seq, blob=blob)


def _peak() -> int:
    """The most memory this process had, in bytes."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak * (1 if sys.platform == "darwin" else 1024)
