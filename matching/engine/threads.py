"""Doing the same with parts of a community, one on each core at a time."""

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from matching.engine.constants import MOST_THREADS

_Part = TypeVar("_Part")
_Result = TypeVar("_Result")


def mapped(
    function: Callable[[_Part], _Result], parts: Sequence[_Part]
) -> Iterator[_Result]:
    """Results in the order of the parts; no more are held than there are threads."""
    threads = min(MOST_THREADS, os.cpu_count() or 1)
    with ThreadPoolExecutor(threads) as pool:
        for start in range(0, len(parts), threads):
            yield from pool.map(function, parts[start : start + threads])
