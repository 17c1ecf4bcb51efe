"""What every source gives and how it fails. No Django here.

A source module fetches and converts: it turns a service's answers into the items
below, or raises one of the four errors. When to call, whether to try again and
what to tell the person is decided by the one who runs it.
"""

from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from typing import Any, Self


class SourceError(Exception):
    """A call to a source did not give what was asked."""


class RateLimited(SourceError):
    """The service asks for patience: ``retry_after`` seconds where it says so."""

    def __init__(self, retry_after: int | None, *, is_quota: bool = False) -> None:
        super().__init__(f"rate limited, retry after {retry_after}")
        self.retry_after = retry_after
        self.is_quota = is_quota


class AuthorizationRevoked(SourceError):
    """The person's permission is not accepted (any more)."""


class NotAllowed(SourceError):
    """The service refuses this person or this call, whoever asks."""


class SourceUnavailable(SourceError):
    """No answer, or none that can be read: worth trying again later."""


@dataclass(frozen=True, slots=True)
class _Item:
    """Items survive a trip through JSON, where an import keeps what it fetched."""

    def to_json(self) -> dict[str, Any]:
        return {k: v for k, v in asdict(self).items() if v not in (None, "")}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        known = {field.name for field in fields(cls)}
        return cls(**{k: v for k, v in data.items() if k in known})


@dataclass(frozen=True, slots=True)
class ArtistItem(_Item):
    """``genres`` is None where the service does not say, () where it knows none."""

    name: str
    spotify_id: str | None = None
    genres: tuple[str, ...] | None = None

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        genres = data.get("genres")
        return cls(
            data["name"],
            data.get("spotify_id"),
            tuple(genres) if genres is not None else None,
        )


@dataclass(frozen=True, slots=True)
class TrackItem(_Item):
    name: str
    artist: ArtistItem
    spotify_id: str | None = None
    isrc: str = ""
    duration_ms: int | None = None
    release_year: int | None = None

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        rest = {k: v for k, v in data.items() if k != "artist"}
        return cls(artist=ArtistItem.from_json(data["artist"]), **rest)


@dataclass(frozen=True, slots=True)
class ListenItem(_Item):
    """``listened_at`` is aware, in UTC."""

    track: TrackItem
    listened_at: datetime

    def to_json(self) -> dict[str, Any]:
        return {
            "track": self.track.to_json(),
            "listened_at": self.listened_at.isoformat(),
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        moment = datetime.fromisoformat(data["listened_at"])
        return cls(TrackItem.from_json(data["track"]), moment.astimezone(UTC))


@dataclass(frozen=True, slots=True)
class AudioItem(_Item):
    """Measured sound of a track: tempo in BPM, loudness in dB, the others 0 to 1."""

    spotify_id: str
    tempo: float | None = None
    energy: float | None = None
    valence: float | None = None
    danceability: float | None = None
    acousticness: float | None = None
    loudness: float | None = None


@dataclass(frozen=True, slots=True)
class RecentPage:
    """Recent listens, newest first, and the cursor that follows them ("" for none)."""

    listens: tuple[ListenItem, ...]
    cursor: str
