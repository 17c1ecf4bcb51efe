"""Delete what was kept long enough, now rather than tonight."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from musicmatch.care import retention

_MOST_SECONDS = 3600.0


class Command(BaseCommand):
    help = (
        "Delete what was kept for as long as the privacy page says: a worker does the"
        " same once a day."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--dry-run", action="store_true", help="only say how much is due"
        )

    def handle(self, *, dry_run: bool, **_: Any) -> None:
        if dry_run:
            counts = retention.retention_count(now=timezone.now())
            self._tell(counts, "are due")
            return
        run = retention.retention_run(clock=timezone.now, seconds=_MOST_SECONDS)
        self._tell(run.facts, "deleted")
        if not run.is_whole:
            self.stdout.write("The hour is up. Run this again for the rest.")

    def _tell(self, counts: dict[str, int], verb: str) -> None:
        for rule in retention.RULES:
            self.stdout.write(f"{counts[rule.name]:>8} {rule.words} {verb}")
