"""One person compared with everyone: exact answers, most of them without asking all.

The artists' part of s(u, v) is known of everyone after one pass over the lists of the
viewer's artists. What is left has a bound: with ρ = 0.10 · 1.07 + 0.02 · 1.07 + 0.03

    S(u, v) ≤ (artists(u, v) + ρ) · c_u · c_v,      c = 1/√r

since z, g and a have length one, and rounding to 1/127 makes no length of up to 64
numbers greater than 1 + √64 / 254 < √1.07. Someone whose bound stays under the S of
`count` other people is not among the closest `count`, and the rest of their S is never
computed. Who is left is scored in float64 from the whole numbers, as a receipt is.

The bound is taken step by step, each for those whom the one before leaves: of a block
of people alike (`blocks`), of each of them by their own first 8 numbers of the vectors
and by how far the other 40 are from the middle of the block, with all but genres, with
all. What has to be reached is known from people who lead: at first by artists and the
middle of their block, and again wherever many are left.
"""

from collections.abc import Iterable
from copy import copy
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TypeVar

import numpy as np

from matching.engine.arrays import Bools, Counts, Doubles, Floats, Whole
from matching.engine.blocks import Room
from matching.engine.candidates import Candidates
from matching.engine.constants import (
    AUDIO_SHARE,
    DIMENSIONS,
    GENRE_SHARE,
    RELATED_SHARE,
    SCAN_ALL_UP_TO,
)
from matching.engine.field import Field, Known, largest
from matching.engine.group import NOBODY, Group
from matching.engine.hashing import mixed
from matching.engine.index import View
from matching.engine.query import Query
from matching.engine.wanted import EVERYONE, Wanted

_LENGTH_SLACK = 1.07
# Float32 sums of up to 150 terms and a few products: (150 + 8) · 2^-24 < 1e-5.
_FLOAT_SLACK = 2e-5
# Where more people are left, those who lead are scored to leave out others, before all
# their directions are read.
_MANY_LEFT = 4_000
# The same, before their genres are read: so many times what is asked for, at least 2.
_MANY_LISTS = 16
# Above this share of people the exact S of everyone costs less than that of some.
_NEARLY_ALL = 0.3
# People named one by one are scored by their rows, where they are one in so many.
_FEW = 20


@dataclass(frozen=True, slots=True)
class Closest:
    """The closest people, closest first.

    person_ids   int64[k]
    similarity   float64[k], S, all positive
    is_everyone  True only when nobody else who is wanted has S > 0
    """

    person_ids: Whole
    similarity: Doubles
    is_everyone: bool

    def __len__(self) -> int:
        return len(self.person_ids)


class Comparison:
    """A viewer, and everyone visible but the viewer and `unknown` people.

    Raises UnknownPerson when the viewer is not in the view.
    """

    def __init__(self, view: View, viewer_id: int, unknown: Iterable[int] = ()) -> None:
        people, row = view.locate(viewer_id)
        self.view = view
        self.query = Query.of(people, row, view.statistics)
        gone = np.array(sorted({viewer_id, *unknown}), np.int64)
        self._groups = [
            Group(
                self.query,
                of.scaled,
                of.segment,
                of.hidden_with(gone),
                of.active_at,
            )
            for of in view.people
            if len(of.scaled)
        ]
        self.total = sum(len(g) - len(g.hidden) for g in self._groups)
        if sum(map(len, self._groups)) <= SCAN_ALL_UP_TO:
            self._scan_all()

    def _scan_all(self) -> None:
        for group in self._groups:
            _ = group.exact

    @property
    def is_scanned(self) -> bool:
        """Whether S of everyone is known already: counting costs nothing then."""
        return all(group.is_exact for group in self._groups)

    def everyone(self) -> tuple[Whole, Doubles]:
        """Ids and S of everyone compared, in no useful order."""
        found = [
            (np.delete(g.person_ids, g.hidden), np.delete(g.exact, g.hidden))
            for g in self._groups
        ]
        return _columns(found)

    def shared(self) -> Counts:
        """Numbers of artists shared with everyone, in the order of `everyone`."""
        counts = [np.delete(g.shared, g.hidden) for g in self._groups]
        return np.concatenate(counts)

    def closest(self, count: int, wanted: Wanted = EVERYONE) -> Closest:
        """Find the closest `count` of the people wanted, with S > 0.

        Equal S is ordered by a hash of viewer and person: by id, the same person
        would come first with everybody.
        """
        if self._names_few(wanted):
            some = self._narrowed_to(wanted.only or ())
            return some.closest(count, replace(wanted, only=None))
        least, masks = wanted.min_similarity, self._masks(wanted)
        ids, similarity = self._reaching(least, masks, count)
        kept = similarity >= _lowest_of(similarity, count)
        kept &= similarity > 0
        ids, similarity = ids[kept], similarity[kept]
        order = np.lexsort((mixed(self.query.person_id, ids), -similarity))[:count]
        return Closest(ids[order], similarity[order], len(order) < count)

    def _names_few(self, wanted: Wanted) -> bool:
        return wanted.only is not None and _FEW * len(wanted.only) < self.total

    def _narrowed_to(self, person_ids: tuple[int, ...]) -> "Comparison":
        """The same viewer compared with these people only, by their own rows."""
        ids = np.array(sorted(person_ids), np.int64)
        narrowed = copy(self)
        narrowed._groups = [group.narrowed_to(ids) for group in self._groups]
        narrowed.total = sum(map(len, narrowed._groups))
        return narrowed

    def count(self, wanted: Wanted = EVERYONE) -> int:
        """Count the people wanted with S > 0."""
        if self._names_few(wanted):
            return self._narrowed_to(wanted.only or ()).count(
                replace(wanted, only=None)
            )
        least = max(wanted.min_similarity, np.finfo(np.float64).tiny)
        return sum(
            int(np.count_nonzero(_only(group.exact, mask) >= least))
            for group, mask in zip(self._groups, self._masks(wanted), strict=True)
        )

    def below(self, similarities: Doubles, wanted: Wanted = EVERYONE) -> Whole:
        """Count, for each S, everyone compared who is less close: int64.

        With people named in wanted.only, nobody else is looked at: they are taken to be
        less close.
        """
        if not len(similarities):
            return np.empty(0, np.int64)
        some = self if wanted.only is None else self._narrowed_to(wanted.only)
        masks = some._masks(EVERYONE)
        _, found = some._reaching(float(similarities.min()), masks)
        reaching = len(found) - np.searchsorted(np.sort(found), similarities)
        return np.asarray(self.total - reaching, np.int64)

    def _masks(self, wanted: Wanted) -> list[Bools | None]:
        if not wanted.narrows:
            return [None] * len(self._groups)
        return [wanted.mask(group) for group in self._groups]

    def _reaching(
        self, threshold: float, masks: list[Bools | None], count: int | None = None
    ) -> tuple[Whole, Doubles]:
        """Ids and S of the people wanted whose S is at least the threshold.

        With a count, the threshold rises to what the count-th closest certainly
        reaches, step by step as more is known.
        """
        found, open_ = [], []
        is_scanned = self.is_scanned
        for group, mask in zip(self._groups, masks, strict=True):
            # Bounds are those of all segments in a row: one alone is not left out.
            if is_scanned or group.segment is None:
                exact = _only(group.exact, mask)
                at = np.flatnonzero(exact >= threshold)
                found.append((group.person_ids[at], exact[at]))
            else:
                open_.append((group, mask))
        if not open_:
            return _columns(found)
        field = Field.of(*zip(*open_, strict=True))
        kept, threshold = self._of_field(field, threshold, count)
        if kept is None:
            self._scan_all()
            return self._reaching(threshold, masks, count)
        ids, exact = kept.exact()
        reaches = exact >= threshold
        found.append((ids[reaches], exact[reaches]))
        return _columns(found)

    def _of_field(
        self, field: Field, threshold: float, count: int | None
    ) -> tuple[Candidates | None, float]:
        """Who still may reach the threshold once all but rounding is known.

        None where that would be nearly everyone.
        """
        prospect = self.view.index.outlook.of_query(self.query, self._room)
        if count is not None:
            # Blocks are of people with like vectors, and say little of their sound.
            ahead = 2 if self._room.vectors else 40
            leading = field.leading(prospect.about, ahead * count)
            threshold = self._led_by(field, field.known(leading), threshold, count)
        known, most = field.reaching(prospect, self._floor(threshold))
        if count is not None and len(most) > _MANY_LEFT:
            leaders = known.only(np.sort(largest(most, 2 * count)))
            threshold = self._led_by(field, leaders, threshold, count)
            known = known.only(np.flatnonzero(most >= self._floor(threshold)))
        if len(known.places) > _NEARLY_ALL * self.total:
            return None, threshold
        return self._narrowed(self._candidates(field, known), threshold, count)

    def _candidates(self, field: Field, known: Known) -> Candidates:
        return Candidates.of(
            self.query, field.picked(known.places), known.closeness, known.near
        )

    def _led_by(
        self, field: Field, leaders: Known, threshold: float, count: int
    ) -> float:
        """The threshold, or what some people who lead say it is at least."""
        scores = self._candidates(field, leaders).with_genres
        return self._lowest(threshold, scores, count)

    def _lowest(self, threshold: float, scores: Floats, count: int | None) -> float:
        """The larger of a threshold and the count-th largest S, but for rounding."""
        if count is None or len(scores) < count:
            return threshold
        kept = float(np.partition(scores, len(scores) - count)[-count])
        slack = _FLOAT_SLACK * (abs(kept) + self._most_room)
        return max(threshold, (kept - slack) * self.query.closeness)

    def _narrowed(
        self, candidates: Candidates, threshold: float, count: int | None
    ) -> tuple[Candidates, float]:
        """Those who still may reach the threshold once all but rounding is known."""
        candidates = candidates.only(self._may(candidates, threshold))
        if count is not None and len(candidates) > _MANY_LISTS * count:
            known = candidates.with_directions
            bar = np.partition(known, len(known) - 2 * count)[-2 * count]
            scores = candidates.only(known >= bar).with_genres
            threshold = self._lowest(threshold, scores, count)
            candidates = candidates.only(self._may(candidates, threshold))
        threshold = self._lowest(threshold, candidates.with_genres, count)
        return candidates.only(
            candidates.with_genres >= self._floor(threshold)
        ), threshold

    def _may(self, candidates: Candidates, threshold: float) -> Bools:
        """Who may reach the threshold, whatever their genres."""
        most = candidates.closeness * np.float32(self._room.genres)
        most += candidates.with_directions
        return most >= self._floor(threshold)

    @cached_property
    def _room(self) -> Room:
        """What vectors, audio and genres can add to s(u, v) at most: together ρ."""
        steps = self.query.directions
        return Room(
            _LENGTH_SLACK * RELATED_SHARE * bool(steps[:DIMENSIONS].any()),
            _LENGTH_SLACK * AUDIO_SHARE * bool(steps[DIMENSIONS:].any()),
            GENRE_SHARE * (self.query.genre_scale > 0),
        )

    @cached_property
    def _most_room(self) -> float:
        return self._room.whole * self.view.index.outlook.largest

    def _floor(self, threshold: float) -> np.float32:
        """A threshold of S without c_u, rounding allowed for."""
        scaled = threshold / self.query.closeness
        slack = _FLOAT_SLACK * (abs(scaled) + self._most_room)
        return np.float32(scaled - slack)


def _columns(found: list[tuple[Whole, Doubles]]) -> tuple[Whole, Doubles]:
    ids = [np.empty(0, np.int64), *(ids for ids, _ in found)]
    values = [np.empty(0), *(values for _, values in found)]
    return np.concatenate(ids), np.concatenate(values)


_Numbers = TypeVar("_Numbers", Floats, Doubles)


def _only(values: _Numbers, mask: Bools | None) -> _Numbers:
    return values if mask is None else np.where(mask, values, NOBODY)


def _lowest_of(similarity: Doubles, count: int) -> float:
    """The count-th largest S, so that only so many have to be put in order."""
    if len(similarity) <= count:
        return -np.inf
    return float(np.partition(similarity, len(similarity) - count)[-count])
