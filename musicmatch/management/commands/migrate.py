"""Migrate, and let nobody wait long for it."""

import time
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.core.management.commands.migrate import Command as Migrate
from django.db import OperationalError, connections
from psycopg.errors import LockNotAvailable

_TRIES = 10
_PAUSE_SECONDS = 3.0


class Command(Migrate):
    """On Postgres a statement that waits for a lock makes everyone after it wait.

    So it gives up soon, and the migration, which is one transaction, is tried again.
    """

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "--lock-seconds",
            type=float,
            default=4.0,
            help="how long a statement may wait for a lock (4; Postgres only)",
        )
        parser.add_argument(
            "--statement-seconds",
            type=float,
            default=900.0,
            help="how long a statement may take (900; Postgres only)",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        connection = connections[options["database"]]
        if connection.vendor != "postgresql":
            super().handle(*args, **options)
            return
        for number in range(1, _TRIES + 1):
            limits = (options["lock_seconds"], options["statement_seconds"])
            with connection.cursor() as cursor:
                cursor.execute(
                    "SELECT set_config('lock_timeout', %s, false),"
                    " set_config('statement_timeout', %s, false)",
                    [f"{round(1000 * seconds)}ms" for seconds in limits],
                )
            try:
                super().handle(*args, **options)
            except OperationalError as error:
                if not isinstance(error.__cause__, LockNotAvailable):
                    raise
                if number == _TRIES:
                    raise CommandError(
                        f"A lock could not be had in {_TRIES} tries: {error}"
                    ) from error
                self.stderr.write(f"Somebody holds a lock; try {number} of {_TRIES}.")
                time.sleep(_PAUSE_SECONDS)
            else:
                return
            finally:
                # The connection may go on to serve others.
                with connection.cursor() as cursor:
                    cursor.execute("RESET lock_timeout; RESET statement_timeout")
