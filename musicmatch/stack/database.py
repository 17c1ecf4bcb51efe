"""Make the stack's database where there is none: ``python -m …database``."""

import sys

import environ
import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

_SECONDS = 10


def create_if_missing(url: str) -> bool:
    """Return whether the database had to be made.

    Raises:
        psycopg.Error: the server does not answer, or does not let us.
    """
    try:
        psycopg.connect(url, connect_timeout=_SECONDS).close()
        return False
    except psycopg.OperationalError:
        name = str(conninfo_to_dict(url)["dbname"])
        with psycopg.connect(
            url, dbname="postgres", autocommit=True, connect_timeout=_SECONDS
        ) as server:
            asked = server.execute(
                "SELECT 1 FROM pg_database WHERE datname = %s", [name]
            )
            # It is there, and it was something else.
            if asked.fetchone():
                raise
            server.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        return True


if __name__ == "__main__":
    try:
        if create_if_missing(environ.FileAwareEnv().str("DATABASE_URL")):
            print("The database was not there and has been made.")  # noqa: T201
    except psycopg.Error as error:
        sys.exit(f"Postgres does not answer: {error}")
