"""Limits on what a person may do."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from accounts import throttle
from accounts.throttle import Limit, OverLimit
from tests.conftest import NOW

TWICE = Limit("test", 2, 60, "Twice a minute.")


def at(seconds: int) -> None:
    throttle.spend(TWICE, "ada", now=NOW + timedelta(seconds=seconds))


def test_a_limit_is_free_until_it_is_used_up() -> None:
    assert throttle.until(TWICE, "ada", now=NOW) is None
    at(0)
    assert throttle.until(TWICE, "ada", now=NOW) is None
    at(10)
    ends = NOW + timedelta(seconds=60)
    assert throttle.until(TWICE, "ada", now=NOW + timedelta(seconds=10)) == ends
    with pytest.raises(OverLimit) as caught:
        at(20)
    assert caught.value.until == ends
    assert str(caught.value) == "Twice a minute."


def test_the_window_slides() -> None:
    at(0)
    at(10)
    at(60)
    with pytest.raises(OverLimit) as caught:
        at(69)
    assert caught.value.until == NOW + timedelta(seconds=70)
    at(70)


def test_a_refusal_costs_nothing() -> None:
    at(0)
    at(0)
    for _ in range(5):
        with pytest.raises(OverLimit):
            at(30)
    at(60)


def test_people_and_actions_have_limits_of_their_own() -> None:
    at(0)
    at(0)
    throttle.spend(TWICE, "ben", now=NOW)
    other = Limit("other", 1, 60, "Once a minute.")
    throttle.spend(other, "ada", now=NOW)
    with pytest.raises(OverLimit):
        throttle.spend(other, "ada", now=NOW)


def test_a_double_click_counts_twice() -> None:
    limit = Limit("clicks", 3, 60, "Three a minute.")

    def click(_: int) -> bool:
        try:
            throttle.spend(limit, "ada", now=NOW)
        except OverLimit:
            return False
        return True

    with ThreadPoolExecutor(16) as pool:
        assert sum(pool.map(click, range(48))) == 3
