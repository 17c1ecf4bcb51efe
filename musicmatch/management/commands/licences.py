"""List the packages of a host with their licences."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from musicmatch.licences import packages, table


class Command(BaseCommand):
    help = "List every package the site runs with, its version and its licence."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--markdown", action="store_true", help="as in docs/third-party.md"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        found = packages()
        if options["markdown"]:
            self.stdout.write(table(found))
        else:
            for package in found:
                name, version, licence = package
                self.stdout.write(f"{name:28}{version:16}{licence}")
        refused = [package.name for package in found if not package.is_allowed]
        if refused:
            raise CommandError(f"Not allowed here, or not known: {', '.join(refused)}")
