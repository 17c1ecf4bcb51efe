"""One person in a list of people, as it is printed."""

from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Entry:
    """None or "" for what is unknown or not shown; no score where nothing connects."""

    handle: str
    shown_name: str
    has_name: bool
    country: str
    last_active_at: datetime | None
    url: str
    sentence: str
    score: str = ""
    score_text: str = ""
    shared_artists: int | None = None
    percentile_text: str = ""
    genre_overlap: str | None = None
    audio_affinity: str | None = None
    parts: list[dict[str, object]] = field(default_factory=list)
    # Between the viewer and the person: accepted, sent, incoming, or "".
    state: str = ""

    def __getitem__(self, name: str) -> object:
        """Templates ask by key first; to fail at that takes longer than to answer."""
        return getattr(self, name)
