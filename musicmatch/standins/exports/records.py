"""What the made-up listener may hear: the catalogue, a long tail, shows and books."""

from dataclasses import dataclass
from functools import lru_cache
from random import Random

from musicmatch.demo.catalogue import load_catalogue
from musicmatch.standins.draws import base62
from musicmatch.standins.shelf import Track

TAIL = 4000
_TRACKS_OF_TAIL = 8
_FIRST = (
    "Amber Paper Hollow Copper Distant Salt Winter Velvet Pale Crooked Lunar Slow"
    " Northern Borrowed Quiet Rusty Ёлка Señor Øde 夜の Åsa’s Feather Marble Tin"
).split()
_SECOND = (
    "Harbour Lantern Orchard Heron Kettle Tramline Meadow Signal Cedar Comet Thistle"
    " Ferry Walnut Canyon Rooftop Pigeons Needles Choir Parade Almanac Atlas Weather"
).split()
_THIRD = "Club Ensemble Trio Brothers Society Orchestra Machine Tapes".split()
_TITLES = (
    "Going Out|Half Asleep|Letters|Room Nine|Before the Rain|Second Draft|Undertow"
    "|Small Hours|Lost & Found|The Long Way|Glass|Don’t Wait|Últimas Cartas|Дорога"
).split("|")
SHOWS = ("The Slow Desk", "Maps & Weather", "Ask the Luthier", "Ночной эфир")
BOOKS = ("The Lamplighter’s Ledger", "A Year of Tides")


@dataclass(frozen=True, slots=True)
class Record:
    """One track as the export names it."""

    artist: str
    title: str
    album: str
    track_id: str
    length_ms: int


class Shelf:
    """Artists by number: first those of the catalogue, then the long tail."""

    def __init__(self) -> None:
        self._catalogue = load_catalogue()
        self.known = len(self._catalogue)
        self.size = self.known + TAIL
        self.record = lru_cache(maxsize=50_000)(self._record)

    def tracks_of(self, number: int) -> int:
        if number < self.known:
            return len(self._catalogue[number].tracks)
        return _TRACKS_OF_TAIL

    def _record(self, number: int, place: int) -> Record:
        if number < self.known:
            artist = self._catalogue[number]
            track = Track(artist, artist.tracks[place])
            return Record(
                artist.name,
                track.title,
                f"{track.title} and Others",
                track.spotify_id,
                track.duration_ms,
            )
        # Not cryptography: the point is that it can be repeated.
        rng = Random(f"{number}:{place}")  # noqa: S311
        name, title = tail_name(number - self.known), rng.choice(_TITLES)
        return Record(
            name,
            f"{title} {place + 1}" if place % 3 == 0 else title,
            rng.choice(_TITLES),
            base62("export", name, title, place),
            rng.randrange(95_000, 420_000),
        )


def tail_name(number: int) -> str:
    """The name of an artist nobody else has, always the same for its number."""
    number, first = divmod(number, len(_FIRST))
    number, second = divmod(number, len(_SECOND))
    name = f"{_FIRST[first]} {_SECOND[second]}"
    return f"{name} {_THIRD[(number - 1) % len(_THIRD)]}" if number else name
