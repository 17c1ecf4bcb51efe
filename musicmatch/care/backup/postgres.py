"""PostgreSQL: every table by COPY, out of one snapshot and back in one transaction.

Not by ``pg_dump``: it has to be of the server's version or later, and where the site
runs there is often an older one, or none. The tables themselves are made by the
migrations, so an archive goes into any version of the server that the site works with.
"""

import gzip
import shutil
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import psycopg
from django.core.management import call_command
from django.db import DatabaseError, connection, transaction
from psycopg import sql

from matching import preselect
from musicmatch.care.backup import states
from musicmatch.care.backup.archive import Archive
from musicmatch.care.backup.errors import BackupError

ENGINE = "postgresql"
_LEVEL = 4
_PIECE = 1024 * 1024


def dump(parts: Path) -> dict[str, Any]:
    """Copy every table into a folder; returns what a restore has to know."""
    with transaction.atomic(durable=True), connection.cursor() as cursor:
        # One state of all tables, whoever writes meanwhile.
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        tables = []
        for number, table in enumerate(states.our_tables()):
            columns = _columns(cursor, table)
            name = f"table-{number:03d}.copy.gz"
            with gzip.open(parts / name, "wb", _LEVEL) as file:
                is_in = table not in states.left_out()
                rows = _copy_out(cursor, table, columns, file) if is_in else 0
            tables.append(
                {
                    "table": table,
                    "columns": columns,
                    "file": name,
                    "rows": rows,
                    "sequences": _sequences(cursor, table),
                }
            )
        cursor.execute("SHOW server_version")
        return {"tables": tables, "server": cursor.fetchone()[0]}


def restore(archive: Archive) -> None:
    """Put the tables of an archive in place of those that are there."""
    with all_or_nothing() as cursor:
        preselect.preselect_forget()
        state = states.of_archive(archive.manifest)
        if set(states.applied()) != state:
            _make_tables(cursor, state)
        _fill(cursor, archive)
        if states.missing(archive.manifest):
            call_command("migrate", interactive=False, verbosity=0)


@contextmanager
def all_or_nothing() -> Iterator[Any]:
    """Give a cursor whose work is kept whole; says in words what the server refuses."""
    try:
        with transaction.atomic(durable=True), connection.cursor() as cursor:
            yield cursor
    except (DatabaseError, psycopg.Error) as error:
        said = str(error).splitlines()[0]
        raise BackupError(
            f"PostgreSQL refused it; nothing was changed: {said}"
        ) from error
    with connection.cursor() as cursor:
        # Until then every plan is made for empty tables.
        cursor.execute("ANALYZE")


def others_connected() -> int:
    """How many other connections there are to this database."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
            " AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
        )
        return int(cursor.fetchone()[0])


# --- Out ------------------------------------------------------------------


def _columns(cursor: Any, table: str) -> list[str]:
    found = connection.introspection.get_table_description(cursor, table)
    return [column.name for column in found]


def _copy_out(cursor: Any, table: str, columns: list[str], file: gzip.GzipFile) -> int:
    statement = sql.SQL("COPY (SELECT {} FROM {}) TO STDOUT").format(
        _names(columns), sql.Identifier(table)
    )
    with cursor.copy(statement) as rows:
        for piece in rows:
            file.write(piece)
    return int(cursor.rowcount)


def _sequences(cursor: Any, table: str) -> list[list[Any]]:
    """Where each sequence of a table stands: what was given once is not given again."""
    found = []
    for one in connection.introspection.get_sequences(cursor, table):
        column = one["column"]
        name = _sequence_of(cursor, table, column)
        cursor.execute(sql.SQL("SELECT last_value, is_called FROM {}").format(name))
        found.append([column, *cursor.fetchone()])
    return found


def _sequence_of(cursor: Any, table: str, column: str) -> sql.SQL:
    cursor.execute(
        "SELECT pg_get_serial_sequence(quote_ident(%s), %s)", [table, column]
    )
    # Quoted already, with its schema.
    return sql.SQL(cursor.fetchone()[0])


def _names(columns: list[str]) -> sql.Composed:
    return sql.SQL(", ").join(map(sql.Identifier, columns))


# --- In -------------------------------------------------------------------


def _make_tables(cursor: Any, state: set[states.Migration]) -> None:
    """Have the tables of another state in place of those that are there."""
    if tables := states.our_tables():
        cursor.execute(sql.SQL("DROP TABLE {} CASCADE").format(_names(tables)))
    # What is checked at the end of a transaction stands in the way of changing a table
    # in the same one.
    cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    states.migrate_to(state)


def _fill(cursor: Any, archive: Archive) -> None:
    """Read every table in, in any order: only afterwards must each row have its own."""
    tables = archive.manifest.database["tables"]
    names = [table["table"] for table in tables]
    # Also after migrations: they write a few rows of their own.
    cursor.execute(sql.SQL("TRUNCATE {}").format(_names(names)))
    cursor.execute("SET CONSTRAINTS ALL DEFERRED")
    for table in tables:
        with _unpacked(archive, table["file"]) as file:
            _copy_in(cursor, table["table"], table["columns"], file)
        for column, last, is_called in table["sequences"]:
            cursor.execute(
                "SELECT setval(pg_get_serial_sequence(quote_ident(%s), %s), %s, %s)",
                [table["table"], column, last, is_called],
            )
    cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


@contextmanager
def _unpacked(archive: Archive, name: str) -> Iterator[gzip.GzipFile]:
    with archive.member(name) as packed, closing(gzip.GzipFile(fileobj=packed)) as file:
        yield file


def _copy_in(cursor: Any, table: str, columns: list[str], file: gzip.GzipFile) -> None:
    statement = sql.SQL("COPY {} ({}) FROM STDIN").format(
        sql.Identifier(table), _names(columns)
    )
    with cursor.copy(statement) as rows:
        shutil.copyfileobj(file, rows, _PIECE)
