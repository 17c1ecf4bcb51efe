"""How the index stands: what is in the folder, and how far it is behind."""

from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from django.conf import settings

from matching import editions, engine
from matching.changes import newest_seq, newest_seq_for
from matching.engine.store import read_manifest
from matching.models import Edition
from matching.services.building import build_is_running
from matching.services.index import changed_since, index_is_long, why_due
from matching.services.keeping import keepers_live


@dataclass(frozen=True, slots=True)
class SegmentStatus:
    """One part of the index: its rows, those hidden, and its bytes."""

    people: int
    hidden: int
    size: int


@dataclass(frozen=True, slots=True)
class OlderGeneration:
    """A generation kept to fall back on; ``wrong`` says why it cannot be read."""

    generation: int
    wrong: str = ""


@dataclass(frozen=True, slots=True)
class MachineStatus:
    """A folder of index files that is looked after, as its machine last told."""

    host: str
    ready: int
    serves: int


@dataclass(frozen=True, slots=True)
class IndexStatus:
    """``wrong`` says why there is no index to read; the rest is then unknown.

    counted_in    generation the statistics were counted in
    written_at    aware, when the current generation was written
    watermark     seq up to which changes are inside
    changes       tastes changed and people departed since
    vectors       artists with a direction; 0 where there are too few people
    artists       artists anyone had when the statistics were counted
    size          bytes of the current generation's files
    due           why it has to be built anew, "" when it need not be
    is_long       whether it has to be compacted
    is_building   whether a builder is at work right now
    edition       number of the statistics used here; ``edition_serving`` of those every
                  machine is to use, ``edition_newest`` of the last counted
    machines      those that are up, this one among them
    """

    wrong: str = ""
    generation: int = 0
    score_version: int = engine.SCORE_VERSION
    counted_in: int = 0
    built_at: datetime | None = None
    written_at: datetime | None = None
    watermark: int = 0
    newest_seq: int = 0
    changes: int = 0
    people: int = 0
    segments: list[SegmentStatus] = field(default_factory=list)
    vectors: int = 0
    artists: int = 0
    files: int = 0
    size: int = 0
    older: list[OlderGeneration] = field(default_factory=list)
    due: str = ""
    is_long: bool = False
    is_building: bool = False
    edition: int = 0
    edition_serving: int = 0
    edition_newest: int = 0
    machines: list[MachineStatus] = field(default_factory=list)

    @property
    def machines_behind(self) -> int:
        """Machines that still build their index under the newest statistics."""
        return sum(machine.ready < self.edition_newest for machine in self.machines)

    @property
    def bytes_per_person(self) -> float | None:
        return self.size / self.people if self.people else None

    def as_dict(self) -> dict[str, Any]:
        """Everything as plain values; moments in ISO 8601."""
        found = asdict(self) | {"bytes_per_person": self.bytes_per_person}
        for name in ("built_at", "written_at"):
            found[name] = found[name].isoformat() if found[name] else None
        return found


def index_status(*, now: datetime) -> IndexStatus:
    """Look at the index folder and the database; nothing is changed."""
    folder = Path(settings.INDEX_DIR)
    always: dict[str, Any] = {
        "newest_seq": newest_seq(),
        "is_building": build_is_running(),
        "due": why_due(now=now),
        "edition_serving": _number_of(editions.serving()),
        "edition_newest": _number_of(editions.newest()),
        "machines": [
            MachineStatus(keeper.host, keeper.ready, keeper.serves)
            for keeper in keepers_live()
        ],
    }
    try:
        index = engine.Index.load(folder)
        newest_seq_for(index.watermark)
        manifest = read_manifest(folder)
    except (engine.IndexMissing, engine.IndexCorrupt) as error:
        return IndexStatus(wrong=str(error), older=_older(folder, None), **always)
    parts = manifest["parts"]
    statistics = index.statistics.content
    return IndexStatus(
        generation=index.generation,
        counted_in=_number(parts["statistics"]["file"]),
        built_at=index.built_at,
        written_at=_written_at(folder, now),
        watermark=index.watermark,
        changes=changed_since(index.watermark),
        people=len(index),
        segments=_segments(index, parts),
        vectors=len(statistics.vectors),
        artists=len(statistics.artists.ids),
        files=len(parts),
        size=sum(int(part["size"]) for part in parts.values()),
        older=_older(folder, index.generation),
        is_long=index_is_long(),
        edition=index.edition,
        **always,
    )


def _number_of(edition: Edition | None) -> int:
    return edition.number if edition else 0


def _segments(index: engine.Index, parts: dict[str, Any]) -> list[SegmentStatus]:
    return [
        SegmentStatus(
            len(segment.content),
            len(hidden.content.rows),
            int(parts[f"segment-{number}"]["size"]),
        )
        for number, (segment, hidden) in enumerate(index.segments)
    ]


def _older(folder: Path, current: int | None) -> list[OlderGeneration]:
    found = []
    for generation in engine.generations(folder):
        if generation == current:
            continue
        try:
            engine.Index.load(folder, generation)
        except (engine.IndexMissing, engine.IndexCorrupt) as error:
            found.append(OlderGeneration(generation, str(error)))
        else:
            found.append(OlderGeneration(generation))
    return found


def _written_at(folder: Path, now: datetime) -> datetime:
    seconds = (folder / "MANIFEST.json").stat().st_mtime
    return datetime.fromtimestamp(seconds, now.tzinfo)


def _number(file: str) -> int:
    """The generation that wrote a file, by its name."""
    return int(Path(file).stem.rpartition("-")[2])
