"""Doing several things at one moment, each with a connection of its own."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from django.db import close_old_connections, connections


def in_threads(*work: Callable[[], Any]) -> list[Any]:
    """Begin everything at one moment; return what each gave."""
    barrier = threading.Barrier(len(work))

    def begin(one: Callable[[], Any]) -> Any:
        close_old_connections()
        barrier.wait(10)
        try:
            return one()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(work)) as pool:
        return [f.result(30) for f in [pool.submit(begin, one) for one in work]]
