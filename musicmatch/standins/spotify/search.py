"""Search over the catalogue: free words and the filters of the real service."""

import re
from dataclasses import dataclass

from musicmatch.demo.catalogue import CatalogueArtist, load_catalogue
from musicmatch.standins.shelf import Track, tracks_by_id

_FILTER = re.compile(r'(artist|track|album|year|isrc|upc):("[^"]*"|\S+)', re.IGNORECASE)
_MOST_FOUND = 1000


@dataclass(frozen=True, slots=True)
class _Query:
    words: tuple[str, ...]
    filters: dict[str, str]

    def has(self, name: str, text: str) -> bool:
        """Whether the filter is unset or its value is part of the text."""
        return self.filters.get(name, "") in text.casefold()


def _parse(text: str) -> _Query:
    filters = {
        name.lower(): value.strip('"').casefold()
        for name, value in _FILTER.findall(text)
    }
    words = _FILTER.sub(" ", text).casefold().split()
    return _Query(words=tuple(words), filters=filters)


def found_artists(text: str) -> list[CatalogueArtist]:
    """Artists whose name has every word, the best known first."""
    query = _parse(text)
    if not query.filters.keys() <= {"artist"}:
        return []
    found = [
        artist
        for artist in load_catalogue()
        if query.has("artist", artist.name) and _has_words(query, artist.name)
    ]
    return sorted(found, key=lambda artist: -artist.fame)[:_MOST_FOUND]


def found_tracks(text: str) -> list[Track]:
    """Tracks whose title or artist has every word, the best known first."""
    query = _parse(text)
    found = [track for track in tracks_by_id().values() if _matches(query, track)]
    return sorted(found, key=lambda track: -track.popularity)[:_MOST_FOUND]


def _matches(query: _Query, track: Track) -> bool:
    return (
        "upc" not in query.filters
        and query.filters.get("isrc", track.isrc.casefold()) == track.isrc.casefold()
        and query.has("artist", track.artist.name)
        and query.has("track", track.title)
        and query.has("album", track.title)
        and _is_in_years(query.filters.get("year"), track.year)
        and _has_words(query, f"{track.title} {track.artist.name}")
    )


def _is_in_years(asked: str | None, year: int) -> bool:
    """``1999`` or ``1990-1999``; anything else finds nothing."""
    if asked is None:
        return True
    first, _, last = asked.partition("-")
    if not first.isdecimal() or not (last or first).isdecimal():
        return False
    return int(first) <= year <= int(last or first)


def _has_words(query: _Query, text: str) -> bool:
    folded = text.casefold()
    return all(word in folded for word in query.words)
