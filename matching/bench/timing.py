"""Times that can be compared: one thread, in turns, the best of three."""

import gc
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from time import perf_counter

import numpy as np

from matching.engine.arrays import Doubles

ROUNDS = 3
# Prepares a query outside the time, and returns what is timed.
Subject = Callable[[int], Callable[[], object]]


def in_turns(
    subjects: Mapping[str, Subject], people: Sequence[int], *, rounds: int = ROUNDS
) -> dict[str, Doubles]:
    """Time every subject for every person; best of the rounds, in milliseconds.

    All of them answer one person's query before the next person comes: what the machine
    does meanwhile hits each of them alike. Returns float64[people] by subject.
    """
    best = {name: np.full(len(people), np.inf) for name in subjects}
    with _without_collector():
        for row, person_id in enumerate(people):
            calls = {name: subject(person_id) for name, subject in subjects.items()}
            for _ in range(rounds):
                for name, call in calls.items():
                    best[name][row] = min(best[name][row], milliseconds(call))
    return best


def milliseconds(call: Callable[[], object]) -> float:
    began = perf_counter()
    call()
    return 1000.0 * (perf_counter() - began)


@contextmanager
def _without_collector() -> Iterator[None]:
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
