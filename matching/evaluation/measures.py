"""How early friends come in a ranking, and whom rankings leave out."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

import numpy as np

from matching.engine.arrays import Doubles, Whole
from matching.engine.hashing import mixed
from matching.evaluation.dataset import Dataset
from matching.evaluation.methods import Scorer

DEPTHS = (10, 50, 100)
LISTED = 50
OF_PEOPLE = (
    "auc",
    "mrr",
    *(f"recall@{depth}" for depth in DEPTHS),
    f"ndcg@{LISTED}",
)
OF_LISTS = (f"nobody_top{LISTED}", "most_listed", "skew")
MEASURES = OF_PEOPLE + OF_LISTS
_DISCOUNTS = 1.0 / np.log2(np.arange(2, LISTED + 2))
# Cells of people × everyone scored at once.
_MOST_CELLS = 8_000_000
# Stands where a list is shorter than it may be.
_NOBODY = -1

Figures = dict[str, float]
Interval = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Ranking:
    """The scores one person gives to those who may be listed, oneself among them.

    scores   float64[n], oneself at −inf; equals come in the order of the site's boards
    ordered  float64[n], the scores ascending
    others   int64[n], numbers of the people, ascending
    """

    person: int
    scores: Doubles
    ordered: Doubles
    others: Whole

    @classmethod
    def of(cls, person: int, scores: Doubles, others: Whole) -> Self:
        scores = scores[others]
        scores[np.searchsorted(others, person)] = -np.inf
        return cls(person, scores, np.sort(scores), others)

    def head(self, depth: int) -> Whole:
        """Places of the first so many: int64[depth], −1 where there are no more."""
        result = np.full(depth, _NOBODY)
        count = min(depth, len(self.others) - 1)
        if count:
            able = np.flatnonzero(self.scores >= self.ordered[-count])
            order = np.lexsort((self._breaks(able), -self.scores[able]))
            result[:count] = able[order][:count]
        return result

    def auc(self, friends: Whole) -> float:
        """Share of pairs of a friend and another in the right order, equals half.

        friends are places; 1 where everyone is a friend.
        """
        found = np.sort(self.scores[friends])
        # Oneself and the friends stand among those who are passed.
        others = len(self.others) - 1 - len(friends)
        if not others:
            return 1.0
        passed = _passed(self.ordered, found) - 1 - _passed(found, found)
        return float(passed.mean() / others)

    def first_rank(self, friends: Whole) -> int:
        """Rank of the friend who comes first."""
        best = self.scores[friends].max()
        before = len(self.ordered) - int(np.searchsorted(self.ordered, best, "right"))
        equal = np.flatnonzero(self.scores == best)
        breaks = self._breaks(equal)
        earlier = breaks < breaks[np.isin(equal, friends)].min()
        return before + int(earlier.sum()) + 1

    def measures(self, friends: Whole, head: Whole) -> list[float]:
        """OF_PEOPLE for one person; head holds the first 100."""
        hits = np.isin(head, friends)
        recalls = [float(hits[:depth].sum() / len(friends)) for depth in DEPTHS]
        gain = (_DISCOUNTS * hits[:LISTED]).sum() / _DISCOUNTS[: len(friends)].sum()
        reciprocal = 1.0 / self.first_rank(friends)
        return [self.auc(friends), reciprocal, *recalls, float(gain)]

    def _breaks(self, places: Whole) -> np.ndarray:
        return mixed(self.person, self.others[places])


def _passed(ordered: Doubles, values: Doubles) -> Doubles:
    """How many each value is above, equals half."""
    below = np.searchsorted(ordered, values, "left")
    return (below + np.searchsorted(ordered, values, "right")) / 2


@dataclass(frozen=True, slots=True)
class Spread:
    """Lists of the first 50, int64[l, 50], as places among so many people."""

    lists: Whole
    people: int

    def figures(self, weights: Doubles | None = None) -> Figures:
        """OF_LISTS, each list counted this often (None: once)."""
        weights = np.ones(len(self.lists)) if weights is None else weights
        often = np.repeat(weights, self.lists.shape[1])
        # One place further, so that nobody is at 0.
        counts = np.bincount(self.lists.ravel() + 1, often, self.people + 1)[1:]
        values = (counts == 0).mean(), counts.max() / weights.sum(), _skew(counts)
        return dict(zip(OF_LISTS, map(float, values), strict=True))


def _skew(counts: np.ndarray) -> float:
    """Third standardised moment; 0 where everyone is listed equally often."""
    gaps = counts - counts.mean()
    variance = np.square(gaps).mean()
    return float((gaps**3).mean() / variance**1.5) if variance > 0 else 0.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one method did.

    each              float64[q, 6], OF_PEOPLE by person asked
    spread            the lists everybody would see, with everyone in them
    candidate_spread  the lists of the people asked, with candidates only
    """

    each: Doubles
    spread: Spread
    candidate_spread: Spread

    def figures(self) -> Figures:
        """The nine measures by name."""
        means = dict(zip(OF_PEOPLE, self.each.mean(axis=0).tolist(), strict=True))
        return means | self.spread.figures()

    def intervals(self, *, resamples: int, seed: int) -> dict[str, Interval]:
        """Bootstrap the middle 95 % of each measure over the people.

        A resample lacks a third of the lists, which leaves more people in nobody's:
        intervals of OF_LISTS are moved to lie around the figure. Needs one resample.
        """
        generator = np.random.default_rng(seed)
        means, spreads = [], []
        for _ in range(resamples):
            asked = _drawn(generator, len(self.each))
            means.append((asked @ self.each / len(self.each)).tolist())
            owners = _drawn(generator, len(self.spread.lists))
            spreads.append(list(self.spread.figures(owners).values()))
        around = np.array(list(self.spread.figures().values()))
        moved = np.array(spreads) + around - np.mean(spreads, axis=0)
        bounded = np.column_stack([np.clip(moved[:, :2], 0.0, 1.0), moved[:, 2]])
        values = np.column_stack([np.array(means), bounded])
        low, high = np.percentile(values, (2.5, 97.5), axis=0).tolist()
        return dict(zip(MEASURES, zip(low, high, strict=True), strict=True))


def _drawn(generator: np.random.Generator, people: int) -> Doubles:
    """How often each person is in a resample: float64[people]."""
    chosen = generator.integers(0, people, people)
    return np.bincount(chosen, minlength=people).astype(np.float64)


def judge(scorer: Scorer, data: Dataset, *, seed: int, most: int) -> Outcome:
    """Rank everyone for everyone, and see where the friends of those asked stand.

    With more people than `most`, so many are drawn: of those asked, and of everyone.
    """
    asked, owners = _draw(data, seed, most)
    people = np.union1d(asked, owners)
    is_asked, is_owner = np.isin(people, asked), np.isin(people, owners)
    each = np.empty((len(asked), len(OF_PEOPLE)))
    near = np.empty((len(asked), LISTED), np.int64)
    lists = np.empty((len(owners), LISTED), np.int64)
    at, owner_at = np.cumsum(is_asked) - 1, np.cumsum(is_owner) - 1
    everyone = np.arange(len(data))
    for row, scores in enumerate(_scored(scorer, people, len(data))):
        person = int(people[row])
        ranking = Ranking.of(person, scores, everyone)
        head = ranking.head(max(DEPTHS))
        if is_owner[row]:
            lists[owner_at[row]] = head[:LISTED]
        if is_asked[row]:
            if data.is_restricted:
                ranking = Ranking.of(person, scores, data.candidates)
                head = ranking.head(max(DEPTHS))
            friends = np.searchsorted(data.candidates, data.ties[person])
            each[at[row]] = ranking.measures(friends, head)
            near[at[row]] = head[:LISTED]
    return Outcome(each, Spread(lists, len(data)), Spread(near, len(data.candidates)))


def _draw(data: Dataset, seed: int, most: int) -> tuple[Whole, Whole]:
    """The people to ask for and those whose lists are looked at, ascending."""
    shuffled = np.random.default_rng(seed).permutation(len(data))
    asked = shuffled[np.isin(shuffled, data.asked)]
    return np.sort(asked[:most]), np.sort(shuffled[:most])


def _scored(scorer: Scorer, people: Whole, width: int) -> Iterator[Doubles]:
    """Everyone's scores for one person after the other, made in blocks."""
    block = max(1, _MOST_CELLS // width)
    for start in range(0, len(people), block):
        yield from scorer(people[start : start + block])
