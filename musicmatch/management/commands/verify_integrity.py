"""Compare everything stored with everything else, and with what was sent."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from musicmatch import integrity
from musicmatch.integrity import sent
from musicmatch.integrity.journal import Journal


class Command(BaseCommand):
    help = (
        "Compare what is stored across tables: threads, connections, imports, lists,"
        " tastes, mails, moderators' decisions, the index. Only reads; meant for a site"
        " at rest, whose workers have done what waited. Ends with 1 when anything"
        " differs, with a line for each difference."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--journal",
            type=Path,
            metavar="FILE",
            help="what prove_load or prove_faults sent: each action acknowledged is"
            " stored once, none that was refused",
        )

        parser.add_argument(
            "--tastes",
            type=int,
            metavar="N",
            help="compute tastes of N people only, drawn anew each time; an hour's"
            " work for a million",
        )

    def handle(self, *, journal: Path | None, tastes: int | None, **_: Any) -> None:
        checks = integrity.checks(now=timezone.now(), tastes_of=tastes)
        different = sum(map(self._tell, checks))
        if journal is not None:
            different += self._compare(journal)
        if different:
            raise CommandError(f"Differences: {different}.")
        self.stdout.write("Nothing differs.")

    def _compare(self, path: Path) -> int:
        try:
            journal = Journal.read(path)
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise CommandError(
                f"{path} cannot be read as a journal: {error}"
            ) from error
        self.stdout.write(f"Sent: {sent.summary(journal)}.")
        what = "everything sent against everything stored"
        return self._tell(integrity.compared(what, lambda: sent.differences(journal)))

    def _tell(self, check: integrity.Check) -> int:
        state = "differ" if check.differences else "the same"
        self.stdout.write(f"{check.what}: {state} ({check.seconds:.1f} s)")
        for words in check.differences:
            self.stdout.write(f"  {words}")
        if check.more:
            self.stdout.write(f"  and {check.more} more")
        return len(check.differences) + check.more
