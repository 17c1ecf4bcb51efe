"""Measure the site as it is hosted, with many people on it at once."""

import os
import time
from argparse import ArgumentParser
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from musicmatch.proofs import load
from musicmatch.proofs.figures import Tally, percentile
from musicmatch.proofs.load import Load, Pressure, sources_of_all
from musicmatch.proofs.memory import Watch
from musicmatch.proofs.population import Cast
from musicmatch.proofs.settling import cast_for, settle, verify
from musicmatch.proofs.site import DidNotStart, Site

_WARM_SECONDS = 10.0
_BARE_SECONDS = 10.0
_LOOK_SECONDS = 15.0


class Command(BaseCommand):
    help = (
        "Start the stack on DATABASE_URL and REDIS_URL, which prove_fill has filled,"
        " and let many people read, write, ask and import at once. Says how many"
        " answers a second and how long they took, beside a bare page of one query on"
        " the same gunicorn, and what each process holds in memory. Compares"
        " everything sent with everything stored. Ends with 1 on any error."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--people", type=int, default=400, help="who act in turn")
        parser.add_argument("--seconds", type=float, default=60.0)
        parser.add_argument("--users", type=int, default=8, help="who act at once")
        parser.add_argument(
            "--pause", type=float, default=0.0, help="seconds of rest between two acts"
        )
        parser.add_argument(
            "--part", type=int, default=0, help="others, where a load went before"
        )
        parser.add_argument("--proxy", action="store_true", help="through Caddy's TLS")
        parser.add_argument(
            "--no-imports", action="store_false", dest="imports", help="none of them"
        )
        parser.add_argument(
            "--tastes", type=int, metavar="N", help="compare those of N people only"
        )

    def handle(self, **options: Any) -> None:
        for name in ("DATABASE_URL", "REDIS_URL"):
            if not os.environ.get(name):
                raise CommandError(f"Set {name} to what prove_fill has filled.")
        with TemporaryDirectory(prefix="musicmatch-proof-") as folder:
            site = Site(
                Path(folder),
                database_url=os.environ["DATABASE_URL"],
                redis_url=os.environ["REDIS_URL"],
                has_proxy=options["proxy"],
            )
            try:
                with site:
                    failed = self._prove(site, options)
            except DidNotStart as error:
                raise CommandError(str(error)) from error
        if failed:
            raise CommandError(f"Not proved: {', '.join(failed)}.")

    def _prove(self, site: Site, options: dict[str, Any]) -> list[str]:
        self._say(site.manage("rebuild_index").strip())
        cast = cast_for(site, options["people"], part=options["part"])
        journal = site.folder / "journal"
        tally, elapsed = self._load(site, cast, journal, options)
        failed = ["errors"] if tally.errors else []
        self._say(f"At rest after {settle(site):.0f} s.")
        said, is_whole = verify(site, journal, tastes=options["tastes"])
        self._say(said)
        return failed if is_whole else [*failed, "differences"]

    def _load(
        self, site: Site, cast: Cast, journal: Path, options: dict[str, Any]
    ) -> tuple[Tally, float]:
        pressure = Pressure(options["users"], options["pause"])
        self._bare(site, cast, pressure.users, _WARM_SECONDS)
        before = self._bare(site, cast, pressure.users, _BARE_SECONDS)
        watch, began = Watch(site.run_folder), time.monotonic()
        sources = sources_of_all() if options["imports"] else None
        with Load(
            site.address, cast, pressure, journal=journal, sources=sources
        ) as running:
            while (gone := time.monotonic() - began) < options["seconds"]:
                watch.look(gone)
                time.sleep(min(_LOOK_SECONDS, options["seconds"] - gone))
            watch.look(time.monotonic() - began)
        after = self._bare(site, cast, pressure.users, _BARE_SECONDS)
        tally = running.tally
        self._say(
            f"{pressure.users} people at once for {running.elapsed:.0f} s,"
            f" {len(cast.members)} in turn:"
        )
        for line in tally.lines(running.elapsed):
            self._say(line)
        self._compare(tally, running.elapsed, before, after)
        for trend in watch.trends():
            self._say(str(trend))
        return tally, running.elapsed

    def _bare(self, site: Site, cast: Cast, users: int, seconds: float) -> Tally:
        return load.bare_rate(site.address, cast, users=users, seconds=seconds)

    def _compare(
        self, tally: Tally, elapsed: float, before: Tally, after: Tally
    ) -> None:
        bare = before.merged() + after.merged()
        rate = len(bare) / (2 * _BARE_SECONDS)
        ours = tally.answers / elapsed
        halves = (before.answers / _BARE_SECONDS, after.answers / _BARE_SECONDS)
        p50, p95, p99 = (1000 * percentile(bare, point) for point in (50, 95, 99))
        self._say(
            f"bare page: {rate:.1f} per s ({halves[0]:.1f} before, {halves[1]:.1f}"
            f" after), p50 {p50:.0f} ms, p95 {p95:.0f}, p99 {p99:.0f};"
            f" errors: {before.errors + after.errors}"
        )
        times = rate / max(ours, 0.001)
        self._say(f"An answer of the mix takes {times:.2f} times a bare page.")

    def _say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()
