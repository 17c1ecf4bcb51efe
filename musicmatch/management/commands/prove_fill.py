"""Make the people of a load or fault proof, and sign some of them in."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from musicmatch.proofs.population import NotEmpty, cast_of, community_fill


class Command(BaseCommand):
    help = (
        "Fill an empty database with a synthetic community: ranked lists, tastes,"
        " connections, messages. Never on a database with people in it. With --cast,"
        " open sessions for some and write them to a file that a load acts by; with"
        " --people 0 for people of an earlier call."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--people", type=int, default=2000)
        parser.add_argument("--sessions", type=int, default=400)
        parser.add_argument("--part", type=int, default=0, help="others each time")
        parser.add_argument("--cast", type=Path, metavar="FILE")

    def handle(
        self, *, people: int, sessions: int, part: int, cast: Path | None, **_: Any
    ) -> None:
        if people:
            try:
                for done in community_fill(people, now=timezone.now()):
                    self.stdout.write(done)
                    self.stdout.flush()
            except NotEmpty as error:
                raise CommandError(
                    "There are people here. Give DATABASE_URL an empty database."
                ) from error
        if cast is None:
            return
        made = cast_of(sessions, part=part)
        made.write(cast)
        self.stdout.write(f"{len(made.members)} of them are signed in: {cast}")
