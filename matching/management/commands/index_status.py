"""Say how the index stands."""

import json
import sys
from argparse import ArgumentParser
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand
from django.utils import timezone
from django.utils.timesince import timesince

from matching.status import IndexStatus, index_status


class Command(BaseCommand):
    help = (
        "Say which generation of the index is in use, how large it is, how far behind"
        " the database, and whether it is due to be built. Ends with 1 when there is"
        " none that can be read."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="as one JSON object")

    def handle(self, *, json: bool, **_: Any) -> None:
        now = timezone.now()
        status = index_status(now=now)
        if json:
            self.stdout.write(_as_json(status))
        else:
            for line in _lines(status, now):
                self.stdout.write(line)
        if status.wrong:
            sys.exit(1)


def _as_json(status: IndexStatus) -> str:
    return json.dumps(status.as_dict(), indent=1, sort_keys=True)


def _lines(status: IndexStatus, now: datetime) -> Iterator[str]:
    if status.wrong:
        yield f"No index can be read in {settings.INDEX_DIR}: {status.wrong}"
        yield from _older(status)
        yield f"Due to be built: {status.due}."
    else:
        yield from _current(status, now)
        yield from _older(status)
        yield from _due(status)
    yield from _machines(status)
    if status.is_building:
        yield "A builder is at work."


def _current(status: IndexStatus, now: datetime) -> Iterator[str]:
    yield (
        f"Generation {status.generation}, score version {status.score_version},"
        f" in {settings.INDEX_DIR}"
    )
    yield f"Built {_when(status.built_at, now)}"
    if status.counted_in != status.generation:
        yield f"Compacted since, last {_when(status.written_at, now)}"
    yield (
        f"Knows changes up to {status.watermark};"
        f" {_many(status.changes, 'change')} since"
    )
    yield f"{_many(status.people, 'person', 'people')} in {_segments(status)}"
    vectors = f"{_many(status.artists, 'artist')}, {status.vectors} with a direction"
    yield vectors if status.vectors else f"{vectors}: too few people to fit any"
    per_person = status.bytes_per_person
    each = "" if per_person is None else f", {per_person:,.0f} a person"
    yield f"{_many(status.files, 'file')}, {status.size:,} bytes{each}"


def _segments(status: IndexStatus) -> str:
    sizes = [
        f"{segment.people:,}" + (f" ({segment.hidden:,} hidden)" * bool(segment.hidden))
        for segment in status.segments
    ]
    return f"{_many(len(sizes), 'segment')}: {', '.join(sizes) or 'none'}"


def _older(status: IndexStatus) -> Iterator[str]:
    for kept in status.older:
        state = (
            f"which cannot be read: {kept.wrong}" if kept.wrong else "to fall back on"
        )
        yield f"Generation {kept.generation} is kept, {state}"


def _due(status: IndexStatus) -> Iterator[str]:
    if status.due:
        yield f"Due to be built: {status.due}."
    elif status.is_long:
        yield "Due to be compacted: much changed since."
    else:
        yield "Not due."


def _machines(status: IndexStatus) -> Iterator[str]:
    if status.edition != status.edition_serving:
        yield (
            f"Edition {status.edition_serving} of the statistics serves; here it is"
            f" {status.edition or 'none'}"
        )
    if status.machines_behind:
        yield (
            f"Edition {status.edition_newest} is being built:"
            f" {_many(status.machines_behind, 'machine')} of"
            f" {len(status.machines)} to go"
        )
    elif len(status.machines) > 1:
        yield f"{len(status.machines)} machines keep an index"


def _when(moment: datetime | None, now: datetime) -> str:
    if moment is None:
        return "at an unknown time"
    stamp = f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
    if moment > now:
        return f"{stamp}, which is in the future"
    ago = timesince(moment, now).replace("\xa0", " ")
    return f"{stamp}, {ago} ago"


def _many(count: int, one: str, several: str = "") -> str:
    return f"{count:,} {one if count == 1 else several or one + 's'}"
