import math
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from matching.engine import least_similarity, printed_score, score_of


def test_score_halves_the_distance_every_one_and_a_half() -> None:
    scores = score_of(np.array([-1.0, 0.0, 1.5, 3.0]))
    assert scores.tolist() == [0.0, 0.0, 50.0, 75.0]


def test_score_is_the_same_alone_and_among_many() -> None:
    values = np.random.default_rng(1).random(5_001) * 8
    together = score_of(values).tolist()
    assert together == [float(score_of(value)) for value in values.tolist()]


@given(st.floats(0, 30), st.floats(0, 30))
def test_closer_is_never_printed_lower(one: float, other: float) -> None:
    low, high = sorted((one, other))
    assert printed_score(low) <= printed_score(high)


@given(st.integers(1, 1_000), st.integers(0, 99))
def test_the_least_similarity_is_the_first_to_print_so_many_points(
    tenths: int, hundredths: int
) -> None:
    """Also for points between two tenths: those above are printed."""
    points = Decimal(tenths).scaleb(-1) - Decimal(hundredths).scaleb(-3)
    least = least_similarity(points)
    assert printed_score(least) >= points
    if points > 0:
        assert printed_score(math.nextafter(least, 0)) < points


@pytest.mark.parametrize(
    ("points", "least"), [("0", 0.0), ("-3", 0.0), ("100.1", math.inf)]
)
def test_points_everybody_or_nobody_has(points: str, least: float) -> None:
    assert least_similarity(Decimal(points)) == least
