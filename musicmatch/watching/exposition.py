"""All counts of this machine in the words of Prometheus."""

from collections.abc import Iterator
from pathlib import Path
from secrets import compare_digest

from prometheus_client import CollectorRegistry, Metric, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from musicmatch.watching import metrics
from musicmatch.watching.folders import Group, groups

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class Counts(Collector):
    """What every group of processes with a folder here has counted.

    Each count says which group it is of: one that starts anew counts from nothing, and
    in a sum that would look as if everybody had done something twice.
    """

    def __init__(self, root: Path) -> None:
        self.root = root

    def collect(self) -> Iterator[Metric]:
        found: dict[str, Metric] = {}
        for group in groups(self.root):
            for one in _of(group):
                whole = found.setdefault(
                    one.name, Metric(one.name, one.documentation, one.type)
                )
                whole.samples += one.samples
        yield from found.values() or _of_this_process()


def _of(group: Group) -> Iterator[Metric]:
    names = {"process": group.process, "group": group.name}
    merged = MultiProcessCollector.merge(group.files)  # type: ignore[no-untyped-call]
    for metric in merged:
        yield _named(metric, names)


def _of_this_process() -> Iterator[Metric]:
    """What a process counts that has no group, such as Django's own server."""
    for metric in metrics.registry.collect():
        yield _named(metric, {"process": "web", "group": "alone"})


def _named(metric: Metric, names: dict[str, str]) -> Metric:
    metric.samples = [
        sample._replace(labels={**sample.labels, **names}) for sample in metric.samples
    ]
    return metric


def exposed(*collectors: Collector) -> bytes:
    """Everything these collect, as text."""
    registry = CollectorRegistry()
    for one in collectors:
        registry.register(one)
    return generate_latest(registry)


def may_read(authorization: str, token: str) -> bool:
    """Whether a header bears the token; no time tells how much of it was right."""
    scheme, _, given = authorization.partition(" ")
    is_right = compare_digest(given.strip().encode(), token.encode())
    return bool(token) and scheme.lower() == "bearer" and is_right
