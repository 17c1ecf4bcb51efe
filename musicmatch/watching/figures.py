"""How the site stands, whichever of its machines is asked."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from django.conf import settings
from django.db import DatabaseError
from django.db.models import Count, Min
from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from ingest.models import ImportRun
from matching import engine
from matching.engine.store import read_manifest
from musicmatch import health
from musicmatch.watching.queue import waiting


class Figures(Collector):
    """Looked at when somebody asks, and the same from every web machine."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def collect(self) -> Iterator[Metric]:
        found = {one.name: one for one in health.look(self.now)}
        up = GaugeMetricFamily(
            "musicmatch_up", "Whether a thing the site needs is there.", labels=["what"]
        )
        for one in found.values():
            up.add_metric([one.name], float(one.ok))
        yield up
        yield from _facts(found["worker"], "age_seconds")
        yield from _facts(found["index"], "age_seconds", "generation", "people")
        yield from _index_size()
        if found["broker"].ok:
            yield from self._queue()
        if found["database"].ok:
            yield from self._imports()

    def _queue(self) -> Iterator[Metric]:
        queue = waiting()
        if queue is None:
            return
        yield GaugeMetricFamily(
            "musicmatch_queue_length", "Tasks that wait for a worker.", queue.count
        )
        oldest = queue.oldest_at
        yield GaugeMetricFamily(
            "musicmatch_queue_oldest_seconds",
            "Seconds the task that is next has waited.",
            max(0.0, self.now.timestamp() - oldest) if oldest else 0.0,
        )

    def _imports(self) -> Iterator[Metric]:
        under_way = GaugeMetricFamily(
            "musicmatch_imports_active",
            "Imports that are not at their end.",
            labels=["source", "state"],
        )
        try:
            rows = ImportRun.objects.active().values("source", "state")
            counted = rows.annotate(count=Count("pk")).order_by("source", "state")
            for row in counted:
                under_way.add_metric([row["source"], row["state"]], row["count"])
            queued = ImportRun.objects.filter(state=ImportRun.State.QUEUED)
            oldest = queued.aggregate(at=Min("queued_at"))["at"]
        except DatabaseError:
            return
        yield under_way
        yield GaugeMetricFamily(
            "musicmatch_import_oldest_queued_seconds",
            "Seconds the import that has waited longest was queued ago.",
            (self.now - oldest).total_seconds() if oldest else 0.0,
        )


def _facts(finding: health.Finding, *names: str) -> Iterator[Metric]:
    words = {
        "age_seconds": "How long ago, in seconds: heard of a worker, built the index.",
        "generation": "Number of the current generation.",
        "people": "People in it.",
    }
    for name in names:
        if name in finding.facts:
            metric = f"musicmatch_{finding.name}_{name}"
            yield GaugeMetricFamily(metric, words[name], finding.facts[name])


def _index_size() -> Iterator[Metric]:
    try:
        parts = read_manifest(Path(settings.INDEX_DIR))["parts"]
        size = sum(int(part["size"]) for part in parts.values())
    except (engine.IndexMissing, engine.IndexCorrupt, KeyError, TypeError):
        return
    yield GaugeMetricFamily("musicmatch_index_bytes", "Bytes of its files.", size)
