"""Write the database and the keys of the site into one file."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.template.defaultfilters import filesizeformat
from django.utils import timezone

from musicmatch.care.backup import services
from musicmatch.care.backup.errors import BackupError


class Command(BaseCommand):
    help = (
        "Write the database and the keys into one file, of one moment, while the site"
        " runs. The index, the cache and the queue are not in it: they are made anew."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("target", type=Path, help="a new file, or a folder")
        parser.add_argument(
            "--no-keys",
            action="store_true",
            help="leave the keys out: without them nobody's connection to a music"
            " service can be used again, and everybody signs in anew",
        )
        parser.add_argument(
            "--keep",
            type=int,
            default=0,
            metavar="N",
            help="in a folder: delete all but the newest N backups",
        )

    def handle(self, *, target: Path, no_keys: bool, keep: int, **_: Any) -> None:
        if keep < 0 or (keep and not target.is_dir()):
            raise CommandError("--keep is a number of files in a folder.")
        try:
            made = services.backup_make(
                target,
                has_keys=not no_keys,
                passphrase=settings.BACKUP_PASSPHRASE,
                keep=keep,
                now=timezone.now(),
            )
        except BackupError as error:
            raise CommandError(str(error)) from error
        size = filesizeformat(made.size).replace("\N{NO-BREAK SPACE}", " ")
        self.stdout.write(f"Backup made: {made.path}, {size}.")
        for path in made.dropped:
            self.stdout.write(f"Deleted the older {path.name}.")
        self._tell_keys(made.keys)

    def _tell_keys(self, keys: str) -> None:
        match keys:
            case "sealed":
                self.stdout.write(
                    "The keys in it are under BACKUP_PASSPHRASE: keep that elsewhere."
                    " The rest is not encrypted; keep the file as you keep the site."
                )
            case "open":
                self.stderr.write(
                    self.style.WARNING(
                        "THE KEYS LIE OPEN IN THIS FILE. Whoever has it reads every"
                        " stored token and signs in as anybody. Set BACKUP_PASSPHRASE,"
                        " or keep the file where only you can read it."
                    )
                )
            case _:
                self.stdout.write(
                    "No keys are in it: keep SECRET_KEY and FIELD_ENCRYPTION_KEYS, too."
                )
