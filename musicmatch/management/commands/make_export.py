"""Write a made-up Spotify export, to try the upload with."""

from argparse import ArgumentParser, ArgumentTypeError
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from musicmatch.standins.exports import Plan, write_exports
from musicmatch.standins.exports.diary import MOST_A_DAY


class Command(BaseCommand):
    help = (
        "Write the Spotify export of somebody who does not exist: extended history,"
        " and account data that overlaps its last year. The same numbers always give"
        " the same files."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--years", type=int, default=10)
        parser.add_argument("--plays", type=int, default=150_000)
        parser.add_argument("--out", type=Path, required=True, metavar="DIR")
        parser.add_argument("--seed", type=int, default=7)
        parser.add_argument(
            "--until", type=_day, metavar="YYYY-MM-DD", help="the last day; today"
        )
        parser.add_argument("--extended", action="store_true", help="only extended")
        parser.add_argument("--account", action="store_true", help="only account data")
        form = parser.add_mutually_exclusive_group()
        form.add_argument("--zip", action="store_true", help="as archives (default)")
        form.add_argument("--bare", action="store_true", help="as folders of files")
        parser.add_argument(
            "--messy", action="store_true", help="damaged here and there"
        )

    def handle(self, *, out: Path, **options: Any) -> None:
        plan = Plan(
            years=options["years"],
            plays=options["plays"],
            until=options["until"] or timezone.now(),
            seed=options["seed"],
        )
        if not 1 <= plan.years <= 20:
            raise CommandError("Give from 1 to 20 years.")
        most = plan.days * MOST_A_DAY
        if not 1 <= plan.plays <= most:
            raise CommandError(f"Give from 1 to {most:,} plays for so many years.")
        asked = {name for name in ("extended", "account") if options[name]}
        written = write_exports(
            out,
            plan,
            extended="extended" in asked or not asked,
            account="account" in asked or not asked,
            is_zipped=not options["bare"],
            is_messy=options["messy"],
        )
        for package in written:
            files = "1 file" if package.files == 1 else f"{package.files} files"
            self.stdout.write(f"{package.path}: {package.rows:,} rows in {files}.")


def _day(text: str) -> datetime:
    try:
        return datetime.strptime(text, "%Y-%m-%d").replace(hour=23, tzinfo=UTC)
    except ValueError as error:
        raise ArgumentTypeError(f"{text!r} is no day such as 2026-11-22") from error
