"""What every source gives and how it fails. No Django here.

A source module fetches and converts: it turns a service's answers into the items
below, or raises one of the four errors. When to call, whether to try again and
what to tell the person is decided by the one who runs it.

A new source is a module with a ``DOOR``, a line in ``registry``, and tests of its
payloads.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from enum import Enum
from typing import Any, Protocol, Self

import requests

RANGES = ("short_term", "medium_term", "long_term")


class SourceError(Exception):
    """A call to a source did not give what was asked.

    ``advice`` is a sentence for the person, where the source knows better than the
    general one what happened and what can be done.
    """

    def __init__(self, detail: str, *, advice: str = "") -> None:
        super().__init__(detail)
        self.advice = advice


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


class AppRefused(NotAllowed):
    """The service refuses this site itself: only its host can mend that."""


class SourceUnavailable(SourceError):
    """No answer, or none that can be read: worth trying again later."""


@dataclass(frozen=True, slots=True)
class _Item:
    """Items survive a trip through JSON, where an import keeps what it fetched."""

    def to_json(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        # Not ``asdict``, which copies everything deeply: an import makes hundreds.
        for one in fields(self):
            value = getattr(self, one.name)
            if value not in (None, ""):
                found[one.name] = value.to_json() if isinstance(value, _Item) else value
        return found

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        known = {one.name for one in fields(cls)}
        return cls(**{k: v for k, v in data.items() if k in known})


@dataclass(frozen=True, slots=True)
class ArtistItem(_Item):
    """``genres`` is None where the service does not say, () where it knows none.

    ``mbid`` is the id of the artist at MusicBrainz, in lower case.
    """

    name: str
    spotify_id: str | None = None
    genres: tuple[str, ...] | None = None
    mbid: str | None = None

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        genres = data.get("genres")
        return cls(
            data["name"],
            data.get("spotify_id"),
            tuple(genres) if genres is not None else None,
            data.get("mbid"),
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
    """One play. ``listened_at`` is aware, in UTC: its start or its end, as the
    service has it.
    """

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
    """Recent listens, newest first, and the cursor that follows them ("" for none).

    ``before`` asks for the page of older listens that follows; "" after the last one.
    """

    listens: tuple[ListenItem, ...]
    cursor: str
    before: str = ""


# --- Doors ----------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Access:
    """What a service has to be told; "" for what it does not ask for.

    ``token`` and ``user_name`` are the person's, ``app_key`` and ``app_secret`` the
    host's; ``auth_url`` is the page where the person says yes, or finds the token.
    """

    url: str
    auth_url: str = ""
    token: str = ""
    user_name: str = ""
    app_key: str = ""
    app_secret: str = ""


class Service(Protocol):
    """A service opened for one person. Every method raises source errors.

    ``pause`` is how many seconds the service wants to be left alone after the latest
    answer; 0 where it did not say.
    """

    @property
    def pause(self) -> int: ...

    def top_artists(self, time_range: str) -> tuple[ArtistItem, ...] | None:
        """The closest artists first; None where the service cannot say yet."""

    def top_tracks(self, time_range: str) -> tuple[TrackItem, ...] | None:
        """The closest tracks first; None where the service cannot say yet."""

    def recently_played(self, cursor: str, *, before: str, now: datetime) -> RecentPage:
        """Listens after ``cursor`` ("" for the latest), and before ``before``."""


class Way(Enum):
    """How a person comes in by a door."""

    SIGN_IN = "sign in"
    NAME = "name and proof"
    CONSENT = "consent"
    UPLOAD = "upload"
    PICK = "pick"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Proof:
    """Whose profile it is, as the service says."""

    user_name: str


@dataclass(frozen=True, slots=True)
class Credit:
    """Who is thanked where the source's names are shown."""

    text: str
    url: str


@dataclass(frozen=True, slots=True)
class Words:
    """What a person reads of a source: when it is off, connected, and resting."""

    off: str = ""
    connected: str = ""
    nothing_yet: str = ""


@dataclass(frozen=True, slots=True)
class Door:
    """Everything the rest of the project knows of a source.

    key, label   in addresses, and on pages
    way          how people come in
    url          root of the service's API; "" where nothing is called
    auth_url     page of the service where people say yes, or find what proves who
                 they are; "" where there is none
    open         open the service for one person; None where nothing is fetched
    prove        find out whose profile an ``Access`` opens; raises source errors
    consent_url  where the person says yes, given access and the address to return to
    needs_key    whether the host needs a key: without one the door is not shown
    gap_ms       milliseconds between two calls of the whole site
    lists        which ranked lists the service has, "artists" and "tracks"
    ranges       what a time range truly covers there, where it is not what it says
    timeliness   of the same play in two sources the higher one is shown
    """

    key: str
    label: str
    way: Way
    words: Words
    url: str = ""
    auth_url: str = ""
    open: Callable[[requests.Session, Access], Service] | None = None
    prove: Callable[[requests.Session, Access], Proof] | None = None
    consent_url: Callable[[Access, str], str] | None = None
    needs_key: bool = False
    gap_ms: int = 0
    lists: tuple[str, ...] = ("artists", "tracks")
    ranges: Mapping[str, str] = field(default_factory=dict)
    timeliness: int = 0
    credit: Credit | None = None


# --- Tags -----------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Tag:
    """A word people gave an artist. ``is_curated``: the service lists it as a genre."""

    name: str
    count: int
    is_curated: bool = False


@dataclass(frozen=True, slots=True)
class ArtistKey:
    """What an artist is looked up by: the name, and ids where they are known."""

    name: str
    mbid: str | None = None
    isrcs: tuple[str, ...] = ()
