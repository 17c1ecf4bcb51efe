"""A place for one measurement: a folder and a database that are thrown away."""

import os
import secrets
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import environ
from django.db import connection

PREFIX = "musicmatch-bench-"
_FILE_NAME = "bench.sqlite3"
# Whatever these hold where the command is typed, one thread does all the arithmetic.
_ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


class NoScratch(Exception):
    """The database server would not make a database; the message has its words."""


@contextmanager
def scratch_environment() -> Iterator[dict[str, str]]:
    """Give the environment of a process that writes nowhere else.

    On SQLite the database is a file in the folder; a host on Postgres gets a database
    of its own on the same server, dropped at the end. Raises :class:`NoScratch`.
    """
    with (
        tempfile.TemporaryDirectory(prefix=PREFIX) as folder,
        _database(f"sqlite:///{folder}/{_FILE_NAME}") as url,
    ):
        values = {
            "DJANGO_SETTINGS_MODULE": "musicmatch.settings",
            "DEBUG": "0",
            "SECRET_KEY": secrets.token_hex(32),
            "DATA_DIR": folder,
            "DATABASE_URL": url,
            "REDIS_URL": "",
            "EMAIL_URL": "dummymail://",
            "LOG_LEVEL": "ERROR",
        }
        values |= dict.fromkeys(_ONE_THREAD, "1")
        # A NAME_FILE would win over its NAME, and lead to data that is kept.
        others = {
            name: value
            for name, value in os.environ.items()
            if name.removesuffix("_FILE") not in values
        }
        yield others | values


@contextmanager
def _database(in_folder: str) -> Iterator[str]:
    """Give the address of an empty database."""
    if connection.vendor != "postgresql":
        yield in_folder
        return
    name = f"{PREFIX}{secrets.token_hex(6)}".replace("-", "_")
    _ask(f"CREATE DATABASE {name}")
    try:
        host = urlsplit(environ.FileAwareEnv().str("DATABASE_URL"))
        yield host._replace(path=f"/{name}").geturl()
    finally:
        _ask(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


def _ask(statement: str) -> None:
    """Run one statement outside a transaction, which making a database needs."""
    import psycopg

    parameters = connection.get_connection_params()
    try:
        with psycopg.connect(**parameters, autocommit=True) as server:
            server.execute(statement.encode())
    except psycopg.Error as error:
        raise NoScratch(str(error).strip()) from error
