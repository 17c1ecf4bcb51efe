"""Keys are changed while the site runs, and nothing is lost or printed."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import Any

import pytest
from cryptography.fernet import Fernet, MultiFernet
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection

from accounts.models import SpotifyGrant, User
from musicmatch.care import rotation
from musicmatch.care.rotation import encrypted_columns, keys_rotate
from tests.factories import make_person

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
OLD, NEW, LOST = (Fernet.generate_key().decode() for _ in range(3))
TABLE = SpotifyGrant._meta.db_table


def grant_of(person: User, **changes: Any) -> SpotifyGrant:
    values: dict[str, Any] = {
        "access_token": f"access of {person}",
        "refresh_token": f"refresh of {person}",
        "authorized_at": NOW,
        "expires_at": NOW + timedelta(hours=1),
    }
    return SpotifyGrant.objects.create(person=person, **{**values, **changes})


def stored(column: str) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {column} FROM {TABLE} ORDER BY id")  # noqa: S608
        return [row[0] for row in cursor.fetchall()]


def run(*options: str) -> str:
    out = StringIO()
    call_command("rotate_keys", *options, stdout=out)
    return out.getvalue()


@pytest.fixture
def two(settings: Any, ada: User, ben: User) -> list[SpotifyGrant]:
    """Two grants under the old key, and the new key put before it since."""
    settings.FIELD_ENCRYPTION_KEYS = [OLD]
    grants = [grant_of(ada), grant_of(ben, refresh_token="")]
    settings.FIELD_ENCRYPTION_KEYS = [NEW, OLD]
    return grants


def test_every_encrypted_column_is_found() -> None:
    names = {str(column) for column in encrypted_columns()}
    assert {
        "accounts.SpotifyGrant.access_token",
        "accounts.SpotifyGrant.refresh_token",
    } <= names


def test_afterwards_the_new_key_opens_everything(
    settings: Any, two: list[SpotifyGrant]
) -> None:
    out = run()
    assert "access_token: 2 values, 2 rewritten" in out
    assert "refresh_token: 1 values, 1 rewritten" in out
    assert "Key 2 of FIELD_ENCRYPTION_KEYS may be dropped." in out
    settings.FIELD_ENCRYPTION_KEYS = [NEW]
    for before in two:
        after = SpotifyGrant.objects.get(pk=before.pk)
        assert after.access_token == before.access_token
        assert after.refresh_token == before.refresh_token
        assert after.version == before.version


def test_a_second_run_writes_nothing(two: list[SpotifyGrant]) -> None:
    run()
    tokens = stored("access_token")
    assert "rewritten" not in run()
    assert stored("access_token") == tokens


def test_check_says_whether_the_old_key_may_go(two: list[SpotifyGrant]) -> None:
    tokens = stored("access_token")
    with pytest.raises(CommandError, match="still needed"):
        run("--check")
    assert stored("access_token") == tokens
    run()
    assert "Key 2 of FIELD_ENCRYPTION_KEYS may be dropped." in run("--check")


def test_one_key_is_all_there_is(settings: Any, ada: User) -> None:
    settings.FIELD_ENCRYPTION_KEYS = [OLD]
    grant_of(ada)
    assert "There is one key, and it is needed." in run("--check")


def test_rows_no_key_opens_are_named_without_their_values(
    settings: Any, two: list[SpotifyGrant], cyd: User
) -> None:
    settings.FIELD_ENCRYPTION_KEYS = [LOST]
    lost = grant_of(cyd)
    settings.FIELD_ENCRYPTION_KEYS = [NEW, OLD]
    tokens = stored("access_token")
    out = StringIO()
    with pytest.raises(CommandError, match="no key"):
        call_command("rotate_keys", stdout=out)
    said = out.getvalue()
    assert f"no key opens accounts.SpotifyGrant.access_token of row {lost.pk}" in said
    assert "access of" not in said
    assert not any(token in said for token in [*tokens, *stored("access_token")])
    # The others were rewritten all the same, and the lost one is as it was.
    assert stored("access_token")[2] == tokens[2]
    assert Fernet(NEW).decrypt(stored("access_token")[0].encode()) == (
        b"access of ada_owner"
    )


def test_a_refresh_meanwhile_is_not_lost(
    two: list[SpotifyGrant], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the read and the write of a token the site writes a fresh one."""
    replace: Callable[..., bool] = rotation._replace
    refreshed: list[object] = []

    def after_a_refresh(column: Any, pk: object, *tokens: str) -> bool:
        if column.name == "access_token" and pk == two[0].pk and not refreshed:
            refreshed.append(pk)
            old = MultiFernet([Fernet(OLD)]).encrypt(b"fresh").decode()
            with connection.cursor() as cursor:
                cursor.execute(
                    f"UPDATE {TABLE} SET access_token = %s WHERE id = %s",  # noqa: S608
                    [old, pk],
                )
        return replace(column, pk, *tokens)

    monkeypatch.setattr(rotation, "_replace", after_a_refresh)
    tallies = keys_rotate()
    assert refreshed
    assert not any(tally.busy for tally in tallies)
    assert SpotifyGrant.objects.get(pk=two[0].pk).access_token == "fresh"
    Fernet(NEW).decrypt(stored("access_token")[0].encode())


def test_a_row_that_keeps_changing_is_said(
    two: list[SpotifyGrant], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rotation, "_replace", lambda *_: False)
    with pytest.raises(CommandError, match="Run this again"):
        run()


def test_a_row_that_is_deleted_meanwhile_is_passed_over(
    two: list[SpotifyGrant], monkeypatch: pytest.MonkeyPatch
) -> None:
    def deleted(column: Any, pk: object, *_: str) -> bool:
        SpotifyGrant.objects.filter(pk=pk).delete()
        return False

    monkeypatch.setattr(rotation, "_replace", deleted)
    assert "rewritten" not in run()


def test_many_rows_come_in_batches(
    settings: Any, monkeypatch: pytest.MonkeyPatch, db: None
) -> None:
    monkeypatch.setattr(rotation, "_BATCH", 2)
    settings.FIELD_ENCRYPTION_KEYS = [OLD]
    for number in range(5):
        grant_of(make_person(f"person_{number}"))
    settings.FIELD_ENCRYPTION_KEYS = [NEW, OLD]
    assert "access_token: 5 values, 5 rewritten" in run()
