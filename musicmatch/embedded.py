"""Where the embedded queue of a laptop listens, so that every process finds it."""

import hashlib
import socket
import tempfile
from pathlib import Path

# The kernel limits the path of a unix socket to about 108 bytes.
_LONGEST_SOCKET_PATH = 100


def socket_path(data_dir: Path) -> Path:
    """Return the path of the embedded Valkey's unix socket for a data folder."""
    path = data_dir.resolve() / "queue" / "valkey.sock"
    if len(str(path).encode()) <= _LONGEST_SOCKET_PATH:
        return path
    digest = hashlib.sha256(str(data_dir.resolve()).encode()).hexdigest()[:12]
    return Path(tempfile.gettempdir()) / f"musicmatch-{digest}" / "valkey.sock"


def socket_url(data_dir: Path) -> str:
    """Return the address of the embedded Valkey, or "" while it is not running."""
    path = socket_path(data_dir)
    return f"unix://{path}" if path.exists() and _answers(path) else ""


def _answers(path: Path) -> bool:
    """Tell a server from the file that a crashed one left."""
    with socket.socket(socket.AF_UNIX) as connection:
        try:
            connection.connect(str(path))
        except OSError:
            return False
    return True
