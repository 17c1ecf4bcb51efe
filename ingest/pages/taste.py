"""What the page about one's own taste reads."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import log2

from accounts.models import User
from ingest.models import (
    Artist,
    ArtistGenre,
    Source,
    SourceLink,
    TimeRange,
    TopArtist,
    TopTrack,
)
from ingest.pages.rules import UNMUTED, Rule, rules_of
from ingest.sound import DIMENSIONS, PersonSound, person_sound

# Spotify allows at most twenty of its items in one list.
SHOWN = 20
_GENRES_SHOWN = 12
_OPEN_SPOTIFY = "https://open.spotify.com"


def spotify_url(kind: str, spotify_id: str | None, source: str) -> str:
    """Return the item's page at Spotify, for items that came from Spotify."""
    if source != Source.SPOTIFY or not spotify_id:
        return ""
    return f"{_OPEN_SPOTIFY}/{kind}/{spotify_id}"


def switched_off(person: User) -> list[str]:
    """Names of the sources a person has and does not use."""
    links = SourceLink.objects.filter(person=person, is_used=False)
    keys = set(links.values_list("source", flat=True))
    return [source.label for source in Source if source in keys]


@dataclass(frozen=True, slots=True)
class ArtistRow:
    pk: int
    rank: int
    name: str
    genres: tuple[str, ...]
    url: str
    rule: str


@dataclass(frozen=True, slots=True)
class TrackRow:
    rank: int
    name: str
    artist: str
    url: str
    rule: str


@dataclass(frozen=True, slots=True)
class SourceLists:
    """What one source says. Lists of different sources are never mixed."""

    source: str
    time_range: str
    artists: tuple[ArtistRow, ...]
    tracks: tuple[TrackRow, ...]

    @property
    def source_label(self) -> str:
        return Source(self.source).label

    @property
    def covers(self) -> str:
        """What time this truly is, where the source counts otherwise."""
        return Source(self.source).door.ranges.get(self.time_range, "")


@dataclass(frozen=True, slots=True)
class GenreShare:
    name: str
    share: float


@dataclass(frozen=True, slots=True)
class SoundRow:
    label: str
    value_text: str
    position: float


@dataclass(frozen=True, slots=True)
class TastePage:
    lists: tuple[SourceLists, ...]
    genres: tuple[GenreShare, ...]
    audio: tuple[SoundRow, ...]
    tempo_window: tuple[int, int] | None
    audio_source: str
    has_any: bool
    switched_off: list[str]


# Which tab opens first: the middle one, where there is anything on it.
_RANGES = (TimeRange.MEDIUM, TimeRange.LONG, TimeRange.SHORT)


def range_to_show(person: User, asked: str | None) -> TimeRange:
    """Return the time range asked for; else the first that has anything."""
    if asked in TimeRange.values:
        return TimeRange(asked)
    rows = TopArtist.objects.of_used_sources().filter(person=person)
    there = set(rows.values_list("time_range", flat=True).distinct())
    return next((r for r in _RANGES if r in there), TimeRange.MEDIUM)


def taste_page(person: User, time_range: TimeRange) -> TastePage:
    """Read everything one tab of a person's taste shows, in eight queries.

    Muted artists are in the lists, with the rule; genres and sound are without those
    that do not count.
    """
    mine = TopArtist.objects.of_used_sources().filter(person=person)
    artists = list(
        mine.filter(time_range=time_range)
        .select_related("artist")
        .order_by("source", "rank", "pk")
    )
    tracks = list(
        TopTrack.objects.of_used_sources()
        .filter(person=person, time_range=time_range)
        .select_related("track__artist")
        .order_by("source", "rank", "pk")
    )
    rules = rules_of(person)
    genres = genres_of({row.artist_id for row in artists})
    counted = [row for row in artists if _counts(row.artist, rules)]
    sound = person_sound(
        {row.track_id for row in tracks if _counts(row.track.artist, rules)},
        {row.artist_id for row in counted},
    )
    has_any = bool(artists or tracks) or mine.exists()
    return TastePage(
        lists=_lists(artists, tracks, genres, rules),
        genres=_shares(counted, genres),
        audio=_sound_rows(sound),
        tempo_window=_tempo_window(sound),
        audio_source=sound.source_label if sound else "",
        has_any=has_any,
        switched_off=switched_off(person),
    )


def genres_of(artist_ids: Iterable[int]) -> dict[int, list[str]]:
    """Return the names of each artist's genres, in one query."""
    found: dict[int, list[str]] = defaultdict(list)
    links = ArtistGenre.objects.filter(artist__in=set(artist_ids))
    for artist, name in links.order_by("genre__name", "pk").values_list(
        "artist_id", "genre__name"
    ):
        found[artist].append(name)
    return found


def _lists(
    artists: Sequence[TopArtist],
    tracks: Sequence[TopTrack],
    genres: dict[int, list[str]],
    rules: Mapping[int, Rule],
) -> tuple[SourceLists, ...]:
    sources = {row.source: row.time_range for row in artists}
    sources |= {row.source: row.time_range for row in tracks}
    return tuple(
        SourceLists(
            source,
            time_range,
            tuple(_artist_row(r, genres, rules) for r in artists if r.source == source)[
                :SHOWN
            ],
            tuple(_track_row(r, rules) for r in tracks if r.source == source)[:SHOWN],
        )
        for source, time_range in sources.items()
    )


def _artist_row(
    row: TopArtist, genres: dict[int, list[str]], rules: Mapping[int, Rule]
) -> ArtistRow:
    url = spotify_url("artist", row.artist.spotify_id, row.source)
    names = tuple(genres.get(row.artist_id, ()))
    said = _said(row.artist, rules)
    return ArtistRow(row.artist_id, row.rank, row.artist.name, names, url, said)


def _track_row(row: TopTrack, rules: Mapping[int, Rule]) -> TrackRow:
    url = spotify_url("track", row.track.spotify_id, row.source)
    artist = row.track.artist
    return TrackRow(row.rank, row.track.name, artist.name, url, _said(artist, rules))


def _rule(artist: Artist, rules: Mapping[int, Rule]) -> Rule:
    return rules.get(artist.same_as_id or artist.pk, UNMUTED)


def _counts(artist: Artist, rules: Mapping[int, Rule]) -> bool:
    return _rule(artist, rules).is_counted


def _said(artist: Artist, rules: Mapping[int, Rule]) -> str:
    return _rule(artist, rules).words


def _shares(
    artists: Sequence[TopArtist], genres: dict[int, list[str]]
) -> tuple[GenreShare, ...]:
    """Spread each artist's weight over its genres; shares of the largest twelve."""
    weights: dict[str, float] = defaultdict(float)
    for row in artists:
        names = genres.get(row.artist_id, [])
        for name in names:
            weights[name] += 1 / log2(1 + row.rank) / len(names)
    total = sum(weights.values())
    ordered = sorted(weights.items(), key=lambda item: (-item[1], item[0]))
    return tuple(
        GenreShare(name, round(100 * weight / total, 1))
        for name, weight in ordered[:_GENRES_SHOWN]
    )


def _sound_rows(sound: PersonSound | None) -> tuple[SoundRow, ...]:
    means = sound.means if sound else {}
    return tuple(
        SoundRow(d.label, d.text(means[d.key]), d.position(means[d.key]))
        for d in DIMENSIONS
        if d.key in means
    )


def _tempo_window(sound: PersonSound | None) -> tuple[int, int] | None:
    if sound is None or sound.tempo_window is None:
        return None
    low, high = sound.tempo_window
    return round(low), round(high)
