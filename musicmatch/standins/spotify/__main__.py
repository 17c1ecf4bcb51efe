"""Run the stand-in on its own: ``python -m musicmatch.standins.spotify --port 8090``.

It stops on SIGTERM and on Ctrl-C, and says nothing unless the port is 0 or taken.
"""

import argparse
import signal
import sys
import threading
from collections.abc import Sequence

from musicmatch.standins.spotify.server import SpotifyStandin
from musicmatch.standins.spotify.world import DEFAULT_REDIRECT


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until told to stop; the exit status is 1 when the port is taken."""
    options = _parser().parse_args(arguments)
    redirects = options.redirect or [DEFAULT_REDIRECT]
    standin = SpotifyStandin(
        mode=options.mode, redirects=redirects, latency=options.latency
    )
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    try:
        standin.start(options.port)
    except OSError as error:
        sys.stderr.write(f"Port {options.port} cannot be used: {error.strerror}\n")
        return 1
    if options.port == 0:
        sys.stdout.write(f"{standin.accounts_url}\n")
        sys.stdout.flush()
    stop.wait()
    standin.stop()
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m musicmatch.standins.spotify",
        description="A pretend Spotify on 127.0.0.1, for development only.",
    )
    parser.add_argument("--port", type=int, default=0, help="0 takes any free port")
    parser.add_argument(
        "--redirect",
        action="append",
        metavar="URI",
        help="an address the app may return to; may be given several times",
    )
    parser.add_argument(
        "--mode", choices=("development", "extended"), default="development"
    )
    parser.add_argument(
        "--latency", type=float, default=0.0, help="seconds added to each API call"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
