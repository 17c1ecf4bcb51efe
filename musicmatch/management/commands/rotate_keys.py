"""Encrypt everything with the newest key, or say which keys are still needed."""

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from musicmatch.care import rotation
from musicmatch.care.rotation import Tally

_NAMED = 20


class Command(BaseCommand):
    help = (
        "Encrypt with the first of FIELD_ENCRYPTION_KEYS what is encrypted with a later"
        " one. Safe while the site runs, if every process has been restarted with the"
        " new list; stopped, it goes on where it was. Ends with 1 when a value is left"
        " that no key opens, or that kept changing."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--check",
            action="store_true",
            help="change nothing: say which keys may be dropped; ends with 1 when an"
            " older key is still needed",
        )

    def handle(self, *, check: bool, **_: Any) -> None:
        tallies = rotation.keys_count() if check else rotation.keys_rotate()
        for tally in tallies:
            self._tell(tally)
        for name in [name for tally in tallies for name in tally.busy]:
            self.stdout.write(f"The site kept changing {name}; run this again.")
        self._tell_keys(tallies)
        self._end(tallies, is_check=check)

    def _tell(self, tally: Tally) -> None:
        done = f", {tally.rewritten} rewritten" if tally.rewritten else ""
        self.stdout.write(f"{tally.column}: {tally.values} values{done}.")
        for place, count in sorted(tally.by_key.items()):
            self.stdout.write(f"  {count} under key {place + 1}")
        for name in tally.unopened[:_NAMED]:
            self.stdout.write(f"  no key opens {name}")
        if len(tally.unopened) > _NAMED:
            more = len(tally.unopened) - _NAMED
            self.stdout.write(f"  … and {more} more rows that no key opens")

    def _tell_keys(self, tallies: list[Tally]) -> None:
        unneeded = rotation.unneeded_keys(tallies)
        older = range(1, len(settings.FIELD_ENCRYPTION_KEYS))
        if not older:
            self.stdout.write("There is one key, and it is needed.")
        for place in older:
            may = "may be dropped" if place in unneeded else "is still needed"
            self.stdout.write(f"Key {place + 1} of FIELD_ENCRYPTION_KEYS {may}.")

    def _end(self, tallies: list[Tally], *, is_check: bool) -> None:
        older = len(settings.FIELD_ENCRYPTION_KEYS) - 1
        if is_check and len(rotation.unneeded_keys(tallies)) < older:
            raise CommandError(
                "An older key is still needed. Run manage.py rotate_keys first."
            )
        if any(tally.unopened for tally in tallies):
            raise CommandError(
                "Some values open with no key. If an earlier key is at hand, put it"
                " at the end of FIELD_ENCRYPTION_KEYS; else the people concerned"
                " connect that service anew."
            )
        if any(tally.busy for tally in tallies):
            raise CommandError("Not everything could be rewritten. Run this again.")
