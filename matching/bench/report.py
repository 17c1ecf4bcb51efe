"""The table of what was measured beside what is to be reached."""

import importlib.metadata
import os
import platform
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from django.db import connection

from matching.bench.measure import Figures

_EVERY_SIZE = 100_000


@dataclass(frozen=True, slots=True)
class Limit:
    """One line of the table.

    bounds are (must, moonshot) by number of people; under None, from 100,000 people on.
    """

    name: str
    value: Callable[[Figures], float | None]
    bounds: Mapping[int | None, tuple[float, float]]
    pattern: str = "{:.2f} ×"
    at_least: bool = False

    def bounds_for(self, people: int) -> tuple[float, float] | None:
        if people in self.bounds:
            return self.bounds[people]
        return self.bounds.get(None) if people >= _EVERY_SIZE else None

    def is_met(self, value: float, bound: float) -> bool:
        return value >= bound if self.at_least else value <= bound

    def text(self, value: float) -> str:
        return self.pattern.format(value)

    def bound_text(self, bound: float) -> str:
        return f"{'≥' if self.at_least else '≤'} {self.pattern.format(bound)}"


def _ratio(above: str, below: str) -> Callable[[Figures], float | None]:
    def value(figures: Figures) -> float | None:
        if figures.get(above) is None or figures.get(below) is None:
            return None
        return float(figures[above] / figures[below])

    return value


def _plain(key: str) -> Callable[[Figures], float | None]:
    return lambda figures: figures.get(key)


LIMITS = (
    Limit(
        "boards equal to everyone ranked",
        _plain("boards_equal"),
        {10_000: (1.0, 1.0), None: (1.0, 1.0)},
        "{:.0%}",
        at_least=True,
    ),
    Limit(
        "board p50 / faiss Flat p50",
        _ratio("board_p50_ms", "faiss_flat_p50_ms"),
        {100_000: (0.6, 0.3), 1_000_000: (0.4, 0.2)},
    ),
    Limit(
        "worst legal query / board p50",
        _ratio("worst_ms", "board_p50_ms"),
        {None: (4.0, 2.0)},
    ),
    Limit(
        "predecessor's loop / board p50",
        _ratio("predecessor_ms", "board_p50_ms"),
        {10_000: (2_000.0, 6_000.0)},
        "{:,.0f} ×",
        at_least=True,
    ),
    Limit(
        "board p50 / reading its postings once",
        _ratio("board_p50_ms", "read_limit_ms"),
        {1_000_000: (15.0, 5.0)},
    ),
    Limit(
        "index files per person",
        _plain("index_bytes_per_person"),
        {None: (1_000.0, 600.0)},
        "{:,.0f} B",
    ),
    Limit(
        "database per person for matching",
        _plain("db_bytes_per_person"),
        {None: (700.0, 450.0)},
        "{:,.0f} B",
    ),
    Limit(
        "full build from the database",
        _plain("build_s"),
        {1_000_000: (40.0, 10.0)},
        "{:.1f} s",
    ),
    Limit(
        "change seen by others / board p50",
        _ratio("change_visible_ms", "board_p50_ms"),
        {None: (2.0, 2.0)},
    ),
    Limit(
        "memory of two workers / index files",
        _plain("two_workers_ratio"),
        {None: (1.2, 1.05)},
    ),
)
_HEAD = ("", "measured", "must", "moonshot", "met")
_NOTHING = "–"


def missed(people: int, figures: Figures) -> list[str]:
    """Name what is not as it must be."""
    return [
        f"{limit.name} at {people:,} people"
        for limit in LIMITS
        if (bounds := limit.bounds_for(people)) is not None
        and (value := limit.value(figures)) is not None
        and not limit.is_met(value, bounds[0])
    ]


def table(people: int, figures: Figures) -> Iterator[str]:
    """Print one size: lines of text."""
    rows = [_HEAD, *(_row(limit, people, figures) for limit in LIMITS)]
    widths = [max(len(row[at]) for row in rows) for at in range(len(_HEAD))]
    yield f"{people:,} people"
    for row in rows:
        first, *rest = (
            cell.ljust(width) if at == 0 else cell.rjust(width)
            for at, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        yield "  ".join([first, *rest]).rstrip()
    yield from _remarks(figures)


def _row(limit: Limit, people: int, figures: Figures) -> tuple[str, ...]:
    value, bounds = limit.value(figures), limit.bounds_for(people)
    measured = _NOTHING if value is None else limit.text(value)
    if bounds is None:
        return limit.name, measured, _NOTHING, _NOTHING, _NOTHING
    must, moonshot = bounds
    return (
        limit.name,
        measured,
        limit.bound_text(must),
        limit.bound_text(moonshot),
        _verdict(limit, value, must, moonshot),
    )


def _verdict(limit: Limit, value: float | None, must: float, moonshot: float) -> str:
    if value is None:
        return _NOTHING
    if limit.is_met(value, moonshot):
        return "moonshot"
    return "yes" if limit.is_met(value, must) else "no"


def _remarks(figures: Figures) -> Iterator[str]:
    """Say the times behind the ratios."""
    yield (
        f"  board {_ms(figures, 'board_p50_ms')} (95 of 100 within"
        f" {_ms(figures, 'board_p95_ms')}), of one country"
        f" {_ms(figures, 'filtered_p50_ms')}, a whole page"
        f" {_ms(figures, 'page_p50_ms')}"
    )
    yield (
        f"  reading its lists {_ms(figures, 'read_limit_ms')},"
        f" {_ms(figures, 'read_in_one_piece_ms')} were they one piece;"
        f" change seen after {_ms(figures, 'change_visible_ms')}"
    )
    if (peak := figures.get("peak_bytes")) is not None:
        yield f"  most memory until the index was built: {peak / 1e9:.2f} GB"
    yield f"  worst {_ms(figures, 'worst_ms')}: {figures['worst_query']}"
    for name, key in (("Flat", "flat"), ("HNSW", "hnsw")):
        if figures.get(f"faiss_{key}_p50_ms") is not None:
            share = figures[f"{key}_recall@50"]
            yield (
                f"  faiss {name} {_ms(figures, f'faiss_{key}_p50_ms')},"
                f" finds {share:.0%} of our first fifty"
            )
    yield (
        f"  predecessor {_ms(figures, 'predecessor_ms')}, measured with"
        f" {figures['predecessor_people']:,} people"
    )
    if figures.get("two_workers_whole_ratio") is not None:
        share = figures["two_workers_whole_ratio"]
        yield f"  two workers with all they hold: {share:.2f} × the index files"
    yield from _growth(figures.get("growth"))


def _growth(growth: Figures | None) -> Iterator[str]:
    if growth is None:
        return
    sizes = " → ".join(f"{people:,}" for people in growth["people"])
    for key, name in (
        ("board_p50_ms", "board p50"),
        ("build_s", "build"),
        ("index_bytes", "index files"),
    ):
        first = growth[key][0]
        ratios = " → ".join(f"{value / first:.2f}" for value in growth[key])
        yield f"  growth of {name}, {sizes} people: {ratios}"


def _ms(figures: Figures, key: str) -> str:
    value = figures.get(key)
    return _NOTHING if value is None else f"{value:,.3g} ms"


def machine() -> dict[str, object]:
    """Say what it was measured on."""
    packages = ("numpy", "scipy", "django", "faiss-cpu")
    return {
        "cpu": _cpu(),
        "cores": os.cpu_count(),
        "memory_gb": _memory_gb(),
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "python": platform.python_version(),
        "database": _database(),
        "threads": 1,
        **{name.replace("-", "_"): _version(name) for name in packages},
    }


def _cpu() -> str:
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text("utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _memory_gb() -> float | None:
    try:
        pages, size = os.sysconf("SC_PHYS_PAGES"), os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):
        return None
    return round(pages * size / 2**30, 1)


def _database() -> str:
    version = ".".join(map(str, connection.get_database_version()))
    return f"{connection.display_name} {version}"


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None
