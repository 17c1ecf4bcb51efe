"""How the whole site stands, on one page for whoever runs it."""

import platform
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache

import django
from django.conf import settings
from django.core.checks import CheckMessage, run_checks
from django.db import connection
from django.db.models import Count, Max

from ingest.models import ImportRun, Source
from matching.engine import SCORE_VERSION
from musicmatch import health
from musicmatch.checks.common import TAG
from musicmatch.models import CareRun
from musicmatch.watching.queue import waiting

_LATELY = timedelta(hours=24)
_NAMES = {
    "database": "Database",
    "cache": "Cache",
    "broker": "Queue",
    "worker": "Worker and beat",
    "index": "Index",
}


@dataclass(frozen=True, slots=True)
class Thing:
    """``facts`` say what is known, ``words`` what is wrong; "" where nothing is."""

    name: str
    ok: bool
    facts: str
    words: str


@dataclass(frozen=True, slots=True)
class Imports:
    """Imports of one source: how those of the last day ended, and the latest good."""

    label: str
    done: int
    failed: int
    under_way: int
    done_at: datetime | None


@dataclass(frozen=True, slots=True)
class Queue:
    count: int
    oldest_at: datetime | None


@dataclass(frozen=True, slots=True)
class StatusPage:
    """``queue`` is None while it does not answer."""

    things: tuple[Thing, ...]
    queue: Queue | None
    imports: tuple[Imports, ...]
    care: tuple[CareRun, ...]
    settings: tuple[CheckMessage, ...]
    versions: tuple[tuple[str, str], ...]
    metrics: bool
    reports: bool


def status_page(now: datetime) -> StatusPage:
    """Read the whole page; the number of queries does not depend on how much is there.

    Whatever is away is said to be away: this is the page one looks at then.
    """
    found = health.look(now)
    return StatusPage(
        things=tuple(map(_thing, found)),
        queue=_queue(),
        imports=tuple(_imports(now)),
        care=tuple(_care()),
        settings=tuple(run_checks(tags=[TAG])),
        versions=tuple(_versions()),
        metrics=bool(settings.METRICS_TOKEN),
        reports=bool(settings.SENTRY_DSN),
    )


def _thing(finding: health.Finding) -> Thing:
    facts = dict(finding.facts)
    said = []
    if "generation" in facts:
        said.append(f"Generation {facts['generation']}, {facts['people']} people")
    if "age_seconds" in facts:
        about = "built" if finding.name == "index" else "latest sign of life"
        said.append(f"{about} {health.span(abs(facts['age_seconds']))} ago")
    sentence = ", ".join(said)
    return Thing(
        _NAMES[finding.name],
        finding.ok,
        f"{sentence[:1].upper()}{sentence[1:]}." if sentence else "",
        finding.words,
    )


def _queue() -> Queue | None:
    found = waiting()
    if found is None:
        return None
    oldest = found.oldest_at
    return Queue(found.count, datetime.fromtimestamp(oldest, UTC) if oldest else None)


def _imports(now: datetime) -> Iterator[Imports]:
    """Count by source; the latest good one is looked for among those that are kept."""
    ended = ImportRun.objects.filter(finished_at__gte=now - _LATELY)
    counted = ended.values("source", "state").annotate(n=Count("pk")).order_by()
    lately = {(row["source"], row["state"]): row["n"] for row in counted}
    rows = ImportRun.objects.active().values("source").annotate(n=Count("pk"))
    under_way = dict(rows.order_by().values_list("source", "n"))
    done = ImportRun.objects.filter(state=ImportRun.State.DONE).values("source")
    latest = dict(
        done.annotate(at=Max("finished_at")).order_by().values_list("source", "at")
    )
    for source in Source:
        well = lately.get((source, ImportRun.State.DONE), 0)
        badly = lately.get((source, ImportRun.State.FAILED), 0)
        active = under_way.get(source, 0)
        if well or badly or active or source in latest:
            yield Imports(source.label, well, badly, active, latest.get(source))


def _care() -> Iterator[CareRun]:
    """The latest of each kind of care."""
    for kind in CareRun.Kind:
        run = CareRun.objects.newest(kind)
        if run is not None:
            yield run


def _versions() -> Iterator[tuple[str, str]]:
    yield "Musicmatch", _own_version()
    yield "Score", str(SCORE_VERSION)
    yield "Python", platform.python_version()
    yield "Django", django.get_version()
    version = ".".join(map(str, connection.get_database_version()))
    yield connection.display_name, version


@cache
def _own_version() -> str:
    text = (settings.BASE_DIR / "pyproject.toml").read_text(encoding="utf-8")
    return str(tomllib.loads(text)["project"]["version"])
