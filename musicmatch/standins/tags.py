"""What listeners write beside an artist: genres, and much that is none.

A few artists have no tags at all, and some have a single one.
"""

from dataclasses import dataclass

from musicmatch.demo.catalogue import CatalogueArtist
from musicmatch.standins.draws import draw

_STRONGEST = 100
_UNTAGGED = 0.05
_PLAIN = 0.15
_FOLKSONOMY = (
    ("seen live", 0.5, 55),
    ("favourites", 0.35, 30),
    ("albums I own", 0.3, 22),
    ("female vocalists", 0.25, 48),
    ("awesome", 0.3, 9),
    ("check out", 0.25, 4),
)


@dataclass(frozen=True, slots=True)
class Tag:
    """One tag; ``weight`` runs from 1 to 100, relative to the artist's strongest."""

    name: str
    weight: int
    is_genre: bool


def tags_of(artist: CatalogueArtist) -> tuple[Tag, ...]:
    """The artist's tags, strongest first, ties by name."""
    chance = draw("tagged", artist.name)
    if chance < _UNTAGGED:
        return ()
    tags = list(_genres(artist))
    if chance >= _UNTAGGED + _PLAIN:
        tags += _spellings(artist)
        tags += _chatter(artist)
    return tuple(sorted(tags, key=lambda tag: (-tag.weight, tag.name)))


def _genres(artist: CatalogueArtist) -> list[Tag]:
    return [
        Tag(genre, max(1, _STRONGEST - 22 * place), is_genre=True)
        for place, genre in enumerate(artist.genres)
    ]


def _spellings(artist: CatalogueArtist) -> list[Tag]:
    """The same genre as others write it; no list of genres knows that one."""
    genre = artist.genres[0]
    if " " not in genre:
        return []
    return [Tag(genre.replace(" ", "-"), 34, is_genre=False)]


def _chatter(artist: CatalogueArtist) -> list[Tag]:
    tags = [
        Tag(name, weight, is_genre=False)
        for name, chance, weight in _FOLKSONOMY
        if draw("tag", name, artist.name) < chance
    ]
    return [*tags, Tag(f"{artist.era % 100:02d}s", 26, is_genre=False)]
