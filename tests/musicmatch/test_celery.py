"""A worker keeps its connection to the database as long as Django would."""

from types import SimpleNamespace
from typing import Any
from unittest import mock

import pytest
from django import db

from musicmatch import celery


def test_celery_hangs_up_on_its_own_account_never() -> None:
    assert celery.app.conf.get("CELERY_DB_REUSE_MAX") > 10**9


@pytest.mark.parametrize(("is_eager", "looks"), [(False, 1), (True, 0)])
def test_connections_are_looked_at_around_a_task(is_eager: bool, looks: int) -> None:
    task: Any = SimpleNamespace(request=SimpleNamespace(is_eager=is_eager))
    with mock.patch.object(db, "close_old_connections") as close:
        celery.close_old_connections(task=task)
    assert close.call_count == looks


def test_a_worker_forks_without_a_connection() -> None:
    with mock.patch.object(db.connections, "close_all") as close:
        celery.hang_up()
    assert close.call_count == 1
