"""The data folder belongs to one running site at a time."""

import os
import sys
from pathlib import Path
from typing import IO

from musicmatch.supervisor.errors import SupervisorError


def claim(data_dir: Path) -> IO[str]:
    """Hold the data folder for as long as the returned file stays open.

    The lock ends with the process, however it ends.

    Raises:
        SupervisorError: another site runs on this folder.
    """
    data_dir.mkdir(parents=True, exist_ok=True)
    file = (data_dir / "up.lock").open("a+", encoding="ascii")
    if sys.platform == "win32" or _lock(file):
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        return file
    file.seek(0)
    owner = file.read().strip() or "unknown"
    file.close()
    raise SupervisorError(
        f"Musicmatch already runs on {data_dir} (process {owner})."
        " Stop it first, or choose another DATA_DIR."
    )


def _lock(file: IO[str]) -> bool:
    import fcntl

    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
