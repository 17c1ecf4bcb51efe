"""Folders of counts: one for each group of processes that is alive.

The folder of a group is locked for as long as one of its processes lives, however it
ends: the kernel lets go of the lock. What nobody holds is what a dead group left.
"""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from socket import gethostname
from typing import IO

from django.core.files import locks

_LOCK = "lock"
# Open for as long as the process lives, and in the processes it forks.
_held: list[IO[bytes]] = []


@dataclass(frozen=True, slots=True)
class Group:
    """``process`` is what its processes are, ``name`` tells it from others."""

    folder: Path

    @property
    def process(self) -> str:
        return self.folder.name.partition("@")[0]

    @property
    def name(self) -> str:
        return self.folder.name.partition("@")[2]

    @property
    def files(self) -> list[str]:
        return sorted(map(str, self.folder.glob("*.db")))


def claim(root: Path, process: str) -> Group:
    """Take an empty folder for a new group; raises ``OSError`` where none can be made.

    It is named by the machine, and numbered where another group of it is alive, such as
    the one that is about to be replaced.
    """
    host, number = gethostname(), 1
    while True:
        name = f"{process}@{host}" + (f"-{number}" if number > 1 else "")
        folder = root / name
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = (folder / _LOCK).open("wb")
        if locks.lock(lock, locks.LOCK_EX | locks.LOCK_NB):
            break
        lock.close()
        number += 1
    _held.append(lock)
    for left in folder.glob("*.db"):
        left.unlink()
    _sweep(root)
    return Group(folder)


def groups(root: Path) -> Iterator[Group]:
    """Yield every group that is alive."""
    for folder in sorted(root.glob("*@*")):
        if _is_held(folder):
            yield Group(folder)


def _sweep(root: Path) -> None:
    """Remove what dead groups left: of containers that are no more, for instance."""
    for folder in root.glob("*@*"):
        if not _is_held(folder):
            shutil.rmtree(folder, ignore_errors=True)


def _is_held(folder: Path) -> bool:
    try:
        with (folder / _LOCK).open("rb") as file:
            return not locks.lock(file, locks.LOCK_SH | locks.LOCK_NB)
    except OSError:
        return False
