"""The leaderboard as a small site would write it: rows, sets, and a loop over people.

0.4 of the shared artists, 0.2 of the shared genres (both as Jaccard), 0.4 of how alike
the sound is. Everyone's rows come in three queries of the ORM, which is kinder than the
usual few for each person.
"""

from collections import defaultdict
from dataclasses import dataclass
from math import sqrt
from statistics import fmean

from ingest.models import Artist, ArtistGenre, ArtistSound, TopArtist
from ingest.sound import DIMENSIONS


@dataclass(frozen=True, slots=True)
class _Profile:
    artists: set[int]
    genres: set[int]
    sound: list[float] | None


def predecessor_board(person_id: int, *, people: int, count: int) -> list[int]:
    """Rank people 1..people for one of them, closest first."""
    genres: dict[int, set[int]] = defaultdict(set)
    for link in ArtistGenre.objects.all():
        genres[link.artist_id].add(link.genre_id)
    artists = Artist.objects.select_related("sound").in_bulk()
    heard: dict[int, list[Artist]] = defaultdict(list)
    for row in TopArtist.objects.filter(person__lte=people):
        heard[row.person_id].append(artists[row.artist_id])
    mine = _profile(heard.pop(person_id), genres)
    scored = [
        (_score(mine, _profile(theirs, genres)), other)
        for other, theirs in heard.items()
    ]
    return [other for _, other in sorted(scored, reverse=True)[:count]]


def _profile(artists: list[Artist], genres: dict[int, set[int]]) -> _Profile:
    ids = {artist.pk for artist in artists}
    sounds = [artist.sound for artist in artists if hasattr(artist, "sound")]
    return _Profile(ids, {g for pk in ids for g in genres[pk]}, _mean(sounds))


def _mean(sounds: list[ArtistSound]) -> list[float] | None:
    """Average each dimension, on a scale from 0 to 1."""
    if not sounds:
        return None
    means = [(fmean(getattr(s, d.key) for s in sounds), d) for d in DIMENSIONS]
    return [(mean - d.low) / (d.high - d.low) for mean, d in means]


def _score(mine: _Profile, theirs: _Profile) -> float:
    return (
        0.4 * _jaccard(mine.artists, theirs.artists)
        + 0.2 * _jaccard(mine.genres, theirs.genres)
        + 0.4 * _alike(mine.sound, theirs.sound)
    )


def _jaccard(mine: set[int], theirs: set[int]) -> float:
    either = len(mine | theirs)
    return len(mine & theirs) / either if either else 0.0


def _alike(mine: list[float] | None, theirs: list[float] | None) -> float:
    if mine is None or theirs is None:
        return 0.0
    squares = [(a - b) ** 2 for a, b in zip(mine, theirs, strict=True)]
    return max(0.0, 1.0 - sqrt(fmean(squares)))
