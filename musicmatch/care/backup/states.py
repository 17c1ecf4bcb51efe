"""Which migrations a database had, and whether this code knows them."""

import tomllib
from pathlib import Path

from django.apps import apps
from django.conf import settings
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder

from ingest.models import UploadPart
from matching.models import Edition, EditionPart, Keeper
from musicmatch.care.backup.archive import Manifest
from musicmatch.care.backup.errors import BackupError

Migration = tuple[str, str]
RECORDED = "django_migrations"
# What is there before anybody came, and what says only how the site was kept.
_NOBODYS = {
    RECORDED,
    "django_content_type",
    "auth_permission",
    "auth_group",
    "auth_group_permissions",
    "musicmatch_carerun",
}


def applied() -> list[Migration]:
    """The migrations of this database, in order."""
    return sorted(MigrationRecorder(connection).applied_migrations())


def unknown(manifest: Manifest) -> list[Migration]:
    """Migrations of an archive that this code does not have."""
    known = set(MigrationLoader(None).disk_migrations)
    return sorted(of_archive(manifest) - known)


def missing(manifest: Manifest) -> list[Migration]:
    """Migrations of this code that an archive's database has yet to have."""
    known = set(MigrationLoader(None).disk_migrations)
    return sorted(known - of_archive(manifest))


def of_archive(manifest: Manifest) -> set[Migration]:
    return {(app, name) for app, name in manifest.migrations}


def refuse_newer(manifest: Manifest) -> None:
    if newer := unknown(manifest):
        app, name = newer[-1]
        raise BackupError(
            f"A newer version of Musicmatch made this archive: {app}.{name} is not"
            " known here. Update the site first, then restore."
        )


def our_tables() -> list[str]:
    """Tables of our models that are in this database, and the list of migrations."""
    there = set(connection.introspection.table_names())
    ours = {
        model._meta.db_table
        for model in apps.get_models(include_auto_created=True)
        if model._meta.managed and not model._meta.proxy
    }
    return sorted((ours | {RECORDED}) & there)


def left_out() -> list[str]:
    """Tables whose rows are in no backup: made anew, or gone within minutes.

    Above all uploaded files, which hold more of people than the site ever takes.
    """
    models = (UploadPart, EditionPart, Edition, Keeper)
    return [model._meta.db_table for model in models]


def is_empty() -> bool:
    """Whether nobody was ever here."""
    quoted = connection.ops.quote_name
    with connection.cursor() as cursor:
        for table in our_tables():
            if table in _NOBODYS:
                continue
            cursor.execute(f"SELECT 1 FROM {quoted(table)} LIMIT 1")  # noqa: S608
            if cursor.fetchone():
                return False
    return True


def migrate_to(state: set[Migration]) -> None:
    """Make the tables of this state in a database that has none of ours.

    Raises ``BackupError`` when this code leads to another state.
    """
    executor = MigrationExecutor(connection)
    executor.migrate(_ends(state, executor.loader))
    reached = set(MigrationRecorder(connection).applied_migrations())
    if reached != state:
        app, name = sorted(reached ^ state)[0]
        raise BackupError(f"The state of the archive cannot be reached: {app}.{name}.")


def _ends(state: set[Migration], loader: MigrationLoader) -> list[Migration]:
    """The migrations of a state after which none of the same app comes."""
    before = {
        parent
        for key in state
        for parent in loader.graph.node_map[key].parents
        if parent[0] == key[0]
    }
    return sorted(key for key in state if tuple(key) not in before)


def version() -> str:
    """The version of the code, as pyproject.toml has it where that lies beside it."""
    try:
        text = (Path(settings.BASE_DIR) / "pyproject.toml").read_text("utf-8")
    except OSError:
        return "unknown"
    return str(tomllib.loads(text)["project"]["version"])
