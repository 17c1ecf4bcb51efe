"""Waiting until the site is at rest, and comparing what was sent with what is there."""

import time
from pathlib import Path

import psycopg

from musicmatch.proofs.population import Cast
from musicmatch.proofs.site import Site

_LONGEST_REST = 240.0
_LOOK_SECONDS = 1.0


def settle(site: Site, *, seconds: float = _LONGEST_REST) -> float:
    """Wait until no import is on its way; returns after how many seconds that was."""
    began = time.monotonic()
    while moving(site) and time.monotonic() - began < seconds:
        time.sleep(_LOOK_SECONDS)
    return time.monotonic() - began


def moving(site: Site) -> int:
    """How many imports have not ended."""
    with psycopg.connect(site.options.database_url) as server:
        row = server.execute(
            "SELECT count(*) FROM ingest_importrun"
            " WHERE state IN ('queued', 'running', 'waiting')"
        ).fetchone()
    return int(row[0]) if row else 0


def cast_for(site: Site, people: int, *, part: int = 0) -> Cast:
    """Sign people of the site in, by a command: its own key seals sessions."""
    path = site.folder / "cast.json"
    site.manage(
        *("prove_fill", "--people", "0", "--sessions", str(people)),
        *("--cast", str(path), "--part", str(part)),
    )
    return Cast.read(path)


def verify(site: Site, journal: Path, *, tastes: int | None = None) -> tuple[str, bool]:
    """Run ``verify_integrity``; returns what it said, and whether nothing differs."""
    sample = [] if tastes is None else ["--tastes", str(tastes)]
    said = site.manage(
        "verify_integrity", "--journal", str(journal), *sample, check=False
    )
    return said.strip(), "Nothing differs." in said
