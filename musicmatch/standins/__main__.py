"""Run all stand-ins but Spotify's: ``python -m musicmatch.standins --port 8002``.

It stops on SIGTERM and on Ctrl-C, and says nothing unless the port is 0 or taken.
"""

import sys
from collections.abc import Sequence

from musicmatch.standins.command import parser_of, serve
from musicmatch.standins.together import Together


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until told to stop; the exit status is 1 when the port is taken."""
    parser = parser_of(
        "musicmatch.standins",
        "A pretend ListenBrainz, Last.fm, MusicBrainz and ReccoBeats on one port of"
        " 127.0.0.1, for development only.",
    )
    options = parser.parse_args(arguments)
    return serve(Together(latency=options.latency), options.port)


if __name__ == "__main__":
    sys.exit(main())
