"""The measures on rankings small enough to count by hand."""

from math import log2
from pathlib import Path

import numpy as np
import pytest

from matching.evaluation import MEASURES, Dataset, Spread, judge, read_dataset
from matching.evaluation.measures import Ranking

EVERYONE = np.arange(6)


def ranking(*scores: float, person: int = 0) -> Ranking:
    return Ranking.of(person, np.array(scores, float), EVERYONE)


def measured(found: Ranking, *friends: int) -> dict[str, float]:
    values = found.measures(np.array(friends), found.head(100))
    return dict(zip(MEASURES, values, strict=False))


def test_measures_of_one_person() -> None:
    found = measured(ranking(9, 0.9, 0.5, 0.4, 0.2, 0), 2, 5)
    # The friends are second and fifth; three others: .9, .4 and .2.
    assert found["auc"] == pytest.approx((2 / 3 + 0) / 2)
    assert found["mrr"] == 1 / 2
    assert found["recall@10"] == found["recall@50"] == found["recall@100"] == 1
    gain = (1 / log2(3) + 1 / log2(6)) / (1 + 1 / log2(3))
    assert found["ndcg@50"] == pytest.approx(gain)


def test_equals_count_half_and_come_by_chance() -> None:
    found = ranking(9, 0.9, 0.5, 0.5, 0.5, 0)
    assert found.auc(np.array([2])) == pytest.approx((1 / 2 + 1 / 2 + 1) / 4)
    others = np.arange(40)
    alike = [Ranking.of(person, np.ones(40), others) for person in range(40)]
    assert len({tuple(found.head(3).tolist()) for found in alike}) > 30
    for found in alike:
        assert found.first_rank(found.head(1)) == 1
        assert found.first_rank(found.head(9)[6:7]) == 7


def test_recall_counts_what_is_in_the_list() -> None:
    others = np.arange(200)
    found = Ranking.of(199, -others.astype(float), others)
    friends = np.array([9, 10, 49, 150])
    recalls = found.measures(friends, found.head(100))[2:5]
    assert recalls == [1 / 4, 3 / 4, 3 / 4]


def test_oneself_is_never_listed_nor_counted() -> None:
    found = ranking(1, 2, 99, 3, 4, 5, person=2)
    assert found.head(8).tolist() == [5, 4, 3, 1, 0, -1, -1, -1]
    assert found.auc(np.array([0, 1, 3, 4, 5])) == 1


def test_spread_of_lists() -> None:
    spread = Spread(np.array([[0, 1], [0, 2], [0, -1]]), 4)
    figures = spread.figures()
    # Listed 3, 1, 1 and 0 times.
    assert figures["nobody_top50"] == 1 / 4
    assert figures["most_listed"] == 1
    assert figures["skew"] == pytest.approx(0.84375 / 1.1875**1.5)
    assert Spread(np.array([[1], [0]]), 2).figures()["skew"] == 0


@pytest.fixture
def data(tmp_path: Path) -> Dataset:
    rows = "".join(f"{user},{user % 3},1\n" for user in range(30))
    (tmp_path / "user_artists.csv").write_text("user,artist,rank\n" + rows)
    ties = "".join(f"{user},{user + 1}\n" for user in range(0, 24, 2))
    (tmp_path / "friends.csv").write_text("user_a,user_b\n" + ties)
    (tmp_path / "some_users.csv").write_text(
        "user\n" + "".join(f"{user}\n" for user in range(28))
    )
    return read_dataset(tmp_path)


def nearest(data: Dataset) -> np.ndarray:
    everyone = np.arange(len(data))
    return -np.abs(everyone[:, None] - everyone - 0.1)


def test_everyone_is_judged_once(data: Dataset) -> None:
    gaps = nearest(data)
    outcome = judge(lambda people: gaps[people], data, seed=1, most=100)
    assert outcome.each.shape == (24, 6)
    assert outcome.spread.lists.shape == (30, 50)
    assert outcome.candidate_spread.lists.shape == (24, 50)
    figures = outcome.figures()
    assert list(figures) == list(MEASURES)
    # The friend of an even number comes first; of an odd one second, but for 1: first.
    assert figures["mrr"] == pytest.approx((12 + 1 + 11 / 2) / 24)
    assert figures["nobody_top50"] == 0
    assert outcome.candidate_spread.lists.max() == 27


def test_of_many_people_some_are_drawn(data: Dataset) -> None:
    gaps = nearest(data)
    seen: list[int] = []

    def scorer(people: np.ndarray) -> np.ndarray:
        seen.extend(people.tolist())
        return gaps[people]

    outcome = judge(scorer, data, seed=1, most=5)
    assert len(outcome.each) == len(outcome.spread.lists) == 5
    assert len(seen) == len(set(seen)) <= 10
    again = judge(lambda people: gaps[people], data, seed=1, most=5)
    assert np.array_equal(outcome.each, again.each)


def test_intervals_lie_around_the_figures(data: Dataset) -> None:
    gaps = nearest(data)
    outcome = judge(lambda people: gaps[people], data, seed=1, most=100)
    intervals = outcome.intervals(resamples=50, seed=3)
    for name, figure in outcome.figures().items():
        low, high = intervals[name]
        assert low - 1e-9 <= figure <= high + 1e-9
    assert intervals["mrr"][0] < intervals["mrr"][1]
    assert intervals == outcome.intervals(resamples=50, seed=3)
