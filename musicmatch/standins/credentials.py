"""The keys that open the stand-ins, and nothing real.

A module of its own: the supervisor reads them without loading any server.
"""

SPOTIFY_CLIENT_ID = "standin00fictional00client00id00"
SPOTIFY_CLIENT_SECRET = "standin00fictional00client00pass"  # noqa: S105
LASTFM_API_KEY = "standin0fictional0lastfm0key0000"
LASTFM_SECRET = "standin0fictional0lastfm0secret0"  # noqa: S105
