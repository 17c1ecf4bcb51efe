"""From rows of the database to tastes."""

import logging
from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

from ingest.models import Artist, ArtistGenre, Source, TopArtist, TopTrack
from ingest.sound import PersonSound, person_sound
from matching.engine import (
    AUDIO_DIMENSIONS,
    CorruptTaste,
    RankedList,
    Taste,
    merge_ranks,
    unpack,
)

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class LoadedTaste:
    taste: Taste
    has_spotify: bool


@dataclass(slots=True)
class _Lists:
    """One person's ranked artists by source and time range, and their tracks."""

    ranked: dict[tuple[str, str], list[int]] = field(default_factory=dict)
    tracks: set[int] = field(default_factory=set)

    @property
    def artists(self) -> set[int]:
        return {artist for ids in self.ranked.values() for artist in ids}


def load_tastes(person_ids: Collection[int]) -> dict[int, LoadedTaste]:
    """Read people's ranked lists of every source and merge them, by person.

    Three queries, and up to two for each person with any artist.
    """
    lists = _lists(person_ids)
    artists = set().union(*(of_one.artists for of_one in lists.values()))
    genres = _genres(artists)
    return {person: _merged(of_one, genres) for person, of_one in lists.items()}


def _lists(person_ids: Collection[int]) -> dict[int, _Lists]:
    lists = {person: _Lists() for person in person_ids}
    rows = TopArtist.objects.filter(person__in=person_ids).order_by("rank", "pk")
    for person, source, time_range, artist in rows.values_list(
        "person_id", "source", "time_range", "artist_id"
    ):
        lists[person].ranked.setdefault((source, time_range), []).append(artist)
    tracks = TopTrack.objects.filter(person__in=person_ids)
    for person, track in tracks.values_list("person_id", "track_id"):
        lists[person].tracks.add(track)
    return lists


def _genres(artists: set[int]) -> dict[int, list[int]]:
    genres: dict[int, list[int]] = defaultdict(list)
    links = ArtistGenre.objects.filter(artist__in=artists)
    for artist, genre in links.values_list("artist_id", "genre_id"):
        genres[artist].append(genre)
    return genres


def _merged(lists: _Lists, genres: dict[int, list[int]]) -> LoadedTaste:
    sound = _sound(lists)
    taste = merge_ranks(
        [RankedList(source, r, ids) for (source, r), ids in lists.ranked.items()],
        genres_of=genres,
        audio=[sound.means[key] for key in AUDIO_DIMENSIONS] if sound else None,
        tempo_window=sound.tempo_window if sound else None,
    )
    return LoadedTaste(taste, any(s == Source.SPOTIFY for s, _ in lists.ranked))


def _sound(lists: _Lists) -> PersonSound | None:
    if not lists.ranked:
        return None
    sound = person_sound(lists.tracks, lists.artists)
    return sound if sound is not None and sound.is_whole else None


def opened(person_id: int, blob: bytes | memoryview) -> Taste | None:
    """Unpack a kept taste; None, with a line in the log, when it cannot be read."""
    try:
        return unpack(bytes(blob))
    except CorruptTaste:
        logger.exception("The taste of person %d cannot be read.", person_id)
        return None


@dataclass(frozen=True, slots=True)
class ArtistNames:
    """Names of artists by id, names of each one's genres, and of genres by id."""

    names: dict[int, str]
    genres: dict[int, list[str]]
    genre_names: dict[int, str]


def artist_names(artist_ids: Iterable[int]) -> ArtistNames:
    """Read some artists with their genres, in one query."""
    found = ArtistNames({}, defaultdict(list), {})
    rows = Artist.objects.filter(pk__in=set(artist_ids)).values_list(
        "pk", "name", "genre_links__genre_id", "genre_links__genre__name"
    )
    for artist, name, genre, genre_name in rows.order_by("genre_links__genre__name"):
        found.names[artist] = name
        if genre is not None:
            found.genres[artist].append(genre_name)
            found.genre_names[genre] = genre_name
    return found
