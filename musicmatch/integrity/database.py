"""What the models promise, and whether the database holds them to it."""

from collections.abc import Iterator
from datetime import datetime

from django.apps import apps
from django.db import connection, models


def differences(now: datetime) -> Iterator[str]:
    yield from _missing_constraints()
    if connection.vendor == "postgresql":
        yield from _not_valid()
        yield from _sequences_behind()


def _models() -> Iterator[type[models.Model]]:
    for model in apps.get_models():
        if model._meta.managed and not model._meta.proxy:
            yield model


def _missing_constraints() -> Iterator[str]:
    """A table loaded by hand, or left half-migrated, lacks what keeps it whole."""
    with connection.cursor() as cursor:
        for model in _models():
            table = model._meta.db_table
            there = connection.introspection.get_constraints(cursor, table)
            promised = [*model._meta.constraints, *model._meta.indexes]
            for name in sorted({one.name for one in promised} - {*there}):
                yield f"{table}: the database has no {name}"


def _not_valid() -> Iterator[str]:
    """Postgres may hold a constraint without having looked at the rows before it."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT conrelid::regclass::text, conname FROM pg_constraint"
            " WHERE NOT convalidated AND connamespace = current_schema()::regnamespace"
            " UNION ALL SELECT indrelid::regclass::text, indexrelid::regclass::text"
            " FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid"
            " WHERE NOT indisvalid AND relnamespace = current_schema()::regnamespace"
        )
        for table, name in cursor.fetchall():
            yield f"{table}: {name} is there and not valid"


def _sequences_behind() -> Iterator[str]:
    """The next row would get a number that is taken: of a careless restore."""
    with connection.cursor() as cursor:
        for model in _models():
            key = model._meta.pk
            if not isinstance(key, models.AutoField | models.BigAutoField):
                continue
            table = connection.ops.quote_name(model._meta.db_table)
            cursor.execute(
                "SELECT pg_sequence_last_value("
                "pg_get_serial_sequence(%s, %s)::regclass)",
                [table, key.column],
            )
            last = cursor.fetchone()[0] or 0
            highest = model._base_manager.aggregate(pk=models.Max("pk"))["pk"] or 0
            if highest > last:
                name = model._meta.db_table
                yield f"{name}: numbers go on after {last}, and {highest} is taken"
