"""What a fault has to work with."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import psycopg

from musicmatch.proofs.load import Load
from musicmatch.proofs.servers import Postgres, Redis
from musicmatch.proofs.site import Site, until

_SOON = 60.0
# A person would have gone on to something else by then.
_LONGEST_STATE = 40.0


class NotHere(Exception):
    """This machine cannot play the fault; the message says what is missing."""


@dataclass
class Stage:
    """The site, its servers and who is on it; ``notes`` are for whoever reads."""

    site: Site
    postgres: Postgres
    redis: Redis
    load: Load
    began: float = field(default_factory=time.monotonic)
    notes: list[str] = field(default_factory=list)

    def note(self, words: str) -> None:
        self.notes.append(words)

    def let_go_on(self, seconds: float) -> None:
        time.sleep(seconds)

    def came_back(self, what: str, condition: Callable[[], bool]) -> None:
        """Wait for a sign of life, and note how long it took."""
        began = time.monotonic()
        if until(condition, _SOON):
            self.note(f"{what} after {time.monotonic() - began:.1f} s")
        else:
            self.note(f"{what}: not within {_SOON:.0f} s")

    def rows(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.site.options.database_url) as server:
            return server.execute(query.encode(), values).fetchall()

    def change(self, statement: str, *values: Any) -> int:
        with psycopg.connect(self.site.options.database_url) as server:
            return server.execute(statement.encode(), values).rowcount

    def imports_held(self) -> int:
        """How many imports a worker is at right now."""
        [[count]] = self.rows(
            "SELECT count(*) FROM ingest_importrun WHERE state = 'running'"
            " AND lease_until IS NOT NULL"
        )
        return int(count)

    def wait_for_import(self) -> None:
        """Wait until a worker is in the middle of one."""
        if not until(lambda: self.imports_held() > 0, _LONGEST_STATE):
            self.note("no import was on its way")


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that goes wrong; ``what`` in words."""

    name: str
    what: str
    happen: Callable[[Stage], None]
