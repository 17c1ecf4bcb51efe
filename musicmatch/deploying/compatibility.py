"""Whether the code of the release before works with the schema of this one.

Migrations run first, while the former web and worker still answer, and they stay in
place when the host goes back to the former release. So what is newer than the release
named in ``release.json`` may add, and may neither take away nor demand; and it may not
keep everybody waiting for a lock. What is removed in one release is only no longer used
in it, and goes in the next one.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.apps import apps
from django.conf import settings
from django.db import connection
from django.db.migrations import operations as ops
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.state import ProjectState
from django.db.models import NOT_PROVIDED

_POINT = Path(__file__).with_name("release.json")
_GONE = (
    ops.RemoveField,
    ops.DeleteModel,
    ops.RenameField,
    ops.RenameModel,
    ops.AlterModelTable,
)
_CODE = (ops.RunPython, ops.RunSQL)
# Looked at by a person: "app.migration" and why each remark on it does no harm.
ACCEPTED = {
    "ingest.0005_upload_parts": "It sets how a table made in it is stored.",
}


@dataclass(frozen=True, slots=True)
class Remark:
    """Why a migration is not one that the release before can live with."""

    migration: str
    words: str

    def __str__(self) -> str:
        return f"{self.migration}: {self.words}"


def former_revision() -> str:
    revision: str = _point()["revision"]
    return revision


def _point() -> dict[str, Any]:
    point: dict[str, Any] = json.loads(_POINT.read_text("utf-8"))
    return point


def remarks() -> list[Remark]:
    """Everything said of the migrations newer than the release before."""
    loader = MigrationLoader(connection)
    former = {
        key for key in _point()["migrations"].items() if key in loader.graph.nodes
    }
    known = {key for leaf in former for key in loader.graph.forwards_plan(leaf)}
    leaves = [key for key in loader.graph.leaf_nodes() if key[0] in _ours()]
    state = ProjectState(real_apps=loader.unmigrated_apps)
    found: list[Remark] = []
    done: set[tuple[str, str]] = set()
    plan = [key for leaf in leaves for key in loader.graph.forwards_plan(leaf)]
    # Those of the release before first: the state they leave is what is judged.
    for key in sorted(dict.fromkeys(plan), key=lambda key: key not in known):
        if key in done:
            continue
        done.add(key)
        migration = loader.graph.nodes[key]
        is_new = key not in known and key[0] in _ours()
        if is_new:
            found += of_operations(".".join(key), key[0], migration.operations, state)
        migration.mutate_state(state, preserve=False)
    return [remark for remark in found if remark.migration not in ACCEPTED]


def _ours() -> set[str]:
    base = Path(settings.BASE_DIR)
    return {
        config.label
        for config in apps.get_app_configs()
        if Path(config.path).is_relative_to(base)
        and ".venv" not in Path(config.path).parts
    }


def of_operations(
    name: str, app: str, operations: list[Any], before: ProjectState
) -> Iterator[Remark]:
    """What is to be said of the operations of a migration, in their order."""
    state = before.clone()
    made: set[str] = set()
    for operation in operations:
        if isinstance(operation, ops.CreateModel):
            made.add(operation.name_lower)
        elif getattr(operation, "model_name_lower", None) not in made:
            yield from (Remark(name, words) for words in _of(operation, app, state))
        operation.state_forwards(app, state)


def _of(operation: Any, app: str, state: ProjectState) -> Iterator[str]:
    what = operation.describe()
    if isinstance(operation, _GONE):
        yield f"{what}: the release before still uses it."
    elif isinstance(operation, _CODE):
        yield f"{what}: nobody can tell what it locks; look, and name it as accepted."
    elif isinstance(operation, ops.AddField):
        yield from _of_new_field(operation.field, what)
    elif isinstance(operation, ops.AlterField):
        model = state.models[app, operation.model_name_lower]
        former = model.fields[operation.name]
        yield from _of_altered_field(former, operation.field, what)
    elif isinstance(operation, ops.AddIndex):
        yield f"{what}: nobody can write to the table while it is made."
    elif isinstance(operation, ops.AddConstraint):
        yield f"{what}: the release before may break it, and every row is looked at."
    elif isinstance(operation, ops.SeparateDatabaseAndState):
        for inner in operation.database_operations:
            yield from _of(inner, app, state)


def _of_new_field(field: Any, what: str) -> Iterator[str]:
    if field.many_to_many:
        return
    if not field.null and field.db_default is NOT_PROVIDED:
        yield f"{what}: the release before adds rows without it; give a db_default."
    # A foreign key has an index of its own.
    if field.unique or field.db_index:
        yield f"{what}: nobody can write to the table while its index is made."


def _of_altered_field(former: Any, field: Any, what: str) -> Iterator[str]:
    if former.null and not field.null:
        yield f"{what}: the release before writes rows without it."
    if former.db_type(connection) != field.db_type(connection) and not _is_wider(
        former, field
    ):
        yield f"{what}: the whole table is written anew, and the type is another."
    if (field.unique and not former.unique) or (field.db_index and not former.db_index):
        yield f"{what}: nobody can write to the table while its index is made."


def _is_wider(former: Any, field: Any) -> bool:
    """Whether it is the same kind of text, and more of it may be kept."""
    both = (former.max_length, field.max_length)
    return (
        type(former) is type(field)
        and None not in both
        and int(both[1] or 0) >= int(both[0] or 0)
    )
