"""The command line that every stand-in shares."""

import argparse
import signal
import sys
import threading

from musicmatch.standins.server import LoopbackServer


def parser_of(module: str, description: str) -> argparse.ArgumentParser:
    """A parser for ``python -m module`` that knows ``--port`` and ``--latency``."""
    parser = argparse.ArgumentParser(
        prog=f"python -m {module}", description=description
    )
    parser.add_argument("--port", type=int, default=0, help="0 takes any free port")
    parser.add_argument(
        "--latency", type=float, default=0.0, help="seconds added to each API call"
    )
    return parser


def serve(server: LoopbackServer, port: int) -> int:
    """Serve until SIGTERM or Ctrl-C; the exit status is 1 when the port is taken.

    Says nothing unless the port is 0 or taken.
    """
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    try:
        server.start(port)
    except OSError as error:
        sys.stderr.write(f"Port {port} cannot be used: {error.strerror}\n")
        return 1
    if port == 0:
        sys.stdout.write(f"{server.origin}\n")
        sys.stdout.flush()
    stop.wait()
    server.stop()
    return 0
