"""What needs Django before the site runs: database, static files, what is missing."""

import hashlib
from pathlib import Path

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command
from django.db import connection, connections
from django.db.migrations.executor import MigrationExecutor

from musicmatch.supervisor.supervisor import say


def migrate_if_needed() -> None:
    """Bring the database to the newest migrations; quick when it is there."""
    executor = MigrationExecutor(connection)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        say("Preparing the database.")
        call_command("migrate", interactive=False, verbosity=0)


def collect_static_if_needed() -> None:
    """Collect and compress static files that changed since the last start.

    With ``DEBUG`` on they are served from where they are written.
    """
    if settings.DEBUG:
        return
    stamp = Path(settings.STATIC_ROOT) / ".collected"
    fingerprint = _static_fingerprint()
    if stamp.exists() and stamp.read_text(encoding="ascii") == fingerprint:
        return
    say("Collecting static files.")
    call_command("collectstatic", interactive=False, verbosity=0)
    stamp.write_text(fingerprint, encoding="ascii")


def missing_steps(demo_people: int) -> tuple[tuple[str, ...], ...]:
    """Return the commands that fill an empty site: demo people, then the index."""
    from matching.services import index_is_ready

    steps: list[tuple[str, ...]] = []
    if demo_people and not get_user_model().objects.exists():
        steps.append(("seed_demo", "--people", str(demo_people)))
    if steps or not index_is_ready():
        steps.append(("rebuild_index",))
    connections.close_all()
    return tuple(steps)


def _static_fingerprint() -> str:
    digest = hashlib.sha256()
    for finder in get_finders():
        for path, storage in finder.list([]):
            size = storage.size(path)
            changed = storage.get_modified_time(path).isoformat()
            digest.update(f"{path} {size} {changed}\n".encode())
    return digest.hexdigest()
