"""What needs Django before the site runs: database, static files, what is missing."""

import hashlib
from pathlib import Path

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from accounts.models import User
from matching.services import index_is_ready
from musicmatch.supervisor.plan import unfinished
from musicmatch.supervisor.runner import say

SEED = "seed_demo"


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
    """Return the commands that fill an empty site: demo people, or an index."""
    if _wants_people(demo_people):
        # It builds the index too.
        return ((SEED, "--people", str(demo_people)),)
    return () if index_is_ready() else (("rebuild_index",),)


def _wants_people(number: int) -> bool:
    """Tell whether the site is empty, or was left half full by a first start."""
    if unfinished(settings.DATA_DIR, SEED).exists():
        there: int = User.objects.filter(origin=User.Origin.DEMO).count()
        return there < number
    return number > 0 and not User.objects.exists()


def _static_fingerprint() -> str:
    digest = hashlib.sha256()
    for finder in get_finders():
        for path, storage in finder.list([]):
            size = storage.size(path)
            changed = storage.get_modified_time(path).isoformat()
            digest.update(f"{path} {size} {changed}\n".encode())
    return digest.hexdigest()
