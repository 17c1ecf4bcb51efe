"""What somebody listened to lately, as far back as the service tells."""

from itertools import islice

from musicmatch.standins.diary import Listen, diary
from musicmatch.standins.spotify.listeners import Listener

RECENT_CEILING = 50
_SLOTS_LOOKED_AT = 1000


def recent_listens(listener: Listener, *, now: float) -> tuple[Listen, ...]:
    """The last listens up to ``now`` (Unix seconds), newest first, 50 at most."""
    if listener.rhythm is None:
        return ()
    now_ms = int(now * 1000)
    since_ms = now_ms - _SLOTS_LOOKED_AT * listener.rhythm.gap_minutes * 60_000
    listens = diary(listener, since_ms=since_ms, now_ms=now_ms)
    return tuple(islice(listens, RECENT_CEILING))
