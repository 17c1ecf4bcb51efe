"""What somebody listened to lately: a diary that only grows, the same after a restart.

Time is cut into slots of ``Rhythm.gap_minutes``. Whether a slot was used, on what
and at which millisecond is drawn from its number, so yesterday never changes and
new listens appear as the clock moves.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from musicmatch.standins.spotify.draws import draw
from musicmatch.standins.spotify.listeners import Listener, Rhythm
from musicmatch.standins.spotify.records import Track

RECENT_CEILING = 50
_SLOTS_LOOKED_AT = 1000


@dataclass(frozen=True, slots=True)
class Listen:
    """One listen; ``at_ms`` is Unix milliseconds, ``track`` None for a local file."""

    at_ms: int
    track: Track | None
    has_context: bool


def recent_listens(listener: Listener, *, now: float) -> tuple[Listen, ...]:
    """The last listens up to ``now`` (Unix seconds), newest first, 50 at most."""
    tracks = listener.top_tracks["short_term"]
    if listener.rhythm is None or not tracks:
        return ()
    diary = _diary(listener.key, listener.rhythm, tracks, now_ms=int(now * 1000))
    return tuple(islice(diary, RECENT_CEILING))


def _diary(
    key: str, rhythm: Rhythm, tracks: tuple[Track, ...], *, now_ms: int
) -> Iterator[Listen]:
    gap_ms = rhythm.gap_minutes * 60_000
    latest = now_ms // gap_ms
    for slot in range(latest, latest - _SLOTS_LOOKED_AT, -1):
        at_ms = slot * gap_ms + int(draw(key, slot, "moment") * gap_ms * 0.9)
        if at_ms > now_ms or draw(key, slot) >= rhythm.chance:
            continue
        track = tracks[int(len(tracks) * draw(key, slot, "track") ** 2)]
        has_context = draw(key, slot, "context") < 0.6
        is_local = rhythm.oddities and slot % 7 == 0
        yield Listen(at_ms, None if is_local else track, has_context)
        if rhythm.oddities and slot % 5 == 0:
            yield Listen(at_ms, track, has_context)
