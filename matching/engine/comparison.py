"""One person compared with everyone: exact answers, most of them without asking all.

The artists' part of s(u, v) is known of everyone after one pass over the lists of the
viewer's artists. What is left has a bound: with ρ = 0.10 · 1.07 + 0.02 · 1.07 + 0.03

    S(u, v) ≤ (artists(u, v) + ρ) · c_u · c_v,      c = 1/√r

since z, g and a have length one, and rounding to 1/127 makes no length of up to 64
numbers greater than 1 + √64 / 254 < √1.07. Someone whose bound stays under the S of
`count` other people is not among the closest `count`, and the rest of their S is never
computed. Who is left is scored in float64 from the whole numbers, as a receipt is.
"""

from collections.abc import Iterable
from copy import copy
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TypeVar

import numpy as np

from matching.engine.arrays import Bools, Counts, Doubles, Floats, Whole
from matching.engine.candidates import Candidates
from matching.engine.constants import (
    AUDIO_SHARE,
    DIMENSIONS,
    GENRE_SHARE,
    RELATED_SHARE,
    SCAN_ALL_UP_TO,
)
from matching.engine.group import NOBODY, Group
from matching.engine.hashing import mixed
from matching.engine.index import View
from matching.engine.query import Query, Scaled
from matching.engine.ragged import find
from matching.engine.wanted import EVERYONE, Wanted

_LENGTH_SLACK = 1.07
# Float32 sums of up to 150 terms and a few products: (150 + 8) · 2^-24 < 1e-5.
_FLOAT_SLACK = 2e-5
# Above this share of people the first directions of all are worth knowing.
_MANY = 0.08
# Among fewer people knowing them costs less than finding out whether it is needed.
_HEADS_UP_TO = 200_000
# Above this share of people the exact S of everyone costs less than that of some.
_NEARLY_ALL = 0.3
# People named one by one are scored by their rows, where they are one in so many.
_FEW = 20
_BLOCK = 64


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


_Masked = list[tuple[Group, Bools | None]]


@dataclass(frozen=True, slots=True)
class _Picks:
    """What is known of the people of some groups, to pick candidates by.

    values are those of all rows of a group, or of some: then rows names them.
    """

    query: Query
    groups: list[Group]
    values: list[Floats]
    heads_are_known: bool
    rows: list[Whole] | None = None

    def at(self, places: list[Whole]) -> Candidates:
        """Pick by places among the values of each group."""
        rows = places
        if self.rows is not None:
            rows = [of[at] for of, at in zip(self.rows, places, strict=True)]
        return Candidates.of(
            self.query,
            self.groups,
            rows,
            [of[at] for of, at in zip(self.values, places, strict=True)],
            heads_are_known=self.heads_are_known,
        )

    def leading(self, count: int) -> Candidates:
        """So many with the highest values, or more; of many alike some."""
        bar = max(_bar(self.values, count), np.finfo(np.float32).min)
        return self.at([np.flatnonzero(part >= bar)[:count] for part in self.values])


class Comparison:
    """A viewer, and everyone visible but the viewer and `unknown` people.

    Raises UnknownPerson when the viewer is not in the view.
    """

    def __init__(self, view: View, viewer_id: int, unknown: Iterable[int] = ()) -> None:
        people, row = view.locate(viewer_id)
        self.view = view
        self.query = Query.of(people, row, view.statistics)
        gone = np.unique(np.fromiter([viewer_id, *unknown], np.int64))
        self._groups = [
            Group(
                self.query,
                of.scaled,
                of.segment,
                _joined(of.hidden, of.scaled, gone),
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
        for group, mask in zip(self._groups, masks, strict=True):
            if group.is_exact:
                exact = _only(group.exact, mask)
                at = np.flatnonzero(exact >= threshold)
                found.append((group.person_ids[at], exact[at]))
            else:
                open_.append((group, mask))
        picks, rows, threshold = self._may_reach(open_, threshold, count)
        if sum(map(len, rows)) > _NEARLY_ALL * self.total:
            self._scan_all()
            return self._reaching(threshold, masks, count)
        kept, threshold = self._narrowed(picks.at(rows), threshold, count)
        ids, exact = kept.exact()
        reaches = exact >= threshold
        found.append((ids[reaches], exact[reaches]))
        return _columns(found)

    def _may_reach(
        self, groups: _Masked, threshold: float, count: int | None
    ) -> tuple["_Picks", list[Whole], float]:
        """Who may reach the threshold, by artists and first directions.

        The first directions of all are asked for only where artists leave too many.
        """
        if self.total <= _HEADS_UP_TO:
            return self._by_heads(groups, threshold, count)
        near = [_only(group.near, mask) for group, mask in groups]
        picks = _Picks(self.query, [group for group, _ in groups], near, False)
        threshold = self._raised(threshold, picks, count)
        floor, room = self._floor(threshold), np.float32(self._room)
        rows, many = [], _MANY * self.total
        for (group, _), part in zip(groups, near, strict=True):
            rows.append(np.flatnonzero(part + room * group.closeness >= floor))
            many -= len(rows[-1])
            if many < 0:
                return self._by_heads(groups, threshold, count)
        return picks, rows, threshold

    def _by_heads(
        self, groups: _Masked, threshold: float, count: int | None
    ) -> tuple["_Picks", list[Whole], float]:
        """The same, with the first directions of everyone.

        Of each group only those are kept who may reach the threshold, if there is one.
        """
        rows: list[Whole] | None = [] if threshold > 0 else None
        known, most = [], []
        floor, left = self._floor(threshold), self._room - self._room_of_vectors
        for group, mask in groups:
            some, all_ = (_only(part, mask) for part in group.with_heads(left))
            if rows is not None:
                rows.append(np.flatnonzero(all_ >= floor))
                some, all_ = some[rows[-1]], all_[rows[-1]]
            known.append(some)
            most.append(all_)
        picks = _Picks(self.query, [g for g, _ in groups], known, True, rows)
        threshold = self._raised(threshold, picks, count)
        floor = self._floor(threshold)
        return picks, [np.flatnonzero(part >= floor) for part in most], threshold

    def _raised(self, threshold: float, picks: "_Picks", count: int | None) -> float:
        """Score those who lead by these values: the count-th of them sets a bar."""
        if count is None:
            return threshold
        leading = picks.leading(2 * count)
        # Genres raise the bar little; what they cost pays at the last bar only.
        is_last = picks.heads_are_known
        scores = leading.with_genres if is_last else leading.with_directions
        return self._lowest(threshold, scores, count)

    def _lowest(self, threshold: float, scores: Floats, count: int | None) -> float:
        """The larger of a threshold and the count-th largest S, but for rounding."""
        if count is None or len(scores) < count:
            return threshold
        kept = float(np.partition(scores, len(scores) - count)[-count])
        slack = _FLOAT_SLACK * (abs(kept) + self._room * self._widest)
        return max(threshold, (kept - slack) * self.query.closeness)

    def _narrowed(
        self, candidates: Candidates, threshold: float, count: int | None
    ) -> tuple[Candidates, float]:
        """Those who still may reach the threshold once all but rounding is known."""
        known = candidates.with_directions
        if count is not None and len(known) > 40 * count:
            bar = np.partition(known, len(known) - 2 * count)[-2 * count]
            leading = candidates.only(known >= bar).with_genres
            threshold = self._lowest(threshold, leading, count)
        genres = np.float32(self._room_of_genres)
        may = known + genres * candidates.closeness >= self._floor(threshold)
        candidates = candidates.only(may)
        threshold = self._lowest(threshold, candidates.with_genres, count)
        return candidates.only(
            candidates.with_genres >= self._floor(threshold)
        ), threshold

    @cached_property
    def _room_of_vectors(self) -> float:
        has_vector = self.query.directions[:DIMENSIONS].any()
        return _LENGTH_SLACK * RELATED_SHARE * bool(has_vector)

    @cached_property
    def _room_of_genres(self) -> float:
        return GENRE_SHARE * (self.query.genre_scale > 0)

    @cached_property
    def _room(self) -> float:
        """What vectors, audio and genres can add to s(u, v) at most, ρ."""
        has_audio = self.query.directions[DIMENSIONS:].any()
        audio = _LENGTH_SLACK * AUDIO_SHARE * bool(has_audio)
        return self._room_of_vectors + audio + self._room_of_genres

    @cached_property
    def _widest(self) -> float:
        """The largest closeness of anyone."""
        return max(float(group.closeness.max(initial=0)) for group in self._groups)

    def _floor(self, threshold: float) -> np.float32:
        """A threshold of S without c_u, rounding allowed for."""
        scaled = threshold / self.query.closeness
        slack = _FLOAT_SLACK * (abs(scaled) + self._room * self._widest)
        return np.float32(scaled - slack)


def _joined(hidden: Whole, people: Scaled, gone: Whole) -> Whole:
    at, known = find(people.rows.person_ids, gone)
    if not known.any():
        return hidden
    return np.union1d(hidden, at[known])


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


def _bar(near: list[Floats], count: int) -> np.float32:
    """A value that at least `count` numbers reach, close to the count-th largest.

    The largest of each of many disjoint blocks are compared, not all of them.
    """
    maxima = [np.empty(0, np.float32)]
    for part in near:
        whole = len(part) - len(part) % _BLOCK
        maxima.append(part[:whole].reshape(_BLOCK, -1).max(axis=0, initial=NOBODY))
        maxima.append(part[whole:])
    every = np.concatenate(maxima)
    if len(every) < count:
        return NOBODY
    return np.float32(np.partition(every, len(every) - count)[-count])
