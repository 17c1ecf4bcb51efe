"""How music sounds: its dimensions, how they are said, and a person's average."""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from statistics import fmean, quantiles

from ingest.models import ArtistSound, AudioFeatures, Sound


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
# Fewer measured tracks than this say less than the artists' averages do.
_FEWEST = 5


@dataclass(frozen=True, slots=True)
class PersonSound:
    """Averages by dimension, and the middle half of the tempos in BPM."""

    means: dict[str, float]
    tempo_window: tuple[float, float] | None

    @property
    def is_whole(self) -> bool:
        return all(key in self.means for key in SOUND_KEYS)


def person_sound(
    track_ids: Collection[int], artist_ids: Collection[int]
) -> PersonSound | None:
    """Average how a person's tracks sound, or their artists; None where unknown.

    Two queries at most. One source only: the one that knows the most of them.
    """
    rows: Sequence[Sound] = list(AudioFeatures.objects.filter(track__in=track_ids))
    if len(rows) < _FEWEST:
        rows = list(ArtistSound.objects.filter(artist__in=artist_ids)) or rows
    if not rows:
        return None
    [(source, _)] = Counter(row.source for row in rows).most_common(1)
    rows = [row for row in rows if row.source == source]
    means = {}
    for key in SOUND_KEYS:
        known = [v for v in (getattr(row, key) for row in rows) if v is not None]
        if known:
            means[key] = fmean(known)
    return PersonSound(means, _middle_half(rows))


def _middle_half(rows: Sequence[Sound]) -> tuple[float, float] | None:
    tempos = [row.tempo for row in rows if row.tempo is not None]
    if len(tempos) < 2:
        return None
    low, _, high = quantiles(tempos, n=4, method="inclusive")
    return low, high
