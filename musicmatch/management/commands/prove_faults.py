"""Break the site on purpose while people are on it, and look for what was lost."""

import subprocess
import time
from argparse import ArgumentParser
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from musicmatch.proofs.faults import FAULTS, Fault
from musicmatch.proofs.faults.stage import NotHere, Stage
from musicmatch.proofs.load import Load, Pressure, sources_of_all
from musicmatch.proofs.newcomers import CameNotIn
from musicmatch.proofs.servers import Postgres, Redis, kept_or_temporary
from musicmatch.proofs.settling import cast_for, settle, verify
from musicmatch.proofs.site import DidNotStart, Site

_BEFORE_SECONDS = 6.0
_AFTER_SECONDS = 6.0
_INDEX_BYTES = "48m"


class Command(BaseCommand):
    help = (
        "Start a Postgres, a Redis, stand-ins of the services and the stack, all of"
        " them to be thrown away; let people read, write and import; and break one"
        " thing after the other. After each, everything sent is compared with"
        " everything stored. Ends with 1 when anything was lost, doubled or shown as"
        " code. Faults: " + ", ".join(fault.name for fault in FAULTS) + "."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("faults", nargs="*", metavar="FAULT", help="all")
        parser.add_argument("--people", type=int, default=1200)
        parser.add_argument("--members", type=int, default=24, help="who act in turn")
        parser.add_argument("--users", type=int, default=6, help="who act at once")
        parser.add_argument("--pause", type=float, default=0.3)
        parser.add_argument("--proxy", action="store_true", help="through Caddy's TLS")
        parser.add_argument("--folder", type=Path, help="kept; a temporary one if none")

    def handle(
        self, *, faults: Sequence[str], folder: Path | None, **options: Any
    ) -> None:
        chosen = [one for one in FAULTS if not faults or one.name in faults]
        unknown = {*faults} - {one.name for one in chosen}
        if unknown:
            raise CommandError(f"There is no fault {', '.join(sorted(unknown))}.")
        try:
            with kept_or_temporary(folder) as place:
                failed = self._prove(chosen, place, options)
        except DidNotStart as error:
            raise CommandError(str(error)) from error
        if failed:
            raise CommandError(f"Not proved: {', '.join(failed)}.")

    def _prove(
        self, chosen: Sequence[Fault], folder: Path, options: dict[str, Any]
    ) -> list[str]:
        with (
            Postgres(folder / "postgres") as postgres,
            Redis(folder / "redis") as redis,
        ):
            site = Site(
                folder / "site",
                database_url=postgres.url,
                redis_url=redis.url,
                has_proxy=options["proxy"],
            )
            with _room_for_index(site), site:
                site.manage("prove_fill", "--people", str(options["people"]))
                site.manage("rebuild_index")
                self._say(f"{options['people']} people at {site.address}.")
                return [
                    fault.name
                    for part, fault in enumerate(chosen)
                    if not self._try(fault, part, (site, postgres, redis), options)
                ]

    def _try(
        self,
        fault: Fault,
        part: int,
        servers: tuple[Site, Postgres, Redis],
        options: dict[str, Any],
    ) -> bool:
        """Break one thing under load; returns whether nothing was lost by it."""
        site, postgres, redis = servers
        self._say(f"\n{fault.name}: {fault.what}")
        journal = site.folder / f"journal-{fault.name}"
        load = Load(
            site.address,
            cast_for(site, options["members"], part=part),
            Pressure(options["users"], options["pause"]),
            journal=journal,
            sources=sources_of_all(),
        )
        stage = Stage(site, postgres, redis, load)
        is_here = True
        with load:
            time.sleep(_BEFORE_SECONDS)
            began = time.monotonic()
            try:
                fault.happen(stage)
            except (NotHere, CameNotIn, OSError) as error:
                self._say(f"  not run to its end: {error}")
                is_here = False
            time.sleep(_AFTER_SECONDS)
        self._tell(stage, began)
        rest = settle(site)
        said, is_whole = verify(site, journal)
        for line in said.splitlines():
            if line.startswith("Sent: "):
                self._say(f"  {line}")
        self._say(f"  at rest after {rest:.0f} s")
        self._say("  nothing differs" if is_whole else said)
        return is_here and is_whole and not load.tally.code_shown

    def _tell(self, stage: Stage, began: float) -> None:
        for note in stage.notes:
            self._say(f"  {note}")
        tally = stage.load.tally
        latest = tally.latest_failure
        last = "" if latest is None else f", the last {latest - began:.1f} s after"
        self._say(
            f"  {tally.answers} answers in {stage.load.elapsed:.0f} s,"
            f" {tally.errors} errors{last}"
        )
        for failure, times in tally.failures.most_common():
            code = ", WITH CODE" if failure.shows_code else ""
            self._say(f"    {times} × {failure.action}: {failure.saw}{code}")
        for refusal, times in tally.refused.items():
            self._say(f"    {times} × refused: {refusal}")

    def _say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()


@contextmanager
def _room_for_index(site: Site) -> Iterator[None]:
    """Give the index a small file system of its own, where one may be mounted."""
    folder = site.data_folder / "index"
    folder.mkdir(parents=True)
    mount = ["mount", "-t", "tmpfs", "-o", f"size={_INDEX_BYTES},mode=777", "index"]
    mounted = subprocess.run(  # noqa: S603 - our own command
        [*mount, str(folder)], capture_output=True, check=False
    )
    try:
        yield
    finally:
        if mounted.returncode == 0:
            subprocess.run(["umount", str(folder)], check=False)  # noqa: S603, S607
