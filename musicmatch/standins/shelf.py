"""The shelf of all stand-ins: every artist and track of the demo catalogue, with ids.

Names and titles come from the catalogue; every id, ISRC, date within the decade
and duration is made up here, the same on every machine.
"""

from dataclasses import dataclass
from functools import cache

from musicmatch.demo.catalogue import CatalogueArtist, load_catalogue
from musicmatch.standins.draws import base62, digest, draw

FIRST_DISCS = 1950
LATEST = 2026


@dataclass(frozen=True, slots=True)
class Track:
    """One track by one catalogue artist."""

    artist: CatalogueArtist
    title: str

    @property
    def spotify_id(self) -> str:
        return base62("track", self.artist.name, self.title)

    @property
    def album_id(self) -> str:
        return base62("album", self.artist.name, self.title)

    @property
    def isrc(self) -> str:
        """Twelve characters; ZZ is no country, so it is nobody's real code."""
        number = digest("isrc", self.artist.name, self.title)
        return f"ZZSTI{self.year % 100:02d}{number % 100_000:05d}"

    @property
    def year(self) -> int:
        """The year of the recording: composers are heard on later discs."""
        era = max(self.artist.era, FIRST_DISCS)
        return era + digest("year", self.title) % max(1, min(10, LATEST - era))

    @property
    def release_date(self) -> tuple[str, str]:
        """The date and its precision: a year, a month or a day."""
        number = digest("release", self.artist.name, self.title)
        month, day = number % 12 + 1, number // 12 % 28 + 1
        match number % 5:
            case 0:
                return f"{self.year}", "year"
            case 1:
                return f"{self.year}-{month:02d}", "month"
            case _:
                return f"{self.year}-{month:02d}-{day:02d}", "day"

    @property
    def duration_ms(self) -> int:
        return 120_000 + digest("duration", self.title) % 240_000

    @property
    def popularity(self) -> int:
        return min(100, self.artist.fame * 16 + digest("popular", self.title) % 20)

    def feature(self, name: str) -> float:
        """The artist's typical value, moved a little for this track, in [0, 1]."""
        typical: float = getattr(self.artist, name)
        moved = typical + (draw(name, self.title) - 0.5) * 0.16
        return round(min(1.0, max(0.0, moved)), 4)


@cache
def artists_by_id() -> dict[str, CatalogueArtist]:
    return {artist.spotify_id: artist for artist in load_catalogue()}


@cache
def tracks_by_id() -> dict[str, Track]:
    tracks = (
        Track(artist, title) for artist in load_catalogue() for title in artist.tracks
    )
    return {track.spotify_id: track for track in tracks}


@cache
def tracks_by_isrc() -> dict[str, tuple[Track, ...]]:
    """Tracks by ISRC; two may share one, as they do in life."""
    found: dict[str, tuple[Track, ...]] = {}
    for track in tracks_by_id().values():
        found[track.isrc] = (*found.get(track.isrc, ()), track)
    return found
