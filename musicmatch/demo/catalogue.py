"""The artists that demo people listen to, read from the CSV files beside this module.

Names, genres, decades and track titles are facts; the audio numbers are rough
estimates of our own, good enough to tell a lullaby from a rave.
"""

import csv
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

FOLDER: Final = Path(__file__).with_suffix("")
_BASE62: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_ID_LENGTH: Final = 22


@dataclass(frozen=True, slots=True)
class CatalogueArtist:
    """One artist. Tempo is in BPM, loudness in dB, the other audio values in 0..1.

    ``era`` is the decade the artist is best known for, such as 1990. ``fame`` runs
    from 1 (niche) to 5 (everyone knows them).
    """

    name: str
    genres: tuple[str, ...]
    era: int
    tempo: float
    energy: float
    valence: float
    danceability: float
    acousticness: float
    instrumentalness: float
    loudness: float
    fame: int
    tracks: tuple[str, ...]

    @property
    def spotify_id(self) -> str:
        """Return 22 base-62 characters made from the name: ours, and fictional."""
        return _base62(self.name)


@cache
def load_catalogue() -> tuple[CatalogueArtist, ...]:
    """Return every artist, in the order of the files and of their lines.

    Raises ``ValueError`` or ``csv.Error`` when a line cannot be read.
    """
    return tuple(
        artist for path in sorted(FOLDER.glob("*.csv")) for artist in _read(path)
    )


def _read(path: Path) -> Iterator[CatalogueArtist]:
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file, strict=True):
            if None in row or None in row.values():
                raise ValueError(f"{path.name}: {row['name']} has the wrong cells")
            yield _artist(row)


def _artist(row: dict[str, str]) -> CatalogueArtist:
    """Convert one line; shares are written as whole hundredths, lists with ``|``."""
    return CatalogueArtist(
        name=row["name"],
        genres=tuple(row["genres"].split("|")),
        era=int(row["era"]),
        tempo=float(row["tempo"]),
        energy=int(row["energy"]) / 100,
        valence=int(row["valence"]) / 100,
        danceability=int(row["danceability"]) / 100,
        acousticness=int(row["acousticness"]) / 100,
        instrumentalness=int(row["instrumentalness"]) / 100,
        loudness=float(row["loudness"]),
        fame=int(row["fame"]),
        tracks=tuple(row["tracks"].split("|")),
    )


def _base62(text: str) -> str:
    number = int.from_bytes(hashlib.sha256(text.encode()).digest())
    digits = []
    for _ in range(_ID_LENGTH):
        number, digit = divmod(number, len(_BASE62))
        digits.append(_BASE62[digit])
    return "".join(digits)
