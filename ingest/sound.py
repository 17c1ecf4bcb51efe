"""How music sounds: its dimensions, how they are said, and a person's average."""

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, quantiles
from typing import Any

from django.db.models import Count, Q, QuerySet, Value

from ingest.credits import thanked
from ingest.models import ArtistSound, AudioFeatures, Sound, TopArtist, TopTrack


@dataclass(frozen=True, slots=True)
class Dimension:
    """``low`` and ``high`` bound the axis a value is drawn on."""

    key: str
    label: str
    low: float
    high: float
    unit: str = ""

    def text(self, value: float) -> str:
        """Return a value as a person reads it: 118 BPM, −7 dB, 64 %."""
        if self.unit:
            return f"{value:.0f} {self.unit}".replace("-", "\u2212")
        return f"{value * 100:.0f} %"

    def position(self, value: float) -> float:
        """Return where a value lies on the axis, 0 to 100."""
        share = (value - self.low) / (self.high - self.low)
        return round(100 * min(1.0, max(0.0, share)), 1)


DIMENSIONS = (
    Dimension("tempo", "Tempo", 60, 190, "BPM"),
    Dimension("energy", "Energy", 0, 1),
    Dimension("valence", "Brightness of mood", 0, 1),
    Dimension("danceability", "Danceability", 0, 1),
    Dimension("acousticness", "Acoustic sound", 0, 1),
    Dimension("loudness", "Loudness", -40, 0, "dB"),
)
SOUND_KEYS = tuple(dimension.key for dimension in DIMENSIONS)
# Rows that only say that a service was asked and knew nothing.
SILENT = Q(**{f"{key}__isnull": True for key in SOUND_KEYS})
# Fewer measured tracks than this say less than the artists' averages do.
_FEWEST = 5


@dataclass(frozen=True, slots=True)
class PersonSound:
    """Averages by dimension, and the middle half of the tempos in BPM.

    ``source`` measured all of it.
    """

    means: dict[str, float]
    tempo_window: tuple[float, float] | None
    source: str

    @property
    def source_label(self) -> str:
        return thanked(self.source).label

    @property
    def is_whole(self) -> bool:
        return all(key in self.means for key in SOUND_KEYS)


def person_sound(
    track_ids: Collection[int], artist_ids: Collection[int]
) -> PersonSound | None:
    """Average how a person's tracks sound, or their artists; None where unknown.

    Two queries at most. One source only: the one that knows the most of them.
    """
    rows = _of_one_source(AudioFeatures.objects.filter(track__in=track_ids))
    if len(rows) < _FEWEST:
        artists = ArtistSound.objects.filter(artist__in=artist_ids)
        rows = _of_one_source(artists) or rows
    if not rows:
        return None
    means = {}
    for key in SOUND_KEYS:
        known = [v for v in (getattr(row, key) for row in rows) if v is not None]
        if known:
            means[key] = fmean(known)
    return PersonSound(means, _middle_half(rows), rows[0].source)


def _of_one_source(sounds: QuerySet[Any]) -> Sequence[Sound]:
    """Return the rows of the source that has the most; of two, the first by name."""
    rows: list[Sound] = list(sounds.exclude(SILENT))
    counts = Counter(row.source for row in rows)
    return [row for row in rows if row.source == _most(counts)]


def _most(counts: Mapping[str, int]) -> str:
    """Return the source that counts most, of two the first by name; "" of none."""
    return min(counts, key=lambda source: (-counts[source], source), default="")


def sound_sources(person_ids: Collection[int]) -> dict[int, str]:
    """Return who measured what :func:`person_sound` says, by person.

    One query, whoever they are; people of whom nothing is known are left out.
    """
    tracks = TopTrack.objects.of_used_sources().filter(person__in=person_ids)
    artists = TopArtist.objects.of_used_sources().filter(person__in=person_ids)
    by_tracks = _measured(tracks, "track", "audio")
    by_artists = _measured(artists, "artist", "sound")
    counts: defaultdict[tuple[str, int], dict[str, int]] = defaultdict(dict)
    for what, person, source, items in by_tracks.union(by_artists, all=True):
        counts[what, person][source] = items
    found = {}
    for person in person_ids:
        of_tracks, of_artists = counts["track", person], counts["artist", person]
        source = _most(of_tracks)
        if of_tracks.get(source, 0) < _FEWEST:
            source = _most(of_artists) or source
        if source:
            found[person] = source
    return found


def _measured(rows: QuerySet[Any], item: str, sound: str) -> QuerySet[Any]:
    """Count how many items of each person each source has measured."""
    path = f"{item}__{sound}"
    silent = Q(**{f"{path}__{key}__isnull": True for key in SOUND_KEYS})
    counted: QuerySet[Any] = (
        rows.exclude(silent)
        .order_by()
        .annotate(what=Value(item))
        .values_list("what", "person_id", f"{path}__source")
        .annotate(Count(item, distinct=True))
    )
    return counted


def _middle_half(rows: Sequence[Sound]) -> tuple[float, float] | None:
    tempos = [row.tempo for row in rows if row.tempo is not None]
    if len(tempos) < 2:
        return None
    low, _, high = quantiles(tempos, n=4, method="inclusive")
    return low, high
