"""New migrations leave the release before alive, and nobody waits long for them."""

import threading
import time
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection, connections, models, transaction
from django.db.migrations import operations as ops
from django.db.migrations.loader import MigrationLoader

from musicmatch.deploying.compatibility import ACCEPTED, of_operations, remarks
from musicmatch.management.commands import migrate


def test_the_release_before_can_live_with_every_new_migration(db: None) -> None:
    assert list(map(str, remarks())) == []
    out = StringIO()
    call_command("check_migrations", stdout=out)
    assert "works with every migration" in out.getvalue()


def test_what_was_accepted_is_there(db: None) -> None:
    nodes = MigrationLoader(connection).graph.nodes
    assert {tuple(name.split(".")) for name in ACCEPTED} <= set(nodes)


_TEXT = models.CharField(max_length=20)
_NEW: Any = ("matching", "fairnessreport")
_FIELD = {"model_name": "fairnessreport", "name": "note"}
_MADE = ops.CreateModel("Other", [("id", models.BigAutoField(primary_key=True))])


@pytest.mark.parametrize(
    ("operation", "words"),
    [
        (ops.AddField(**_FIELD, field=models.TextField(default="")), "db_default"),
        (ops.AddField(**_FIELD, field=models.TextField(db_default="")), ""),
        (ops.AddField(**_FIELD, field=models.TextField(null=True)), ""),
        (
            ops.AddField(**_FIELD, field=models.IntegerField(null=True, db_index=True)),
            "its index",
        ),
        (ops.RemoveField("fairnessreport", "groups"), "still uses"),
        (ops.RenameField("fairnessreport", "groups", "parts"), "still uses"),
        (ops.DeleteModel("FairnessReport"), "still uses"),
        (ops.RenameModel("FairnessReport", "Report"), "still uses"),
        (
            ops.AlterField("fairnessreport", "nobody_top20", models.FloatField()),
            "without it",
        ),
        (
            ops.AlterField("fairnessreport", "people", models.BigIntegerField()),
            "written anew",
        ),
        (ops.AlterField("taste", "country", models.CharField(max_length=9)), ""),
        (ops.AlterField("taste", "country", models.CharField(max_length=1)), "anew"),
        (
            ops.AddIndex("taste", models.Index(fields=["country"], name="t_country")),
            "while it is made",
        ),
        (
            ops.AddConstraint(
                "taste",
                models.UniqueConstraint(fields=["country"], name="one_a_country"),
            ),
            "may break it",
        ),
        (ops.RunSQL("SELECT 1"), "look"),
        (
            ops.SeparateDatabaseAndState([ops.RemoveField("taste", "country")]),
            "still uses",
        ),
        (ops.RemoveIndex("taste", "t_country"), ""),
    ],
)
def test_what_breaks_the_release_before_is_named(
    db: None, operation: Any, words: str
) -> None:
    state = MigrationLoader(connection).project_state()
    if isinstance(operation, ops.RemoveIndex):
        index = models.Index(fields=["country"], name="t_country")
        state.add_index("matching", "taste", index)
    found = list(of_operations("matching.9", "matching", [operation], state))
    assert [words in str(remark) for remark in found] == ([True] if words else [])


def test_a_table_that_is_new_itself_may_have_anything(db: None) -> None:
    state = MigrationLoader(connection).project_state()
    field = ops.AddField("other", "name", _TEXT)
    assert list(of_operations("matching.9", "matching", [_MADE, field], state)) == []


# --- Locks ----------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_a_migration_that_finds_a_lock_lets_others_pass_and_tries_again(
    monkeypatch: Any,
) -> None:
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has one writer at a time")
    monkeypatch.setattr(migrate, "_PAUSE_SECONDS", 0.2)
    held, over = threading.Event(), threading.Event()

    def hold() -> None:
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute("LOCK TABLE matching_taste IN ACCESS SHARE MODE")
                held.set()
                over.wait(20)
        finally:
            connection.close()

    tries: list[float] = []

    def alter(command: Any, *_: Any, **__: Any) -> None:
        """What a migration of that table begins with."""
        tries.append(time.monotonic())
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("LOCK TABLE matching_taste IN ACCESS EXCLUSIVE MODE")

    monkeypatch.setattr(migrate.Migrate, "handle", alter)
    other = threading.Thread(target=hold)
    other.start()
    assert held.wait(10)
    threading.Timer(1.5, over.set).start()
    err = StringIO()
    call_command("migrate", lock_seconds=0.3, stderr=err, verbosity=0)
    other.join()
    assert len(tries) > 1
    assert tries[1] - tries[0] < 3
    assert "Somebody holds a lock; try 1 of 10." in err.getvalue()
    with connections["default"].cursor() as cursor:
        cursor.execute("SHOW lock_timeout")
        assert cursor.fetchone() == ("0",)
