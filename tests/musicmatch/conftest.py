"""The whole site, started and always stopped."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.processes import Up, until


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[[int], Up]]:
    started: list[Up] = []

    def start_up(demo_people: int) -> Up:
        started.append(Up(tmp_path, demo_people))
        return started[-1]

    yield start_up
    for up in started:
        up.process.kill()
        up.process.wait()
    assert until(lambda: not any(up.processes() for up in started))
