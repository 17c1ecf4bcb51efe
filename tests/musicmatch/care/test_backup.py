"""What a backup holds comes back, row by row, on either database."""

import gzip
import io
import os
import stat
import tarfile
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from cryptography.fernet import Fernet
from django.conf import settings as site
from django.core.cache import cache
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.test import Client
from django.urls import reverse

from accounts.models import SpotifyGrant, User
from ingest.models import UploadPart
from matching.models import Edition, EditionPart, Keeper, TasteChange
from matching.services import index_is_due, index_is_ready, index_rebuild
from musicmatch.care.backup import archive, sealing, states
from musicmatch.models import CareRun
from musicmatch.supervisor.folder import claim
from social.models import ModerationAction
from social.services import log_check
from social.services.moderation_log import Statement, action_write
from tests.conftest import HOST, NOW, require_or_skip
from tests.factories import make_person, make_taste
from tests.factories.threads import make_connection, say

pytestmark = pytest.mark.django_db(transaction=True)

# What was done of late, and what goes with the index.
UNLIKE = {model._meta.db_table for model in (CareRun, Edition, EditionPart, Keeper)}
PASSPHRASE = "a passphrase of some length"
Rows = dict[str, list[tuple[Any, ...]]]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "site.tar"


@pytest.fixture
def site_of_some(ada: User, ben: User) -> Iterator[list[User]]:
    """People with tastes, words, a token and a decision about one of them."""
    make_taste(ada, ["Portishead", "Grouper", "Sade", "Sigur Rós \t\\N"])
    make_taste(ben, ["Grouper", "Portishead", "Sade"])
    make_connection(ada, ben)
    say(ada, ben)
    SpotifyGrant.objects.create(
        person=ada,
        access_token="access",
        refresh_token="refresh",
        authorized_at=NOW,
        expires_at=NOW + timedelta(hours=1),
    )
    decide(ada, ben)
    index_rebuild(now=NOW)
    return [ada, ben]


def decide(actor: User, person: User) -> None:
    from django.db import transaction

    with transaction.atomic():
        action_write(
            verb=ModerationAction.Verb.WARN,
            actor=actor,
            statement=Statement("respect", "Not like this."),
            person=person,
            report=None,
            now=NOW,
        )


def rows() -> Rows:
    """Every row of every table, as the database itself has it."""
    found: Rows = {}
    with connection.cursor() as cursor:
        for table in states.our_tables():
            if table in UNLIKE:
                continue
            cursor.execute(f'SELECT * FROM "{table}" ORDER BY 1')  # noqa: S608
            found[table] = [tuple(map(_plain, row)) for row in cursor.fetchall()]
    return found


def _plain(value: Any) -> Any:
    return bytes(value) if isinstance(value, memoryview) else value


def backup(target: Path, *options: str, **outputs: Any) -> str:
    said = io.StringIO()
    call_command("backup", target, *options, stdout=said, stderr=said, **outputs)
    return said.getvalue()


def restore(file: Path, *options: str) -> str:
    said = io.StringIO()
    options = (*options, "--site-is-stopped")
    call_command("restore", file, *options, stdout=said, stderr=said)
    return said.getvalue()


def rewritten(file: Path, name: str, content: bytes | None) -> Path:
    """The same archive with one member changed; without it for None."""
    spoilt = file.with_name("spoilt.tar")
    with tarfile.open(file) as old, tarfile.open(spoilt, "w") as new:
        for info in old.getmembers():
            opened = old.extractfile(info)
            assert opened is not None
            data = opened.read()
            if info.name == name:
                if content is None:
                    continue
                data, info.size = content, len(content)
            new.addfile(info, io.BytesIO(data))
    return spoilt


# --- There and back ---------------------------------------------------------


def test_every_row_comes_back(site_of_some: list[User], file: Path) -> None:
    before = rows()
    assert sum(map(len, before.values())) > 50
    backup(file)
    ada, ben = site_of_some
    make_person("came_later")
    make_taste(ben, ["Coil"])
    SpotifyGrant.objects.all().delete()
    User.objects.filter(pk=ada.pk).update(display_name="Somebody else", bio="\\N")
    cache.set("kept", "of before")
    assert rows() != before

    said = restore(file, "--replace")

    assert rows() == before
    assert "The moderation log is whole: 1 rows." in said
    assert log_check().faults == []
    assert SpotifyGrant.objects.get().refresh_token == "refresh"
    assert cache.get("kept") is None


def test_uploaded_files_are_in_no_backup(site_of_some: list[User], file: Path) -> None:
    """They hold where people were, and much else that is never taken from them."""
    UploadPart.objects.create(
        run_id=uuid.uuid4(), file=0, place=0, data=b"ip_addr 192.0.2.7", kept_at=NOW
    )
    backup(file)
    held = b"".join(_members(file))
    assert b"ada_owner" in held
    # As SQLite and as COPY would write it.
    assert b"192.0.2.7" not in held
    assert b"192.0.2.7".hex().encode() not in held
    # The site that was backed up still has them.
    assert UploadPart.objects.exists()
    restore(file, "--replace")
    assert not UploadPart.objects.exists()


def _members(file: Path) -> Iterator[bytes]:
    with archive.opened(file) as found:
        for member in found.manifest.members:
            with found.member(member.name) as packed:
                data = packed.read()
            yield gzip.decompress(data) if member.name.endswith(".gz") else data


def test_afterwards_new_rows_follow_the_old(
    site_of_some: list[User], file: Path
) -> None:
    """No number is given twice, not even one whose row is gone."""
    gone = TasteChange.objects.note([site_of_some[0].pk])[0]
    TasteChange.objects.filter(pk=gone).delete()
    backup(file)
    restore(file, "--replace")
    assert TasteChange.objects.note([site_of_some[0].pk])[0] == gone + 1
    decide(*site_of_some)
    assert log_check().rows == 2
    assert make_person("new_here").pk > site_of_some[1].pk


def test_boards_are_served_after_a_build(
    site_of_some: list[User], file: Path, client: Client
) -> None:
    backup(file)
    restore(file, "--replace")
    assert not index_is_ready()
    # Other machines build theirs anew, too.
    assert not Edition.objects.exists()
    assert index_is_due(now=NOW)
    index_rebuild(now=NOW)
    client.force_login(site_of_some[0])
    page = client.get(reverse("matching:leaderboard")).content.decode()
    assert 'data-person="ben_near"' in page


def test_an_older_archive_is_migrated(site_of_some: list[User], file: Path) -> None:
    """One that a host made with the new code, before its migrations."""
    before = rows()
    call_command("migrate", "musicmatch", "zero", verbosity=0)
    assert CareRun._meta.db_table not in states.our_tables()
    backup(file)
    restore(file, "--replace")
    assert CareRun.objects.newest(CareRun.Kind.RESTORE) is not None
    after = rows()
    for table in states.RECORDED, "django_content_type", "auth_permission":
        del before[table], after[table]
    assert after == before


def test_what_was_done_can_be_read_afterwards(
    site_of_some: list[User], file: Path
) -> None:
    backup(file)
    made = CareRun.objects.newest(CareRun.Kind.BACKUP)
    assert made is not None
    assert made.facts["file"] == "site.tar"
    restore(file, "--replace")
    # It is not in the backup itself.
    assert CareRun.objects.newest(CareRun.Kind.BACKUP) is None
    assert CareRun.objects.newest(CareRun.Kind.RESTORE) is not None


# --- Refusals: what was there stays -----------------------------------------


def test_a_site_with_people_is_not_replaced_unasked(
    site_of_some: list[User], file: Path
) -> None:
    backup(file)
    make_person("came_later")
    before = rows()
    with pytest.raises(CommandError, match="--replace"):
        restore(file)
    assert rows() == before


def test_an_empty_database_takes_a_backup(file: Path) -> None:
    backup(file)
    assert states.is_empty()
    assert "Restored" in restore(file)


def test_a_damaged_archive_is_refused(site_of_some: list[User], file: Path) -> None:
    backup(file)
    before = rows()
    for spoilt in _spoilt(file):
        with pytest.raises(CommandError, match="damaged"):
            restore(spoilt, "--replace")
    assert rows() == before


def _spoilt(file: Path) -> Iterator[Path]:
    """The archive cut off, with a byte changed, without a part, and none at all."""
    spoilt, data = file.with_name("spoilt.tar"), file.read_bytes()
    with tarfile.open(file) as tar:
        member = next(m for m in tar.getmembers() if m.name.endswith(".gz"))
    spoilt.write_bytes(data[: len(data) // 2])
    yield spoilt
    place = member.offset_data + member.size // 2
    spoilt.write_bytes(data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :])
    yield spoilt
    yield rewritten(file, archive.MANIFEST, b"{}")
    yield rewritten(file, archive.SEAL, None)
    yield rewritten(file, member.name, None)
    spoilt.write_text("no archive at all")
    yield spoilt


def test_an_archive_of_a_newer_version_is_refused(
    site_of_some: list[User], file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    applied = states.applied()
    monkeypatch.setattr(
        states, "applied", lambda: [*applied, ("social", "9999_of_tomorrow")]
    )
    backup(file)
    before = rows()
    with pytest.raises(CommandError, match="social.9999_of_tomorrow is not known"):
        restore(file, "--replace")
    assert rows() == before


def test_an_archive_of_the_other_database_is_refused(
    site_of_some: list[User], file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    backup(file)
    monkeypatch.setattr(connection, "vendor", "oracle")
    with pytest.raises(CommandError, match="oracle"):
        restore(file, "--replace")


def test_a_failure_midway_leaves_what_was_there(
    site_of_some: list[User], file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    backup(file)
    make_person("came_later")
    before = rows()
    if connection.vendor == "postgresql":
        from musicmatch.care.backup import postgres

        real, calls = postgres._copy_in, []

        def breaks(*given: Any) -> None:
            calls.append(given)
            if len(calls) == 5:
                raise psycopg.errors.DiskFull("the disk is full")
            real(*given)

        monkeypatch.setattr(postgres, "_copy_in", breaks)
    else:
        from musicmatch.care.backup import sqlite

        monkeypatch.setattr(sqlite, "_check", _full)
    with pytest.raises((CommandError, OSError), match="disk is full"):
        restore(file, "--replace")
    assert rows() == before
    assert index_is_ready()


def _full(_: Any) -> None:
    raise OSError("the disk is full")


def test_a_backup_never_takes_the_place_of_another(
    site_of_some: list[User], file: Path
) -> None:
    file.write_text("the one before")
    with pytest.raises(CommandError, match="already"):
        backup(file)
    assert file.read_text() == "the one before"


def test_a_backup_that_fails_leaves_no_file(
    site_of_some: list[User], file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive, "_add", lambda *_: _full(None))
    with pytest.raises(CommandError, match="cannot be written"):
        backup(file)
    assert os.listdir(file.parent) == [
        name for name in os.listdir(file.parent) if name == "index"
    ]
    assert not CareRun.objects.exists()


def test_a_folder_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="no folder"):
        backup(tmp_path / "nowhere" / "site.tar")


# --- The file ---------------------------------------------------------------


def test_nobody_else_may_read_it(site_of_some: list[User], file: Path) -> None:
    backup(file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_folder_keeps_the_newest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "backups"
    folder.mkdir()
    (folder / "of somebody else.tar").touch()
    from musicmatch.management.commands import backup as command

    start = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
    for day in range(4):
        moment = start + timedelta(days=day)
        monkeypatch.setattr(command.timezone, "now", lambda moment=moment: moment)
        said = backup(folder, "--keep", "2")
    assert "Deleted the older musicmatch-2026-11-23T030000Z.tar." in said
    assert sorted(path.name for path in folder.iterdir()) == [
        "musicmatch-2026-11-24T030000Z.tar",
        "musicmatch-2026-11-25T030000Z.tar",
        "of somebody else.tar",
    ]


def test_no_migration_of_ours_needs_a_transaction_of_its_own() -> None:
    """A restore on Postgres is one transaction, from no tables to the newest state."""
    found = MigrationLoader(None).disk_migrations.values()
    ours = {"accounts", "ingest", "matching", "social", "musicmatch", "spotify"}
    assert [str(m) for m in found if m.app_label in ours and not m.atomic] == []


# --- Keys -------------------------------------------------------------------


def keys_written(file: Path, folder: Path) -> dict[str, str]:
    call_command("restore", file, "--keys-to", folder, stdout=io.StringIO())
    for path in folder.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    return {path.name: path.read_text() for path in folder.iterdir()}


def test_open_keys_are_said_aloud_and_come_back(file: Path, tmp_path: Path) -> None:
    assert "THE KEYS LIE OPEN" in backup(file)
    assert keys_written(file, tmp_path / "keys") == {
        "secret_key": site.SECRET_KEY,
        "secret_key_fallbacks": "",
        "field_encryption_keys": ",".join(site.FIELD_ENCRYPTION_KEYS),
    }
    # Restoring keys restores nothing else, and overwrites nothing.
    with pytest.raises(CommandError, match="already"):
        keys_written(file, tmp_path / "keys")


def test_keys_under_a_passphrase(file: Path, tmp_path: Path, settings: Any) -> None:
    settings.BACKUP_PASSPHRASE = PASSPHRASE
    assert "OPEN" not in backup(file)
    held = file.read_bytes()
    for key in [site.SECRET_KEY, *site.FIELD_ENCRYPTION_KEYS, PASSPHRASE]:
        assert key.encode() not in held
    settings.BACKUP_PASSPHRASE = ""
    with pytest.raises(CommandError, match="set BACKUP_PASSPHRASE"):
        keys_written(file, tmp_path / "none")
    settings.BACKUP_PASSPHRASE = "another passphrase of some length"
    with pytest.raises(CommandError, match="is not that of this archive"):
        keys_written(file, tmp_path / "none")
    assert not (tmp_path / "none").exists()
    settings.BACKUP_PASSPHRASE = PASSPHRASE
    assert keys_written(file, tmp_path / "keys")["secret_key"] == site.SECRET_KEY


def test_without_keys(file: Path, tmp_path: Path) -> None:
    assert "No keys are in it" in backup(file, "--no-keys")
    with archive.opened(file) as found:
        assert {m.name for m in found.manifest.members}.isdisjoint(
            {sealing.OPEN, sealing.SEALED}
        )
    assert not any(key.encode() in file.read_bytes() for key in [site.SECRET_KEY])
    with pytest.raises(CommandError, match="no keys in this archive"):
        keys_written(file, tmp_path / "none")


def test_values_no_key_opens_are_said_before_the_site_starts(
    site_of_some: list[User], file: Path, settings: Any
) -> None:
    backup(file)
    keys = settings.FIELD_ENCRYPTION_KEYS
    settings.FIELD_ENCRYPTION_KEYS = [Fernet.generate_key().decode()]
    said = restore(file, "--replace")
    assert "NO KEY OF THIS SITE OPENS 2 ENCRYPTED VALUES" in said
    settings.FIELD_ENCRYPTION_KEYS = [*settings.FIELD_ENCRYPTION_KEYS, *keys]
    assert SpotifyGrant.objects.get().access_token == "access"


def test_the_client_is_signed_in_as_before(
    site_of_some: list[User], file: Path
) -> None:
    client = Client(HTTP_HOST=HOST)
    client.force_login(site_of_some[0])
    backup(file)
    restore(file, "--replace")
    assert client.get(reverse("social:mail_choices")).status_code == 200


# --- While the site runs ----------------------------------------------------


def test_a_site_that_runs_is_not_restored_over(file: Path) -> None:
    backup(file)
    with claim(Path(site.DATA_DIR)), pytest.raises(CommandError, match="already runs"):
        restore(file)
    assert "Restored" in restore(file)


def test_nor_one_whose_database_others_use(file: Path) -> None:
    require_or_skip(connection.vendor == "postgresql", "PostgreSQL")
    backup(file)
    about = connection.get_connection_params()
    address = {name: about[name] for name in ("host", "port", "user", "dbname")}
    with (
        psycopg.connect(**address),
        pytest.raises(CommandError, match="stop web, worker and beat"),
    ):
        call_command("restore", file, stdout=io.StringIO())
