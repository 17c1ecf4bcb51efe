"""Measure the pages on which people meet, as their number grows."""

import subprocess
import sys
from argparse import SUPPRESS, ArgumentParser
from collections.abc import Mapping
from time import perf_counter
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import connection
from django.test import override_settings
from django.utils import timezone

from matching.bench.scratch import PREFIX, NoScratch, scratch_environment
from musicmatch.people_bench import VIEWERS, Cost, Crowd, Sizes, costs

MOST_QUERIES = 10
# The session, the person, and one of our own.
POLL_QUERIES = 3
MOST_GROWTH = 1.3
LEAST_CHEAPER = 5.0
_FILES = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
_PAGE, _POLL = "newest page of a thread", "asking for news, none there"


class Command(BaseCommand):
    help = (
        "Make people who write to each other in a database that is thrown away, on the"
        " server of DATABASE_URL, and measure their pages with a tenth of them and with"
        " all. Fails when a page asks the database too often; says which times grow."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--people", type=int, default=20_000)
        parser.add_argument("--connections", type=int, default=50_000)
        parser.add_argument("--messages", type=int, default=1_000_000)
        parser.add_argument("--tries", type=int, default=15, help="the best one counts")
        parser.add_argument("--inside", action="store_true", help=SUPPRESS)

    def handle(
        self,
        *,
        people: int,
        connections: int,
        messages: int,
        tries: int,
        inside: bool,
        **_: Any,
    ) -> None:
        sizes = Sizes(people, connections, messages)
        is_crowd = people >= 20 * VIEWERS and people <= connections <= 3 * people
        if not is_crowd or messages < connections:
            raise CommandError(
                f"Give at least {20 * VIEWERS} people, one to three connections for"
                " each, and at least as many messages."
            )
        if inside:
            self._measure(sizes, tries)
            return
        _apart(sizes, tries)

    def _measure(self, sizes: Sizes, tries: int) -> None:
        if not settings.DATA_DIR.name.startswith(PREFIX):
            raise CommandError("This would write into data that is kept.")
        call_command("migrate", verbosity=0)
        crowd = Crowd(sizes, now=timezone.now())
        # No file is asked for here, so none has to be collected and packed.
        settings.STATIC_ROOT.mkdir(exist_ok=True)
        with override_settings(STORAGES={**settings.STORAGES, "staticfiles": _FILES}):
            found = [self._costs(crowd, n, tries) for n in (sizes.tenth, sizes)]
        for line in table(*found):
            self.stdout.write(line)
        for missed in too_slow(*found):
            self.stdout.write(f"Over what it should be: {missed}.")
        broken = too_many(*found)
        if broken:
            raise CommandError("Too many queries: " + "; ".join(broken) + ".")

    def _costs(self, crowd: Crowd, upto: Sizes, tries: int) -> dict[str, Cost]:
        start = perf_counter()
        crowd.grow(upto)
        self.stdout.write(
            f"{upto.people:,} people, {upto.connections:,} connections,"
            f" {upto.messages:,} messages on {connection.vendor}:"
            f" {perf_counter() - start:.0f} s"
        )
        return costs(crowd.viewers, tries=tries)


def _apart(sizes: Sizes, tries: int) -> None:
    """Measure in a process of its own, where nothing is kept."""
    arguments = [f"--people={sizes.people}", f"--connections={sizes.connections}"]
    arguments += [f"--messages={sizes.messages}", f"--tries={tries}", "--inside"]
    try:
        with scratch_environment() as environment:
            code = subprocess.run(  # noqa: S603 - our own command
                [sys.executable, "-m", "django", "bench_people", *arguments],
                cwd=settings.BASE_DIR,
                env=environment,
                check=False,
            ).returncode
    except NoScratch as error:
        raise CommandError(
            f"The database server gave no database to measure in: {error}"
        ) from error
    if code:
        sys.exit(code)


# --- What was found -------------------------------------------------------

_Costs = Mapping[str, Cost]


def table(few: _Costs, many: _Costs) -> list[str]:
    head = f"{'':30}{'queries':>14}{'ms at a tenth':>16}{'ms at all':>12}{'ratio':>8}"
    lines = [head]
    for name, cost in many.items():
        before = few[name]
        queries = f"{before.queries} → {cost.queries}"
        lines.append(
            f"{name:30}{queries:>14}{before.milliseconds:>16.2f}"
            f"{cost.milliseconds:>12.2f}{_growth(before, cost):>8.2f}"
        )
    bare = many[_PAGE].bare
    lines.append(f"The ratio is that to a page that asks nothing, now {bare:.2f} ms.")
    lines.append(f"A poll costs 1/{_times_cheaper(many):.1f} of the page it stands on.")
    return lines


def too_many(few: _Costs, many: _Costs) -> list[str]:
    """Name what asks the database too often, or more often with more people."""
    broken = []
    for name, cost in many.items():
        most = POLL_QUERIES if name == _POLL else MOST_QUERIES
        if cost.queries > most or cost.queries != few[name].queries:
            queries = f"{few[name].queries} and {cost.queries}"
            broken.append(f"{name} asks {queries} times, at most {most}")
    return broken


def too_slow(few: _Costs, many: _Costs) -> list[str]:
    """Name what takes longer with more people, and a poll that costs like a page."""
    slow = []
    for name, cost in many.items():
        growth = _growth(few[name], cost)
        if growth > MOST_GROWTH:
            slow.append(
                f"{name} takes {growth:.2f} times as long, at most {MOST_GROWTH}"
            )
    if _times_cheaper(many) < LEAST_CHEAPER:
        slow.append(f"a poll costs more than 1/{LEAST_CHEAPER:.0f} of the page")
    return slow


def _growth(few: Cost, many: Cost) -> float:
    """How many times as long it takes, beside the bare page of the same moment."""
    return many.in_bare_pages / few.in_bare_pages


def _times_cheaper(many: _Costs) -> float:
    return many[_PAGE].milliseconds / many[_POLL].milliseconds
