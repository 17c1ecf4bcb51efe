"""The calls an import is made of, and what they gave so far.

A run keeps the answers of its steps in ``ImportRun.staged``, packed; a step that is
there is never fetched again. The steps are the same for every source.
"""

import base64
import json
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol, runtime_checkable

from ingest.models import ImportRun, Source, TimeRange
from ingest.services.listening import Listening
from ingest.sources.base import (
    RANGES,
    ArtistItem,
    AudioItem,
    ListenItem,
    Service,
    TrackItem,
)

AUDIO_PAGE = 100
# Pages of recent listens in one run: a first import may find years of them.
_MOST_PAGES = 12
_RECENT = "recent"
_AUDIO = "audio"
Staged = dict[str, Any]


@runtime_checkable
class HearsSound(Protocol):
    """A service that also says how tracks sound."""

    def audio_features(self, ids: Sequence[str]) -> tuple[AudioItem, ...]: ...


@dataclass(frozen=True, slots=True)
class Step:
    """One call: ``artists:long_term``, ``tracks:…``, ``recent``, ``audio:0``.

    ``recent:1`` and on are the older pages of ``recent``.
    """

    key: str
    # Of ranked lists: what time they cover at this source.
    covers: str = ""

    @property
    def label(self) -> str:
        kind, _, _ = self.key.partition(":")
        if kind in {"artists", "tracks"}:
            return f"Reading your top {kind}: {self.covers}"
        if kind == _AUDIO:
            return "Reading how your tracks sound"
        return "Reading your recent listens"


def packed(answer: Any) -> str:
    """Make an answer short: all of them are written again before every call."""
    text = json.dumps(answer, separators=(",", ":"))
    return base64.b64encode(zlib.compress(text.encode(), level=1)).decode()


def unpacked(kept: Staged) -> Staged:
    """Return the answers a run keeps, as they were before they were packed."""
    return {key: _unpacked(value) for key, value in kept.items()}


def _unpacked(value: Any) -> Any:
    if not isinstance(value, str):
        # Kept by a version of this site that did not pack.
        return value
    return json.loads(zlib.decompress(base64.b64decode(value)))


def plan(source: Source, kind: str) -> list[Step]:
    """Return the calls every run of this kind makes."""
    if kind == ImportRun.Kind.RECENT:
        return [Step(_RECENT)]
    covers = {r: source.door.ranges.get(r, _usual(r)) for r in RANGES}
    tops = [Step(f"{t}:{r}", covers[r]) for t in source.door.lists for r in RANGES]
    return [*tops, Step(_RECENT)]


def _usual(time_range: str) -> str:
    return TimeRange(time_range).label.lower()


def next_page(staged: Staged) -> Step | None:
    """Return the call for the next page of older listens, if there is one."""
    pages = list(_pages(staged))
    if not pages or not pages[-1].get("before") or len(pages) >= _MOST_PAGES:
        return None
    return Step(f"{_RECENT}:{len(pages)}")


def _pages(staged: Staged) -> Iterator[dict[str, Any]]:
    """What was found of recent listens, newest page first."""
    for number in range(_MOST_PAGES):
        key = f"{_RECENT}:{number}" if number else _RECENT
        if key not in staged:
            return
        yield staged[key]


def _listens(staged: Staged) -> list[dict[str, Any]]:
    return [row for page in _pages(staged) for row in page["listens"]]


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
        for row in rows or ()
    )


def audio_ids(staged: Staged, known: set[str]) -> list[str]:
    ids = {
        row["spotify_id"]
        for key, rows in staged.items()
        if key.startswith("tracks:")
        for row in rows or ()
        if "spotify_id" in row
    }
    return sorted(ids - known)


def fetch(
    step: Step,
    service: Service,
    *,
    staged: Staged,
    cursor: str,
    ids: Sequence[str],
    now: datetime,
) -> Any:
    """Make one call and return its answer as JSON; raises a source error."""
    kind, _, detail = step.key.partition(":")
    if kind == "artists":
        return _json(service.top_artists(detail))
    if kind == "tracks":
        return _json(service.top_tracks(detail))
    if kind == _AUDIO and isinstance(service, HearsSound):
        page = ids[int(detail) * AUDIO_PAGE : (int(detail) + 1) * AUDIO_PAGE]
        return _json(service.audio_features(page))
    pages = list(_pages(staged))
    before = str(pages[-1]["before"]) if pages else ""
    heard = service.recently_played(cursor, before=before, now=now)
    return {
        "listens": _json(heard.listens),
        "cursor": heard.cursor,
        "before": heard.before,
    }


def _json(items: Sequence[Any] | None) -> list[dict[str, Any]] | None:
    return None if items is None else [item.to_json() for item in items]


def counts(staged: Staged) -> dict[str, int]:
    """Return how much was found so far, for the progress a person sees."""
    artists: set[str] = set()
    genres: set[str] = set()
    tracks: set[str] = set()
    for key, rows in staged.items():
        if key.startswith("artists:"):
            artists.update(row["name"] for row in rows or ())
            genres.update(g for row in rows or () for g in row.get("genres", ()))
        elif key.startswith("tracks:"):
            tracks.update(f"{r['artist']['name']} {r['name']}" for r in rows or ())
    return {
        "artists_count": len(artists),
        "genres_count": len(genres),
        "tracks_count": len(tracks),
        "listens_count": len(_listens(staged)),
    }


def cursor_of(staged: Staged) -> str:
    """Where the next import goes on: after the newest listen of the newest page."""
    return str(staged.get(_RECENT, {}).get("cursor", ""))


def listening_of(staged: Staged, source: Source, kind: str) -> Listening:
    """Turn the kept answers into what is written.

    A list the service could not give yet is left out: the one we have stays.
    """
    heard = tuple(ListenItem.from_json(row) for row in _listens(staged))
    if kind == ImportRun.Kind.RECENT:
        return Listening(listens=heard)
    audio = [
        AudioItem.from_json(row)
        for key, rows in staged.items()
        if key.startswith(_AUDIO)
        for row in rows or ()
    ]
    return Listening(
        artists={
            time_range: tuple(map(ArtistItem.from_json, rows))
            for time_range, rows in _ranges(staged, "artists")
        }
        or None,
        tracks={
            time_range: tuple(map(TrackItem.from_json, rows))
            for time_range, rows in _ranges(staged, "tracks")
        }
        or None,
        listens=heard,
        audio={item.spotify_id: item for item in audio},
    )


def _ranges(staged: Staged, kind: str) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    for time_range in RANGES:
        rows = staged.get(f"{kind}:{time_range}")
        if rows is not None:
            yield time_range, rows
