"""What each process of the stack holds in memory, its share of what is shared."""

from collections import defaultdict
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from statistics import linear_regression

_PROC = Path("/proc")
_MEGA = 1024


def processes(run_folder: Path) -> dict[str, list[int]]:
    """Process numbers of web and worker by kind: a head, and those it forked."""
    children = _children()
    found: dict[str, list[int]] = {}
    for kind in ("web", "worker"):
        with suppress(OSError, ValueError):
            head = int((run_folder / f"{kind}.pid").read_text())
            found[f"{kind} head"] = [head]
            found[kind] = sorted(children[head])
    return found


def _children() -> dict[int, list[int]]:
    found: dict[int, list[int]] = defaultdict(list)
    for entry in _PROC.iterdir():
        if not entry.name.isdigit():
            continue
        with suppress(OSError):
            after_name = (entry / "stat").read_text().rpartition(")")[2].split()
            found[int(after_name[1])].append(int(entry.name))
    return found


def pss_megabytes(pid: int) -> float:
    """Raises ``OSError`` for a process that has gone."""
    for line in (_PROC / str(pid) / "smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) / _MEGA
    raise OSError(f"Process {pid} does not say what it holds.")


@dataclass(frozen=True, slots=True)
class Trend:
    """How one process did over a while: seconds and megabytes of each look."""

    name: str
    looks: tuple[tuple[float, float], ...]

    @property
    def per_hour(self) -> float:
        """Megabytes an hour, by a straight line through the second half."""
        half = self.looks[len(self.looks) // 2 :]
        if len(half) < 2:
            return 0.0
        times, sizes = zip(*half, strict=True)
        return linear_regression(times, sizes).slope * 3600

    def __str__(self) -> str:
        sizes = [size for _, size in self.looks]
        middle = sizes[len(sizes) // 2]
        return (
            f"{self.name}: {sizes[0]:.0f} MB at first, {middle:.0f} half-way,"
            f" {sizes[-1]:.0f} at the end; {max(sizes):.0f} at most;"
            f" {self.per_hour:+.1f} MB an hour in the second half"
        )


class Watch:
    """Looks at every process now and then."""

    def __init__(self, run_folder: Path) -> None:
        self._run_folder = run_folder
        self._looks: dict[str, list[tuple[float, float]]] = defaultdict(list)

    def look(self, at: float) -> None:
        for kind, pids in processes(self._run_folder).items():
            for pid in pids:
                with suppress(OSError):
                    size = pss_megabytes(pid)
                    self._looks[f"{kind} {pid}"].append((at, size))

    def trends(self) -> list[Trend]:
        return [Trend(name, tuple(looks)) for name, looks in self._looks.items()]
