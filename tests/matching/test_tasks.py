"""The queue keeps the index fresh and is never in the way."""

from datetime import datetime
from io import StringIO
from typing import Any

import pytest
from django.core.files import locks
from django.core.management import CommandError, call_command
from kombu.exceptions import OperationalError

from accounts.models import User
from matching import engine, tasks
from matching.services import index_is_ready, index_rebuild
from tests.factories import make_taste


def test_it_builds_only_what_is_due(community: list[User], settings: Any) -> None:
    def generation() -> int:
        return engine.Index.load(settings.INDEX_DIR).generation

    # The community of the tests was counted long ago.
    for expected in (2, 2):
        tasks.rebuild_index_when_due_task.delay()
        assert generation() == expected


def test_another_builder_is_no_error(
    ada: User, settings: Any, now: datetime, caplog: Any
) -> None:
    caplog.set_level("INFO")
    settings.INDEX_DIR.mkdir()
    with (settings.INDEX_DIR / "build.lock").open("w") as other:
        locks.lock(other, locks.LOCK_EX)
        tasks.rebuild_index_when_due_task.delay()
    assert "Another process builds the index." in caplog.text
    assert not index_is_ready()


def test_a_broker_that_is_away_breaks_no_page(
    db: None, monkeypatch: Any, django_capture_on_commit_callbacks: Any
) -> None:
    def away() -> None:
        raise OperationalError

    monkeypatch.setattr(tasks.rebuild_index_when_due_task, "delay", away)
    with django_capture_on_commit_callbacks(execute=True) as asked:
        tasks.ask_for_index()
    assert len(asked) == 1


def test_the_command_says_how_many(community: list[User]) -> None:
    out = StringIO()
    call_command("rebuild_index", stdout=out)
    assert out.getvalue() == "The index holds 4 people.\n"


def test_the_command_refuses_to_build_beside_another(
    community: list[User], settings: Any
) -> None:
    with (settings.INDEX_DIR / "build.lock").open("w") as other:
        locks.lock(other, locks.LOCK_EX)
        with pytest.raises(CommandError, match="Another process"):
            call_command("rebuild_index", stdout=StringIO())


def test_a_rebuild_moves_nobody(
    community: list[User], now: datetime, settings: Any
) -> None:
    """Two builds of the same tastes are the same bytes."""
    make_taste(community[0], ["Sade", "Low"])

    def arrays() -> list[bytes]:
        generation = engine.Index.load(settings.INDEX_DIR).generation
        parts = settings.INDEX_DIR.glob(f"*-{generation:06d}.part")
        return [path.read_bytes() for path in sorted(parts)]

    index_rebuild(now=now)
    first = arrays()
    index_rebuild(now=now)
    assert arrays() == first
    assert engine.Index.load(settings.INDEX_DIR).generation == 3
