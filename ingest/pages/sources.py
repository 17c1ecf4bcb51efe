"""What the page about one's own sources reads."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from django.db.models import Count

from accounts import gate
from accounts.models import User
from ingest.models import (
    ImportRun,
    Listen,
    ListeningMonth,
    Source,
    SourceLink,
    TopArtist,
    TopTrack,
)
from ingest.pages.doors import WayIn, way_in
from ingest.pages.words import counted
from ingest.services import doors
from ingest.sources.base import Credit, Way

_STATE_LABELS = {
    "off": "Not connected",
    "connected": "Connected",
    "needs_reconnect": "Needs to be connected again",
    "resting": "Resting",
    "not_allowed": "Not on the list",
    "failed": "The latest import failed",
}
# In these states another consent, or another name, is what may help.
_TO_CONNECT = {"off", "needs_reconnect", "not_allowed"}
_CHANGEABLE = {Way.PICK, Way.UPLOAD}
_ASKS = {Way.NAME, Way.CONSENT}


@dataclass(frozen=True, slots=True)
class SourceRow:
    """One source of a person, or one they could use."""

    source: Source
    link: SourceLink | None
    latest_run: ImportRun | None = None
    resting_until: datetime | None = None
    is_open: bool = True
    gave: Mapping[str, int] = field(default_factory=dict)

    @property
    def key(self) -> str:
        return self.source.value

    @property
    def label(self) -> str:
        return self.source.label

    @property
    def credit(self) -> Credit | None:
        return self.source.door.credit if self.link else None

    @property
    def is_used(self) -> bool:
        return self.link is None or self.link.is_used

    @property
    def state(self) -> str:
        if self.link is None or not self.link.is_used:
            return "off"
        state = self.link.state
        if self.resting_until and state in {"connected", "failed"}:
            return "resting"
        return state

    @property
    def state_label(self) -> str:
        if self.link is not None and not self.link.is_used:
            return "Switched off"
        if self.source.door.way is Way.PICK and self.link is None:
            return "Nothing picked yet"
        return _STATE_LABELS[self.state]

    @property
    def explanation(self) -> str:
        """The reason of the state, else what the door says of itself."""
        if self.link is None:
            return self.source.door.words.off
        if not self.link.is_used:
            return (
                "Kept as it is, and not part of your taste. Switched on again, it"
                " counts as before."
            )
        if self.state == "resting":
            return (
                f"{self.label} asked this site to wait. Your import goes on by itself."
            )
        is_well = self.state == "connected"
        return self.link.reason or self.source.door.words.connected * is_well

    @property
    def gave_text(self) -> str:
        kinds = ("artist", "track", "listen", "month")
        parts = [counted(self.gave.get(k, 0), k) for k in kinds if self.gave.get(k)]
        return ", ".join(parts)

    @property
    def way_in(self) -> WayIn | None:
        """The button that connects, or changes what was given; None without need."""
        if not self.is_open or self.resting_until and self.source.door.way in _ASKS:
            return None
        if self.link is not None and not self.link.is_used:
            return None
        way = self.source.door.way
        may_ask = self.state == "failed" and way in _ASKS
        if way in _CHANGEABLE or self.state in _TO_CONNECT or may_ask:
            again = self.link is not None and way not in _CHANGEABLE
            return way_in(self.source, again=again)
        return None

    @property
    def is_settled(self) -> bool:
        """Whether the button leads on only, with nothing to mend behind it."""
        return self.state in {"connected", "not_allowed", "failed"}

    @property
    def can_sync(self) -> bool:
        fetches = self.source.door.open is not None
        return fetches and self.is_open and self.state in {"connected", "failed"}


def source_rows(person: User, now: datetime) -> list[SourceRow]:
    """Return a row for each open door and each source this person uses."""
    links = {link.source: link for link in SourceLink.objects.filter(person=person)}
    runs = _latest_runs(person)
    gave = _gave(person)
    return [
        SourceRow(
            source,
            links.get(source),
            runs.get(source),
            _resting_until(source, now),
            doors.is_open(source),
            gave.get(source, {}),
        )
        for source in Source
        if source in links or doors.is_open(source)
    ]


def _resting_until(source: Source, now: datetime) -> datetime | None:
    if source.door.open is None:
        return None
    closed = gate.closure(source, now)
    return closed.until if closed else None


def _latest_runs(person: User) -> dict[str, ImportRun]:
    runs = ImportRun.objects.filter(person=person).defer("staged")
    return {run.source: run for run in runs.order_by("-queued_at", "-pk")[:60][::-1]}


def _gave(person: User) -> dict[str, dict[str, int]]:
    """Count what each source gave, by kind, in a query a kind."""
    found: dict[str, dict[str, int]] = {}
    for kind, model, what in (
        ("artist", TopArtist, Count("artist", distinct=True)),
        ("track", TopTrack, Count("track", distinct=True)),
        ("listen", Listen, Count("pk")),
        ("month", ListeningMonth, Count("pk")),
    ):
        rows = model._default_manager.filter(person=person).values_list("source")
        for source, count in rows.annotate(count=what).order_by("source"):
            found.setdefault(source, {})[kind] = count
    return found
