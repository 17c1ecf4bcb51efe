"""How fast exports are read, and how much memory and room their plays take.

python -m tests.ingest.sources.export.measure
"""

import gc
import json
import resource
import sys
import tempfile
import time
import tracemalloc
import zipfile
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ingest.sources.export import History, open_upload, pack_month
from musicmatch.standins.exports import Plan, write_exports

_BEST_OF = 5
UNTIL = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")


def resident() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def fastest(work: Callable[[], Any]) -> float:
    """Processor seconds of the best of several runs."""
    found = []
    for _ in range(_BEST_OF):
        began = time.process_time()
        work()
        found.append(time.process_time() - began)
    return min(found)


def read(path: Path) -> tuple[int, int]:
    with open_upload([(path.name, path)], now=UNTIL) as upload:
        plays = sum(1 for _ in upload.plays())
        return plays, plays + upload.left_out.total()


def fold(path: Path) -> History:
    history = History(now=UNTIL)
    with open_upload([(path.name, path)], now=UNTIL) as upload:
        upload.read_into(history)
    return history


def parsed(path: Path) -> None:
    """The same rows by the library alone, a whole file at once, for comparison."""
    with zipfile.ZipFile(path) as packed:
        for name in packed.namelist():
            if name.endswith(".json"):
                json.loads(packed.read(name))


def measure(path: Path) -> None:
    plays, rows = read(path)
    seconds = fastest(lambda: read(path))
    say(
        f"{rows:,} rows read in {seconds:.2f} s: {rows / seconds:,.0f} rows a second,"
        f" {plays / seconds:,.0f} plays a second; {resident():.0f} MB resident"
    )
    say(f"  folded too: {plays / fastest(lambda: fold(path)):,.0f} plays a second")
    gc.collect()
    tracemalloc.start()
    history = fold(path)
    gc.collect()
    waiting, most = tracemalloc.get_traced_memory()
    months = history.months
    gc.collect()
    whole, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    say(
        f"  waiting to be folded: {waiting / plays:.1f} bytes a play with all names,"
        f" {most / 2**20:.1f} MB at most; the result {(whole - waiting) / 2**20:.1f} MB"
    )
    ids = {key: number for number, key in enumerate(sorted(history.names), start=1)}
    packed = [
        pack_month(
            replace(
                month,
                **{
                    name: {ids[key]: n for key, n in getattr(month, name).items()}
                    for name in ("artists", "firsts", "lasts")
                },
            )
        )
        for month in months.values()
    ]
    pairs, size = sum(len(m.artists) for m in months.values()), sum(map(len, packed))
    say(
        f"  packed: {size:,} bytes, {size / pairs:.1f} for each of {pairs:,} artists of"
        f" {len(months)} months"
    )


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        paths = []
        for years, plays in ((10, 150_000), (20, 300_000)):
            plan = Plan(years=years, plays=plays, until=UNTIL)
            (written,) = write_exports(Path(folder, str(plays)), plan, account=False)
            paths.append(written.path)
        say(f"{resident():.0f} MB resident after writing the exports")
        for path in paths:
            measure(path)
        seconds = fastest(lambda: parsed(paths[0]))
        say(f"json.loads of the smaller one's files: {seconds:.2f} s")


if __name__ == "__main__":
    main()
