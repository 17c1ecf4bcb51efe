"""The commands of the processes, as ``Procfile`` names them."""

import shlex
from pathlib import Path

from musicmatch.stack.options import BASE_DIR


def commands(path: Path = BASE_DIR / "Procfile") -> dict[str, tuple[str, ...]]:
    """Return the command of each process, in the order of the file."""
    lines = path.read_text(encoding="utf-8").splitlines()
    pairs = (line.split(":", 1) for line in lines if line.strip())
    return {name.strip(): tuple(shlex.split(command)) for name, command in pairs}
