"""What made-up people like, and how often they listen.

Everything is worked out from the demo catalogue and from each person's leaning
towards words found in genre names, so it is the same on every machine and holds
whatever artists the catalogue has.
"""

from dataclasses import dataclass
from functools import lru_cache

from musicmatch.demo.catalogue import CatalogueArtist, load_catalogue
from musicmatch.standins.draws import draw
from musicmatch.standins.shelf import Track

TIME_RANGES = ("short_term", "medium_term", "long_term")


@dataclass(frozen=True)
class Leaning:
    """What draws somebody to an artist.

    ``words`` are looked for inside genre names, the strongest first; ``fame`` is
    the pull of well-known names (negative: away from them); ``eras`` are decades.
    Two people with the same ``seed`` and words have the same top lists.
    """

    seed: str
    words: tuple[str, ...] = ()
    fame: float = 0.0
    eras: tuple[int, ...] = ()

    def towards(self, artist: CatalogueArtist, time_range: str) -> float:
        """How strongly the artist appeals in that range; only the order matters."""
        strengths = (
            1 - place / (2 * len(self.words))
            for place, word in enumerate(self.words)
            if any(word in genre for genre in artist.genres)
        )
        return (
            3 * max(strengths, default=0.0)
            + self.fame * artist.fame / 5
            + (1.5 if artist.era in self.eras else 0.0)
            + 1.2 * draw(self.seed, artist.name)
            + 0.7 * draw(self.seed, artist.name, time_range)
        )


@dataclass(frozen=True)
class Rhythm:
    """How often somebody listens: one slot every ``gap_minutes``, some of them used.

    ``oddities`` adds local files and two listens at the same instant.
    """

    gap_minutes: int
    chance: float = 0.5
    oddities: bool = False


@dataclass(frozen=True, kw_only=True)
class Person:
    """Somebody made up, whichever services they use.

    ``top_size`` is how many artists and tracks they go back to; ``rhythm`` None
    means that they do not listen at all these days.
    """

    key: str
    leaning: Leaning
    rhythm: Rhythm | None = None
    top_size: int = 50

    def artists(self, time_range: str, most: int) -> tuple[CatalogueArtist, ...]:
        """Artists in that range, strongest first."""
        return _ranked(self.leaning, time_range, most)

    def tracks(self, time_range: str, most: int) -> tuple[Track, ...]:
        """Tracks in that range, strongest first, mostly by the top artists."""
        return _tracks(self.leaning, time_range, most)


@lru_cache(maxsize=512)
def _ranked(
    leaning: Leaning, time_range: str, most: int
) -> tuple[CatalogueArtist, ...]:
    def order(artist: CatalogueArtist) -> tuple[float, str]:
        return -leaning.towards(artist, time_range), artist.name

    return tuple(sorted(load_catalogue(), key=order)[:most])


@lru_cache(maxsize=512)
def _tracks(leaning: Leaning, time_range: str, most: int) -> tuple[Track, ...]:
    scored = [
        (place + 25 * draw(leaning.seed, "track", artist.name, title), title, artist)
        for place, artist in enumerate(_ranked(leaning, time_range, most))
        for title in artist.tracks
    ]
    scored.sort(key=lambda row: (row[0], row[1], row[2].name))
    return tuple(Track(artist, title) for _, title, artist in scored[:most])
