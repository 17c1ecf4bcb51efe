"""Look at everything a host might wonder about."""

import json
from argparse import ArgumentParser
from collections.abc import Iterator
from dataclasses import asdict
from datetime import datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from musicmatch.care.doctor.configuration import send_mail
from musicmatch.care.doctor.lines import Line, State
from musicmatch.care.doctor.looking import look


class Command(BaseCommand):
    help = (
        "Look at settings, secrets, disks, database, Redis, worker, index, sources,"
        " mails, backups: a line each, with what to do next. Changes nothing. Ends"
        " with 1 when anything fails."
    )
    # They are what is asked about.
    requires_system_checks: Any = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="for a program")
        parser.add_argument("--mail-to", metavar="ADDRESS", help="send one mail there")

    def handle(self, *, mail_to: str | None, **options: Any) -> None:
        lines = []
        for line in _lines(timezone.now(), mail_to):
            lines.append(line)
            if not options["json"]:
                self._tell(line)
        if options["json"]:
            self.stdout.write(json.dumps([asdict(line) for line in lines], indent=1))
        failed = [line.name for line in lines if line.state is State.FAIL]
        if failed:
            raise CommandError(f"Something fails: {', '.join(dict.fromkeys(failed))}.")

    def _tell(self, line: Line) -> None:
        style = {
            State.OK: self.style.SUCCESS,
            State.WARN: self.style.WARNING,
            State.FAIL: self.style.ERROR,
        }[line.state]
        self.stdout.write(f"{style(f'{line.state:<4}')}  {line.name}: {line.words}")
        if line.advice:
            self.stdout.write(f"      → {line.advice}")


def _lines(now: datetime, mail_to: str | None) -> Iterator[Line]:
    yield from look(now)
    if mail_to:
        yield send_mail(mail_to)
