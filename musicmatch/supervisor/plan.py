"""What ``manage.py up`` has decided, handed to the supervisor as JSON."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self


@dataclass(frozen=True, slots=True)
class Plan:
    """One run of the site on one machine.

    ``steps`` are management commands to run once, in order, before the site
    starts. ``redis_url`` is the host's own queue, or "" for the embedded one.
    ``standin`` starts a pretend Spotify; ``services`` names the others that are
    played by stand-ins.
    """

    port: int
    data_dir: Path
    base_dir: Path
    redis_url: str = ""
    standin: bool = False
    services: tuple[str, ...] = ()
    follow_parent: bool = False
    steps: tuple[tuple[str, ...], ...] = ()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def log_dir(self) -> Path:
        return self.data_dir / "log"

    def to_json(self) -> str:
        return json.dumps(asdict(self), default=str)

    @classmethod
    def from_json(cls, text: str) -> Self:
        values = json.loads(text)
        for name in ("data_dir", "base_dir"):
            values[name] = Path(values[name])
        values["services"] = tuple(values["services"])
        values["steps"] = tuple(tuple(step) for step in values["steps"])
        return cls(**values)


def unfinished(data_dir: Path, step: str) -> Path:
    """Return the file that is there from a step's start to its good end."""
    return data_dir / f"{step}.unfinished"
