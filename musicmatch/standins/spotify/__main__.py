"""Run the stand-in on its own: ``python -m musicmatch.standins.spotify --port 8090``.

It stops on SIGTERM and on Ctrl-C, and says nothing unless the port is 0 or taken.
"""

import sys
from collections.abc import Sequence

from musicmatch.standins.command import parser_of, serve
from musicmatch.standins.spotify.server import SpotifyStandin
from musicmatch.standins.spotify.world import DEFAULT_REDIRECT


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until told to stop; the exit status is 1 when the port is taken."""
    parser = parser_of(
        "musicmatch.standins.spotify",
        "A pretend Spotify on 127.0.0.1, for development only.",
    )
    parser.add_argument(
        "--redirect",
        action="append",
        metavar="URI",
        help="an address the app may return to; may be given several times",
    )
    parser.add_argument(
        "--mode", choices=("development", "extended"), default="development"
    )
    options = parser.parse_args(arguments)
    redirects = options.redirect or [DEFAULT_REDIRECT]
    standin = SpotifyStandin(
        mode=options.mode, redirects=redirects, latency=options.latency
    )
    return serve(standin, options.port)


if __name__ == "__main__":
    sys.exit(main())
