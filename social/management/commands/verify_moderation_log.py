"""``manage.py verify_moderation_log``: is what moderators did as it was written?"""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from social.services import log_check


class Command(BaseCommand):
    help = (
        "Follow the seals of the moderation log and name every row that was changed,"
        " deleted or added by hand. Write the last seal down where this database"
        " cannot reach, and give it back with --expect: that finds rows cut off at"
        " the end."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--expect",
            default="",
            metavar="SEAL",
            help="a last seal written down earlier",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        check = log_check(expected_seal=options["expect"].strip().lower())
        rows = f"{check.rows} row{'' if check.rows == 1 else 's'}"
        if check.faults:
            for fault in check.faults:
                self.stderr.write(fault)
            raise CommandError(f"The moderation log of {rows} is not as written.")
        self.stdout.write(f"The moderation log is whole: {rows}.")
        self.stdout.write(f"Last seal: {check.seal}")
