"""Whether the index is what it should be: its files, its people, its answers.

Everything is asked of a view made anew from the files and the database, as a process
that has just started would see it.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter

import numpy as np
from django.conf import settings

from matching import engine
from matching.changes import all_since
from matching.engine.arrays import Whole
from matching.models import Edition, Taste
from matching.services.building import build_is_running
from matching.verification.boards import wrong_board, wrong_receipts
from matching.verification.files import wrong_files
from matching.verification.formula import BruteForce
from matching.verification.measures import (
    wrong_counts,
    wrong_measures,
    wrong_segments,
)
from matching.verification.whole import Census

__all__ = ["BruteForce", "Check", "Verification", "wrong_board", "wrong_receipts"]

_MOST_WORDS = 20


@dataclass(frozen=True, slots=True)
class Check:
    """What was compared, in words; how long it took; what differed, if anything."""

    what: str
    seconds: float
    differences: list[str] = field(default_factory=list)


class Verification:
    """One look at the index; raises as reading it does."""

    def __init__(self, *, sample: int, seed: int) -> None:
        self.index = engine.Index.load(_folder())
        changes, self._seq = all_since(self.index.watermark)
        self._changed = len(changes.tastes)
        self.view = self.index.view(changes.tastes, changes.facets)
        everyone = self.view.person_ids
        draw = np.random.default_rng(seed)
        drawn = draw.choice(everyone, min(sample, len(everyone)), replace=False)
        self._sample: Whole = np.sort(drawn)

    def checks(self) -> Iterator[Check]:
        """Compare one thing after the other."""
        yield from self._whole()
        yield _timed("the files of the folder", self._files)
        yield _timed(f"{len(self.view.segments)} segments inside", self._segments)
        if self._is_of_its_counts():
            yield _timed("the frozen counts", lambda: wrong_counts(self.view))
        sample = f"of {len(self._sample)} people"
        yield _timed(f"the bytes {sample}", self._bytes)
        yield _timed(f"the measured rows {sample}", self._measures)
        yield _timed(f"the boards {sample}, against the formula", self._boards)
        yield _timed(f"receipts {sample}", self._receipts)

    def _whole(self) -> Iterator[Check]:
        census = Census(self.view, self._seq)
        check = _timed("", census.differences)
        what = f"{census.compared} tastes against the database"
        yield Check(what, check.seconds, check.differences)

    def _is_of_its_counts(self) -> bool:
        """Whether the people are still those the statistics were counted from.

        Another machine may have counted them, and then only nothing else may be in it.
        """
        about = self.index.statistics.about or {}
        stem = Path(str(about.get("file"))).stem
        is_first = stem.endswith(f"-{self.index.generation:06d}")
        counted = Edition.objects.filter(
            number=self.index.edition, watermark=self.index.watermark
        )
        return is_first and not self._changed and counted.exists()

    def _files(self) -> Iterator[str]:
        found = list(wrong_files(_folder()))
        # What a builder is writing is not left over.
        if not build_is_running():
            yield from found

    def _segments(self) -> Iterator[str]:
        return wrong_segments(self.view)

    def _bytes(self) -> Iterator[str]:
        kept = Taste.objects.filter(seq__lte=self._seq).in_bulk(self._sample.tolist())
        for person, taste in kept.items():
            mine = self.view.taste(person)
            if mine is None or engine.pack(mine) != bytes(taste.blob):
                yield f"person {person}: other bytes in the index"

    def _measures(self) -> Iterator[str]:
        return wrong_measures(self.view, self._sample)

    def _boards(self) -> Iterator[str]:
        brute = BruteForce(self.view)
        for person in self._sample.tolist():
            yield from wrong_board(self.view, brute, person)

    def _receipts(self) -> Iterator[str]:
        for person in self._sample.tolist():
            yield from wrong_receipts(self.view, person)


def _folder() -> Path:
    return Path(settings.INDEX_DIR)


def _timed(what: str, differences: Callable[[], Iterator[str]]) -> Check:
    start = perf_counter()
    found: list[str] = []
    try:
        found += differences()
    except Exception as error:  # noqa: BLE001 - what is spoilt may fail in any way
        found.append(f"cannot be compared: {type(error).__name__}: {error}")
    if len(found) > _MOST_WORDS:
        found[_MOST_WORDS:] = [f"and {len(found) - _MOST_WORDS} more"]
    return Check(what, perf_counter() - start, found)
