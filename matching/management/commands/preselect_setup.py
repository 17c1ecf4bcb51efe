"""Make the tables that MATCHING_PRESELECT=pgvector asks."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import Error

from matching import engine, preselect


class Command(BaseCommand):
    help = (
        "Make the extension vector and the tables of the preselection, and fill them"
        " from the index. Run again, it brings them up to date."
    )

    def handle(self, **_: Any) -> None:
        try:
            preselect.preselect_setup()
        except preselect.NotPostgres as error:
            raise CommandError("The database is not PostgreSQL.") from error
        except Error as error:
            raise CommandError(
                f"The tables cannot be made: {error}Install pgvector on the database"
                " server, and let this user create extensions or create it yourself."
            ) from error
        self.stdout.write("The tables of the preselection are there.")
        self._refresh()

    def _refresh(self) -> None:
        try:
            is_new = preselect.preselect_refresh()
        except preselect.FillRunning:
            self.stdout.write("Another process fills them.")
        except (engine.IndexMissing, engine.IndexCorrupt):
            self.stdout.write("They are filled as soon as there is an index.")
        else:
            self.stdout.write(
                "They are filled." if is_new else "They were up to date already."
            )
