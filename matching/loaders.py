"""From rows of the database to tastes."""

import logging
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import numpy as np
import numpy.typing as npt
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import BigIntegerField, Func, Q
from django.db.models.functions import Coalesce
from django.db.models.sql.compiler import SQLCompiler

from ingest.models import Artist, MutedArtist, Source, TopArtist, TopTrack
from ingest.models.muted import MutedArtistQuerySet
from ingest.sound import PersonSound, person_sound
from matching.engine import (
    AUDIO_DIMENSIONS,
    Columns,
    CorruptTaste,
    RankedList,
    merge_ranks,
    read_blobs,
    unpack,
)
from matching.engine import Taste as EngineTaste
from matching.models import Taste

logger = logging.getLogger(__name__)

_CHUNK = 10_000


@dataclass(frozen=True, slots=True)
class LoadedTaste:
    taste: EngineTaste
    has_spotify: bool


@dataclass(slots=True)
class _Lists:
    """One person's ranked artists by source and time range, and their tracks.

    Of several rows that are one artist the one that stands for all is ranked, once, at
    its best place: the others close up, as if the source had named it once. ``rows``
    are those the sources named.
    """

    ranked: dict[tuple[str, str], dict[int, None]] = field(default_factory=dict)
    rows: set[int] = field(default_factory=set)
    tracks: set[int] = field(default_factory=set)

    def add(self, source: str, time_range: str, row: int, artist: int) -> None:
        self.ranked.setdefault((source, time_range), {}).setdefault(artist)
        self.rows.add(row)

    @property
    def artists(self) -> set[int]:
        return {artist for ids in self.ranked.values() for artist in ids}


def load_tastes(person_ids: Collection[int]) -> dict[int, LoadedTaste]:
    """Read people's ranked lists of every source in use and merge them, by person.

    Artists they do not want counted are left out as if no source had named them. One
    query for people without artists; else four, and up to two for each who has any.
    """
    return _loaded(person_ids, MutedArtist.objects.of(person_ids).not_counted())


def taste_without(person_id: int, artist_id: int) -> EngineTaste:
    """What a person's taste would be if this artist, one that stands, did not count."""
    rules = MutedArtist.objects.of([person_id]).not_counted()
    return _loaded([person_id], rules, also=artist_id)[person_id].taste


def _loaded(
    person_ids: Collection[int], rules: MutedArtistQuerySet, also: int | None = None
) -> dict[int, LoadedTaste]:
    ranked = _ranked(person_ids)
    if not ranked:
        # Whoever has just come: nothing else can make a taste.
        return dict.fromkeys(person_ids, _merged(_Lists(), {}))
    left_out = rules.standing()
    if also is not None:
        for person in person_ids:
            left_out.setdefault(person, set()).add(also)
    lists = _lists(person_ids, ranked, left_out)
    artists = set().union(*(of_one.artists for of_one in lists.values()))
    genres = _genres(artists)
    return {person: _merged(of_one, genres) for person, of_one in lists.items()}


_Ranked = tuple[int, str, str, int, int | None]


def _ranked(person_ids: Collection[int]) -> list[_Ranked]:
    """Person, source, range, artist and who stands for it, the best ranks first."""
    rows = TopArtist.objects.of_used_sources().filter(person__in=person_ids)
    columns = ("person_id", "source", "time_range", "artist_id", "artist__same_as_id")
    return list(rows.order_by("rank", "pk").values_list(*columns))


def _lists(
    person_ids: Collection[int],
    ranked: Iterable[_Ranked],
    left_out: Mapping[int, Collection[int]],
) -> dict[int, _Lists]:
    lists = {person: _Lists() for person in person_ids}
    for person, source, time_range, artist, same_as in ranked:
        if (same_as or artist) not in left_out.get(person, ()):
            lists[person].add(source, time_range, artist, same_as or artist)
    tracks = TopTrack.objects.of_used_sources().filter(person__in=person_ids)
    for person, track, artist, same_as in tracks.values_list(
        "person_id", "track_id", "track__artist_id", "track__artist__same_as_id"
    ):
        if (same_as or artist) not in left_out.get(person, ()):
            lists[person].tracks.add(track)
    return lists


def _genres(artists: set[int]) -> dict[int, list[int]]:
    """Genres of these artists and of those they stand for, each once."""
    genres: dict[int, dict[int, None]] = defaultdict(dict)
    rows = Artist.objects.filter(pk__in=artists)
    columns = ("genre_links__genre_id", "others__genre_links__genre_id")
    for artist, *found in rows.values_list("pk", *columns):
        genres[artist].update(dict.fromkeys(g for g in found if g is not None))
    return {artist: list(found) for artist, found in genres.items()}


def _merged(lists: _Lists, genres: dict[int, list[int]]) -> LoadedTaste:
    sound = _sound(lists)
    taste = merge_ranks(
        [RankedList(source, r, [*ids]) for (source, r), ids in lists.ranked.items()],
        genres_of=genres,
        audio=[sound.means[key] for key in AUDIO_DIMENSIONS] if sound else None,
        tempo_window=sound.tempo_window if sound else None,
    )
    return LoadedTaste(taste, any(s == Source.SPOTIFY for s, _ in lists.ranked))


def _sound(lists: _Lists) -> PersonSound | None:
    if not lists.ranked:
        return None
    sound = person_sound(lists.tracks, lists.rows)
    return sound if sound is not None and sound.is_whole else None


def opened(person_id: int, blob: bytes | memoryview) -> EngineTaste | None:
    """Unpack a kept taste; None, with a line in the log, when it cannot be read."""
    try:
        return unpack(bytes(blob))
    except CorruptTaste:
        logger.exception("The taste of person %d cannot be read.", person_id)
        return None


class _Seconds(Func):
    """A moment in whole seconds since 1970: a number needs no parsing."""

    arity = 1
    output_field = BigIntegerField()
    template = "FLOOR(EXTRACT(EPOCH FROM %(expressions)s))::bigint"

    def as_sqlite(
        self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **context: Any
    ) -> tuple[str, Any]:
        # To the second: what follows it would be rounded.
        moment = "SUBSTR(%(expressions)s, 1, 19)"
        template = f"CAST(STRFTIME('%%%%s', {moment}) AS INTEGER)"
        return self.as_sql(compiler, connection, template=template, **context)


def stored_tastes() -> tuple[Columns, npt.NDArray[np.bool_]]:
    """Read everyone visible, and whether any of theirs came from the Spotify API.

    Row after row out of one query, straight into columns: of a million people nothing
    else is held. Tastes that cannot be read are left out, with a line in the log.
    """
    rows = Taste.objects.filter(is_visible=True).order_by("person_id")
    found = rows.values_list(
        "person_id",
        "blob",
        "country",
        "has_spotify",
        Coalesce(_Seconds("person__last_active_at"), 0),
    )
    parts, is_spotify = [], [np.empty(0, np.bool_)]
    stream = found.iterator(_CHUNK)
    while chunk := list(islice(stream, _CHUNK)):
        ids, blobs, countries, spotify, active_at = zip(*chunk, strict=True)
        seconds = np.array(active_at, np.uint32)
        columns, unread = read_blobs(ids, blobs, countries, seconds)
        for at in unread.tolist():
            logger.error("The taste of person %d cannot be read.", ids[at])
        parts.append(columns)
        is_spotify.append(np.delete(np.array(spotify, np.bool_), unread))
    return Columns.join(parts), np.concatenate(is_spotify)


@dataclass(frozen=True, slots=True)
class ArtistNames:
    """Names of artists by id, names of each one's genres, and of genres by id.

    ``said_by`` has for each genre the keys of those who say that of some of them.
    """

    names: dict[int, str]
    genres: dict[int, list[str]]
    genre_names: dict[int, str]
    said_by: dict[str, set[str]]


_OWN_GENRE = (
    "genre_links__genre_id",
    "genre_links__genre__name",
    "genre_links__source",
)
_OTHERS_GENRE = tuple(f"others__{column}" for column in _OWN_GENRE)


def artist_names(artist_ids: Iterable[int]) -> ArtistNames:
    """Read some artists with their genres, in one query.

    Genres are those of all rows an artist stands for; an artist that another one stands
    for has the other one's name.
    """
    found = ArtistNames({}, defaultdict(list), {}, defaultdict(set))
    genres: dict[int, set[str]] = defaultdict(set)
    rows = Artist.objects.filter(pk__in=set(artist_ids)).values_list(
        "pk", "name", "same_as__name", *_OWN_GENRE, *_OTHERS_GENRE
    )
    for artist, name, stands, *links in rows:
        found.names[artist] = stands or name
        for genre, genre_name, said_by in (links[:3], links[3:]):
            if genre is not None:
                genres[artist].add(genre_name)
                found.genre_names[genre] = genre_name
                found.said_by[genre_name].add(said_by)
    found.genres.update((artist, sorted(names)) for artist, names in genres.items())
    return found


def by_artists(artist: str, ids: Iterable[int]) -> Q:
    """Rows whose ``artist``, a path to it, is one of these or one they stand for."""
    ids = list(ids)
    return Q(**{f"{artist}__in": ids}) | Q(**{f"{artist}__same_as__in": ids})


def artist_shown(artist: str) -> Coalesce:
    """The name of the one that stands for an artist; ``artist`` is a path to it."""
    return Coalesce(f"{artist}__same_as__name", f"{artist}__name")
