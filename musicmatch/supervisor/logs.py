"""The children's log files: kept short, and read for what a person should see."""

import re
from collections.abc import Iterator
from pathlib import Path

KEPT_BYTES = 1_000_000
_WORTH_SHOWING = re.compile(r"\b(WARNING|ERROR|CRITICAL)\b")


def trim(path: Path, keep: int = KEPT_BYTES) -> None:
    """Cut a log file to its last whole lines of at most ``keep`` bytes."""
    if not path.exists() or path.stat().st_size <= keep:
        return
    with path.open("rb") as file:
        file.seek(-keep, 2)
        file.readline()
        tail = file.read()
    path.write_bytes(tail)


def last_lines(path: Path, count: int) -> list[str]:
    if not path.exists():
        return []
    return path.read_text(encoding="utf-8", errors="replace").splitlines()[-count:]


class LogReader:
    """Follows a log file from its present end and yields warnings and errors."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._position = path.stat().st_size if path.exists() else 0

    def new_warnings(self) -> Iterator[str]:
        """Yield the whole lines added since the last call that warn of something."""
        if not self.path.exists() or self.path.stat().st_size <= self._position:
            return
        with self.path.open("rb") as file:
            file.seek(self._position)
            added = file.read()
        whole = added[: added.rfind(b"\n") + 1]
        self._position += len(whole)
        for line in whole.decode(errors="replace").splitlines():
            if _WORTH_SHOWING.search(line):
                yield line.strip()
