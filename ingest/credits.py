"""Who is thanked where something is shown that others said of the music."""

from collections.abc import Iterable
from dataclasses import dataclass

from ingest.models import Source
from ingest.sources import musicbrainz, reccobeats
from ingest.sources.base import Credit

_SPOTIFY = Credit("Open Spotify", "https://open.spotify.com/")
# Services that are asked about music, and are nobody's source.
_SERVICES = {
    "musicbrainz": musicbrainz.CREDIT,
    "reccobeats": reccobeats.CREDIT,
}
# What was kept before it was kept from whom.
_EARLIER = "earlier imports"


@dataclass(frozen=True, slots=True)
class Thanked:
    """A source or service by its name, and the credit it is owed, if any."""

    label: str
    credit: Credit | None = None


def thanked(key: str) -> Thanked:
    """Return who is behind a key that is kept beside genres and sound."""
    if not key:
        return Thanked(_EARLIER)
    if key in _SERVICES:
        return Thanked(_SERVICES[key].text, _SERVICES[key])
    source = Source(key)
    is_spotify = source == Source.SPOTIFY
    return Thanked(source.label, _SPOTIFY if is_spotify else source.door.credit)


def all_thanked(keys: Iterable[str]) -> list[Thanked]:
    """Return everyone behind these keys, each once, sources before services."""
    order = [*Source, *_SERVICES, ""]
    return [thanked(key) for key in sorted(set(keys), key=order.index)]
