"""Which words that people tag music with are genres.

The genres and their spellings are in the text file beside this module.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Final

from accounts.text import clean_line
from ingest.genres.folding import LONGEST, fold

FILE: Final = Path(__file__).with_suffix(".txt")
_MUSIC: Final = "music"
# A genre this many times weaker than the strongest one is left out.
_FAINT: Final = 10
_MOST_READ: Final = 1000


@dataclass(frozen=True, slots=True)
class Entry:
    """A genre, its other spellings, and whether it is too broad to say much."""

    name: str
    aliases: tuple[str, ...]
    is_broad: bool


@dataclass(frozen=True, slots=True)
class _Vocabulary:
    names: dict[str, str]
    broad: frozenset[str]


def genre_of(tag: str) -> str | None:
    """Return the genre that a tag names, None where it names none."""
    key = fold(tag)
    names = _vocabulary().names
    return names.get(key) or names.get(key.removesuffix(_MUSIC))


def is_known(name: str) -> bool:
    """Tell whether a name is a genre, in any spelling the vocabulary has."""
    return genre_of(name) is not None


@lru_cache(maxsize=10_000)
def canonical(name: str) -> str:
    """Return the vocabulary's name of a genre, else the name itself, cleaned.

    For services that curate their genres but know finer ones than we do. Empty where
    nothing is left to show.
    """
    cleaned = clean_line(clean_line(name[:_MOST_READ]).lower()[:LONGEST])
    return genre_of(cleaned) or cleaned


def genres_of(
    tags: Iterable[tuple[str, int, bool]], *, most: int = 5
) -> tuple[str, ...]:
    """Return the genres that tags name, the strongest first; ties by name.

    A tag is its text, its count and whether the service curates it. Curated genres
    come before free ones; a broad genre needs twice the count of a narrower one to
    come before it. Faint ones, and counts that are not above zero, say nothing.
    """
    weights, curated = _weigh(tags)
    strongest = max(weights.values(), default=0)
    # Few people vote on curated genres: only these are measured by one another.
    of_curated = max((weights[genre] for genre in curated), default=0)
    broad = _vocabulary().broad

    def is_kept(genre: str) -> bool:
        best = of_curated if genre in curated else strongest
        return weights[genre] * _FAINT >= best

    def place(genre: str) -> tuple[bool, int, str]:
        weight = weights[genre] * (1 if genre in broad else 2)
        return genre not in curated, -weight, genre

    return tuple(sorted(filter(is_kept, weights), key=place)[:most])


def load_entries() -> tuple[Entry, ...]:
    """Return every genre, in the order of the file's lines."""
    return tuple(_entries(FILE.read_text(encoding="utf-8")))


def _weigh(tags: Iterable[tuple[str, int, bool]]) -> tuple[Counter[str], set[str]]:
    """Add up the counts of each genre, and tell which genres are curated."""
    counts: dict[tuple[str, str], int] = {}
    curated = set()
    for tag, count, is_curated in tags:
        genre = genre_of(tag)
        if genre is None or count <= 0:
            continue
        # MusicBrainz repeats its genres among the tags: one spelling counts once.
        counts[genre, tag] = max(count, counts.get((genre, tag), 0))
        if is_curated:
            curated.add(genre)
    weights: Counter[str] = Counter()
    for (genre, _), count in counts.items():
        weights[genre] += count
    return weights, curated


@cache
def _vocabulary() -> _Vocabulary:
    entries = load_entries()
    names = {
        fold(spelling): entry.name
        for entry in entries
        for spelling in (entry.name, *entry.aliases)
    }
    return _Vocabulary(names, frozenset(e.name for e in entries if e.is_broad))


def _entries(text: str) -> Iterator[Entry]:
    for line in text.splitlines():
        if not line or line.startswith("#"):
            continue
        name, _, aliases = line.partition(" = ")
        yield Entry(
            name=name.removeprefix("*"),
            aliases=tuple(aliases.split(", ")) if aliases else (),
            is_broad=name.startswith("*"),
        )
