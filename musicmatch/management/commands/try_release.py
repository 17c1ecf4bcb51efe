"""Rehearse a deploy and the way back, with people on the site."""

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from musicmatch.deploying import compatibility
from musicmatch.deploying.rehearsal import Outcome, rehearse


class Command(BaseCommand):
    help = (
        "Run the code of an earlier revision against the schema of this one and back,"
        " in a database of its own on the PostgreSQL of DATABASE_URL, while people sign"
        " in, look at boards and explanations and write to each other. Ends with 1 when"
        " a step fails, or a message is lost or doubled. Needs the Git repository."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--old", default=compatibility.former_revision())
        parser.add_argument("--seconds", type=float, default=10.0, help="a phase")
        parser.add_argument("--people", type=int, default=60)

    def handle(self, *, old: str, seconds: float, people: int, **_: Any) -> None:
        if not settings.DATABASES["default"]["ENGINE"].endswith("postgresql"):
            raise CommandError("DATABASE_URL has to name a PostgreSQL.")
        outcome = rehearse(
            old=old, seconds=seconds, people=people, say=self.stdout.write
        )
        for line in _lines(outcome):
            self.stdout.write(line)
        if not outcome.is_good:
            raise CommandError("Not everything went well.")


def _lines(outcome: Outcome) -> list[str]:
    tally = outcome.tally
    lines = [
        f"{phase}: {count:,} requests, {tally.journeys[phase]:,} journeys,"
        f" {tally.broken[phase]} broken"
        for phase, count in tally.requests.items()
    ]
    return [
        *lines,
        *tally.words[:20],
        f"{len(tally.sent):,} messages sent, {outcome.lost} lost,"
        f" {outcome.doubled} doubled",
    ]
