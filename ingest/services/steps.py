"""The calls an import of Spotify is made of, and what they gave so far.

A run keeps the answers of its steps in ``ImportRun.staged``; a step that is
there is never fetched again.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ingest.models import ImportRun, TimeRange
from ingest.services.listening import Listening
from ingest.sources.base import ArtistItem, AudioItem, ListenItem, TrackItem
from ingest.sources.spotify import AUDIO_PAGE, SpotifySource

_RANGES = [TimeRange.SHORT, TimeRange.MEDIUM, TimeRange.LONG]
_RECENT = "recent"
_AUDIO = "audio"
Staged = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Step:
    """One call: ``artists:long_term``, ``tracks:…``, ``recent`` or ``audio:0``."""

    key: str

    @property
    def label(self) -> str:
        kind, _, detail = self.key.partition(":")
        if kind in {"artists", "tracks"}:
            return f"Reading your top {kind}: {TimeRange(detail).label.lower()}"
        if kind == _AUDIO:
            return "Reading how your tracks sound"
        return "Reading your recent listens"


def plan(kind: str) -> list[Step]:
    """Return the calls every run of this kind makes."""
    if kind == ImportRun.Kind.RECENT:
        return [Step(_RECENT)]
    tops = [Step(f"{t}:{r}") for t in ("artists", "tracks") for r in _RANGES]
    return [*tops, Step(_RECENT)]


def audio_steps(staged: Staged, known: set[str]) -> list[Step]:
    """Return the calls for the sound of tracks that are not ``known`` yet."""
    pages = -(-len(audio_ids(staged, known)) // AUDIO_PAGE)
    return [Step(f"{_AUDIO}:{page}") for page in range(pages)]


def has_genres(staged: Staged) -> bool:
    """Whether Spotify names genres to this site's app.

    Only apps that still get genres may still get audio features, so all others
    are spared a call that is always refused.
    """
    return any(
        row.get("genres")
        for key, rows in staged.items()
        if key.startswith("artists:")
        for row in rows
    )


def audio_ids(staged: Staged, known: set[str]) -> list[str]:
    ids = {
        row["spotify_id"]
        for key, rows in staged.items()
        if key.startswith("tracks:")
        for row in rows
        if "spotify_id" in row
    }
    return sorted(ids - known)


def fetch(
    step: Step,
    source: SpotifySource,
    *,
    cursor: str,
    ids: Sequence[str],
    now: datetime,
) -> Any:
    """Make one call and return its answer as JSON; raises a source error."""
    kind, _, detail = step.key.partition(":")
    if kind == "artists":
        return [item.to_json() for item in source.top_artists(detail)]
    if kind == "tracks":
        return [item.to_json() for item in source.top_tracks(detail)]
    if kind == _AUDIO:
        page = ids[int(detail) * AUDIO_PAGE : (int(detail) + 1) * AUDIO_PAGE]
        return [item.to_json() for item in source.audio_features(page)]
    heard = source.recently_played(cursor, now=now)
    return {
        "listens": [item.to_json() for item in heard.listens],
        "cursor": heard.cursor,
    }


def counts(staged: Staged) -> dict[str, int]:
    """Return how much was found so far, for the progress a person sees."""
    artists: set[str] = set()
    genres: set[str] = set()
    tracks: set[str] = set()
    for key, rows in staged.items():
        if key.startswith("artists:"):
            artists.update(row["name"] for row in rows)
            genres.update(g for row in rows for g in row.get("genres", ()))
        elif key.startswith("tracks:"):
            tracks.update(f"{r['artist']['name']} {r['name']}" for r in rows)
    return {
        "artists_count": len(artists),
        "genres_count": len(genres),
        "tracks_count": len(tracks),
        "listens_count": len(staged.get(_RECENT, {}).get("listens", ())),
    }


def cursor_of(staged: Staged) -> str:
    return str(staged.get(_RECENT, {}).get("cursor", ""))


def listening_of(staged: Staged, kind: str) -> Listening:
    """Turn the kept answers into what is written."""
    listens = staged.get(_RECENT, {}).get("listens", ())
    heard = tuple(ListenItem.from_json(row) for row in listens)
    if kind == ImportRun.Kind.RECENT:
        return Listening(listens=heard)
    audio = [
        AudioItem.from_json(row)
        for key, rows in staged.items()
        if key.startswith(_AUDIO)
        for row in rows
    ]
    return Listening(
        artists={
            r: tuple(ArtistItem.from_json(row) for row in staged[f"artists:{r}"])
            for r in _RANGES
        },
        tracks={
            r: tuple(TrackItem.from_json(row) for row in staged[f"tracks:{r}"])
            for r in _RANGES
        },
        listens=heard,
        audio={item.spotify_id: item for item in audio},
    )
