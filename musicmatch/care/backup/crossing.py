"""From SQLite to PostgreSQL: for a site that outgrew the laptop it began on.

The rows go through the fields of the models, which know how each database writes a
value; only what is encrypted is carried over as it is, without being opened. All in
one transaction, like any restore.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.management import call_command
from django.db import connection, connections, models
from django.db.backends.sqlite3.base import DatabaseWrapper
from django.db.models.functions import Cast
from psycopg import sql

from accounts.fields import EncryptedTextField
from matching import preselect
from musicmatch.care.backup import postgres, sqlite
from musicmatch.care.backup.archive import Archive, workshop

_ALIAS = "archive"
_CHUNK = 2000


def restore(archive: Archive) -> None:
    """Put the rows of an archive of SQLite into this PostgreSQL."""
    with workshop(Path(settings.DATA_DIR)) as folder:
        copy = sqlite.unpack(archive, folder)
        with postgres.all_or_nothing() as cursor:
            _fill(cursor, copy)


def _fill(cursor: Any, copy: Path) -> None:
    preselect.preselect_forget()
    call_command("migrate", interactive=False, verbosity=0)
    cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    tables = sorted(model._meta.db_table for model in our_models())
    names = sql.SQL(", ").join(map(sql.Identifier, tables))
    cursor.execute(sql.SQL("TRUNCATE {}").format(names))
    cursor.execute("SET CONSTRAINTS ALL DEFERRED")
    with _as_database(copy):
        for model in our_models():
            _copy(cursor, model)
    _go_on_counting(cursor, copy)
    cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


def our_models() -> list[type[models.Model]]:
    """Every model with a table of its own; migrations are recorded in none of them."""
    return [
        model
        for model in apps.get_models(include_auto_created=True)
        if model._meta.managed and not model._meta.proxy
    ]


@contextmanager
def _as_database(copy: Path) -> Iterator[None]:
    """Read the file as Django reads a database, by a name of its own."""
    about = {**connection.settings_dict, "NAME": str(copy), "OPTIONS": {}}
    # Not among the settings: nothing but this may ever ask it.
    connections[_ALIAS] = DatabaseWrapper(about, _ALIAS)
    try:
        yield
    finally:
        connections[_ALIAS].close()
        del connections[_ALIAS]


def _copy(cursor: Any, model: type[models.Model]) -> None:
    fields = list(model._meta.local_concrete_fields)
    statement = sql.SQL("COPY {} ({}) FROM STDIN").format(
        sql.Identifier(model._meta.db_table),
        sql.SQL(", ").join([sql.Identifier(str(field.column)) for field in fields]),
    )
    with cursor.copy(statement) as rows:
        for row in _rows(model, fields):
            rows.write_row(row)


def _rows(
    model: type[models.Model], fields: "list[models.Field[Any, Any]]"
) -> Iterator[list[Any]]:
    """Yield the rows of a table as PostgreSQL takes them."""
    sealed = {
        f"sealed_{field.attname}": Cast(field.attname, models.TextField())
        for field in fields
        if isinstance(field, EncryptedTextField)
    }
    columns = [
        f"sealed_{field.attname}"
        if isinstance(field, EncryptedTextField)
        else field.attname
        for field in fields
    ]
    found = model._base_manager.using(_ALIAS).annotate(**sealed).order_by("pk")
    for row in found.values_list(*columns).iterator(_CHUNK):
        yield [
            value
            if isinstance(field, EncryptedTextField)
            else field.get_db_prep_save(value, connection)
            for field, value in zip(fields, row, strict=True)
        ]


def _go_on_counting(cursor: Any, copy: Path) -> None:
    """What was given once is not given again, also where its row is gone."""
    with closing(sqlite3.connect(copy)) as file:
        last = dict(file.execute("SELECT name, seq FROM sqlite_sequence"))
    for model in our_models():
        table = model._meta.db_table
        for found in connection.introspection.get_sequences(cursor, table):
            given = last.get(table, 0)
            cursor.execute(
                "SELECT setval(pg_get_serial_sequence(quote_ident(%s), %s), %s, %s)",
                [table, found["column"], max(1, given), given > 0],
            )
