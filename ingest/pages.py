"""What the pages about one's own listening read."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import log2

from django.conf import settings
from django.urls import reverse

from accounts import gate
from accounts.models import User
from ingest.models import (
    ArtistGenre,
    ImportRun,
    Source,
    SourceLink,
    TimeRange,
    TopArtist,
    TopTrack,
)
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


@dataclass(frozen=True, slots=True)
class ArtistRow:
    pk: int
    rank: int
    name: str
    genres: tuple[str, ...]
    url: str


@dataclass(frozen=True, slots=True)
class TrackRow:
    rank: int
    name: str
    artist: str
    url: str


@dataclass(frozen=True, slots=True)
class SourceLists:
    """What one source says. Lists of different sources are never mixed."""

    source: str
    artists: tuple[ArtistRow, ...]
    tracks: tuple[TrackRow, ...]

    @property
    def source_label(self) -> str:
        return Source(self.source).label


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
    has_any: bool


# Which tab opens first: the middle one, where there is anything on it.
_RANGES = (TimeRange.MEDIUM, TimeRange.LONG, TimeRange.SHORT)


def range_to_show(person: User, asked: str | None) -> TimeRange:
    """Return the time range asked for; else the first that has anything."""
    if asked in TimeRange.values:
        return TimeRange(asked)
    rows = TopArtist.objects.filter(person=person)
    there = set(rows.values_list("time_range", flat=True).distinct())
    return next((r for r in _RANGES if r in there), TimeRange.MEDIUM)


def taste_page(person: User, time_range: TimeRange) -> TastePage:
    """Read everything one tab of a person's taste shows, in six queries."""
    artists = list(
        TopArtist.objects.filter(person=person, time_range=time_range)
        .select_related("artist")
        .order_by("source", "rank", "pk")
    )
    tracks = list(
        TopTrack.objects.filter(person=person, time_range=time_range)
        .select_related("track__artist")
        .order_by("source", "rank", "pk")
    )
    genres = genres_of({row.artist_id for row in artists})
    sound = person_sound(
        {row.track_id for row in tracks}, {row.artist_id for row in artists}
    )
    has_any = bool(artists or tracks) or (
        TopArtist.objects.filter(person=person).exists()
    )
    return TastePage(
        lists=_lists(artists, tracks, genres),
        genres=_shares(artists, genres),
        audio=_sound_rows(sound),
        tempo_window=_tempo_window(sound),
        has_any=has_any,
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
) -> tuple[SourceLists, ...]:
    sources = dict.fromkeys([*(r.source for r in artists), *(r.source for r in tracks)])
    return tuple(
        SourceLists(
            source,
            tuple(_artist_row(r, genres) for r in artists if r.source == source)[
                :SHOWN
            ],
            tuple(_track_row(r) for r in tracks if r.source == source)[:SHOWN],
        )
        for source in sources
    )


def _artist_row(row: TopArtist, genres: dict[int, list[str]]) -> ArtistRow:
    url = spotify_url("artist", row.artist.spotify_id, row.source)
    names = tuple(genres.get(row.artist_id, ()))
    return ArtistRow(row.artist_id, row.rank, row.artist.name, names, url)


def _track_row(row: TopTrack) -> TrackRow:
    url = spotify_url("track", row.track.spotify_id, row.source)
    return TrackRow(row.rank, row.track.name, row.track.artist.name, url)


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


# --- Sources --------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SourceRow:
    key: str
    state: str
    reason: str
    link: SourceLink | None
    latest_run: ImportRun | None
    resting_until: datetime | None
    counts_text: str

    @property
    def label(self) -> str:
        return Source(self.key).label

    @property
    def state_label(self) -> str:
        if (self.key, self.state) == (Source.MANUAL, "off"):
            return "Nothing picked yet"
        return _STATE_LABELS[self.state]

    @property
    def explanation(self) -> str:
        return self.reason or _EXPLANATIONS.get((self.key, self.state), "")

    @property
    def latest_import_at(self) -> datetime | None:
        return self.link.latest_import_at if self.link else None

    @property
    def next_import_at(self) -> datetime | None:
        return self.link.next_import_at if self.link else None

    @property
    def connect_is_get(self) -> bool:
        return self.key == Source.MANUAL

    @property
    def connect_url(self) -> str:
        if self.key != Source.SPOTIFY:
            return reverse("ingest:source_connect", args=[self.key])
        url = reverse("spotify_login") + "?process=connect"
        if self.state in {"needs_reconnect", "not_allowed"}:
            url += "&auth_params=show_dialog%3Dtrue"
        return url

    @property
    def can_connect(self) -> bool:
        if self.key == Source.MANUAL:
            return True
        if self.key != Source.SPOTIFY or not settings.SPOTIFY_CLIENT_ID:
            return False
        return self.state in {"off", "needs_reconnect", "not_allowed"}

    @property
    def can_sync(self) -> bool:
        return self.key == Source.SPOTIFY and self.state in {"connected", "failed"}

    @property
    def can_disconnect(self) -> bool:
        return self.link is not None


_STATE_LABELS = {
    "off": "Not connected",
    "connected": "Connected",
    "needs_reconnect": "Needs to be connected again",
    "resting": "Resting",
    "not_allowed": "Not on the list",
    "failed": "The latest import failed",
}
_EXPLANATIONS = {
    ("spotify", "off"): (
        "We read your top artists and tracks and your last 50 listens."
        " Never playlists, never your e-mail; we cannot change anything."
    ),
    ("spotify", "resting"): (
        "Spotify asked this site to wait. Your import goes on by itself."
    ),
    ("spotify", "connected"): "Read once a day, and when you ask for it.",
    ("manual", "off"): (
        "Name at least five artists, the closest first. It is a thin start,"
        " and enough to be compared."
    ),
    ("manual", "connected"): "The artists you named yourself. Change them any time.",
    ("demo", "connected"): "Made up, like the person it belongs to.",
    ("community", "connected"): "Came with the community this site was loaded from.",
}


def source_rows(person: User, now: datetime) -> list[SourceRow]:
    """Return a row for each source this person uses or could use."""
    links = {link.source: link for link in SourceLink.objects.filter(person=person)}
    keys = [Source.MANUAL]
    if settings.SPOTIFY_CLIENT_ID or Source.SPOTIFY in links:
        keys.insert(0, Source.SPOTIFY)
    keys += [Source(s) for s in links if s in {Source.DEMO, Source.COMMUNITY}]
    runs = _latest_runs(person)
    counts = _counts(person)
    closed = gate.closure(Source.SPOTIFY, now)
    return [
        _source_row(key, links.get(key), runs.get(key), counts.get(key, 0), closed)
        for key in keys
    ]


def _source_row(
    key: Source,
    link: SourceLink | None,
    run: ImportRun | None,
    artists: int,
    closed: gate.Closure | None,
) -> SourceRow:
    state = link.state if link else "off"
    resting = closed.until if closed and link and key == Source.SPOTIFY else None
    if resting and state in {"connected", "failed"}:
        state = "resting"
    reason = link.reason if link and state == link.state else ""
    text = f"{artists} artist{'' if artists == 1 else 's'} in your taste"
    return SourceRow(key, state, reason, link, run, resting, text if artists else "")


def _latest_runs(person: User) -> dict[str, ImportRun]:
    runs = ImportRun.objects.filter(person=person).defer("staged")
    return {run.source: run for run in runs.order_by("-queued_at", "-pk")[:20][::-1]}


def _counts(person: User) -> dict[str, int]:
    pairs = TopArtist.objects.filter(person=person).values_list("source", "artist_id")
    by_source: dict[str, set[int]] = defaultdict(set)
    for source, artist in pairs.distinct():
        by_source[source].add(artist)
    return {source: len(artists) for source, artists in by_source.items()}
