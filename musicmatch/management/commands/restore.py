"""Put a backup in place of what is there."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from musicmatch.care.backup import archive, sealing, services
from musicmatch.care.backup.errors import BackupError
from musicmatch.care.backup.services import Restored


class Command(BaseCommand):
    help = (
        "Restore a backup into an empty database, or with --replace in place of what"
        " is there: all of it or nothing. An older backup is migrated. Stop web, worker"
        " and beat first."
    )
    # The database may have no tables yet.
    requires_migrations_checks = False

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument(
            "--replace", action="store_true", help="delete what is in the database now"
        )
        parser.add_argument(
            "--keys-to",
            type=Path,
            metavar="FOLDER",
            help="restore nothing: write the keys of the backup into this folder, a"
            " file each, as docker-compose.yml reads them",
        )
        parser.add_argument(
            "--site-is-stopped",
            action="store_true",
            help="restore although others are connected to the database",
        )

    def handle(self, *, file: Path, keys_to: Path | None, **options: Any) -> None:
        try:
            if keys_to is not None:
                self._write_keys(file, keys_to)
                return
            done = services.backup_restore(
                file,
                replaces=options["replace"],
                is_stopped=options["site_is_stopped"],
                now=timezone.now(),
            )
        except BackupError as error:
            raise CommandError(str(error)) from error
        self._tell(done, file)

    def _write_keys(self, file: Path, folder: Path) -> None:
        with archive.opened(file) as found:
            keys = sealing.read_keys(found, settings.BACKUP_PASSPHRASE)
        for path in sealing.write_key_files(keys, folder):
            self.stdout.write(f"Wrote {path}.")

    def _tell(self, done: Restored, file: Path) -> None:
        made_at = done.manifest.made_at
        self.stdout.write(f"Restored the backup of {made_at}.")
        if done.log.faults:
            self.stderr.write(
                self.style.WARNING(
                    "The moderation log is not as it was written: run"
                    " manage.py verify_moderation_log."
                )
            )
        else:
            self.stdout.write(f"The moderation log is whole: {done.log.rows} rows.")
        if not done.is_queue_empty:
            self.stderr.write(
                self.style.WARNING(
                    "The cache and the queue could not be emptied: do that before"
                    " anything starts, for they speak of rows that are others now."
                )
            )
        if done.unopened:
            self.stderr.write(
                self.style.WARNING(
                    f"NO KEY OF THIS SITE OPENS {done.unopened} ENCRYPTED VALUES."
                    " Before the site starts, add the keys of the backup to"
                    f" FIELD_ENCRYPTION_KEYS: manage.py restore {file} --keys-to FOLDER"
                )
            )
        self.stdout.write(
            "Next:\n"
            "  1. Start the site; a worker builds the index within minutes, or now:"
            " manage.py rebuild_index\n"
            "  2. manage.py doctor\n"
            "  3. Whoever deleted their account since then is back: delete them again."
        )
