"""From rows of the database to a taste, in four queries."""

from collections import defaultdict
from dataclasses import dataclass

from ingest.models import ArtistGenre, Source, TopArtist, TopTrack
from ingest.sound import PersonSound, person_sound
from matching.engine import AUDIO_DIMENSIONS, RankedList, Taste, merge_ranks


@dataclass(frozen=True, slots=True)
class LoadedTaste:
    taste: Taste
    has_spotify: bool


def load_taste(person_id: int) -> LoadedTaste:
    """Read a person's ranked lists of every source and merge them."""
    lists: dict[tuple[str, str], list[int]] = defaultdict(list)
    rows = TopArtist.objects.filter(person_id=person_id).order_by("rank", "pk")
    for source, time_range, artist in rows.values_list(
        "source", "time_range", "artist_id"
    ):
        lists[source, time_range].append(artist)
    artists = {artist for ids in lists.values() for artist in ids}
    sound = _sound(person_id, artists) if artists else None
    taste = merge_ranks(
        [RankedList(source, r, ids) for (source, r), ids in lists.items()],
        genres_of=_genres(artists),
        audio=[sound.means[key] for key in AUDIO_DIMENSIONS] if sound else None,
        tempo_window=sound.tempo_window if sound else None,
    )
    return LoadedTaste(taste, any(source == Source.SPOTIFY for source, _ in lists))


def _genres(artists: set[int]) -> dict[int, list[int]]:
    genres: dict[int, list[int]] = defaultdict(list)
    links = ArtistGenre.objects.filter(artist__in=artists)
    for artist, genre in links.values_list("artist_id", "genre_id"):
        genres[artist].append(genre)
    return genres


def _sound(person_id: int, artists: set[int]) -> PersonSound | None:
    tracks = TopTrack.objects.filter(person_id=person_id)
    sound = person_sound(set(tracks.values_list("track_id", flat=True)), artists)
    return sound if sound is not None and sound.is_whole else None
