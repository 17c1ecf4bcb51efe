"""A site that began on SQLite goes on in PostgreSQL, every row of it."""

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings as site
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection

from accounts.models import SpotifyGrant, User
from matching.models import TasteChange
from musicmatch.care.backup import archive, crossing, sqlite
from musicmatch.models import CareRun
from social.services import log_check
from tests.conftest import require_or_skip
from tests.factories import make_person

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.process]

FILLED = """
import django; django.setup()
from datetime import datetime, timedelta, UTC
from django.core.management import call_command
from django.db import transaction
call_command("migrate", verbosity=0)
from accounts.models import SpotifyGrant
from matching.models import TasteChange
from social.models import ModerationAction
from social.services.moderation_log import Statement, action_write
from tests.factories import make_person, make_taste
from tests.factories.threads import make_connection, say
now = datetime(2026, 11, 22, 12, 0, 0, 123456, tzinfo=UTC)
ada, ben = make_person("ada_owner", country="PT"), make_person("ben_near")
make_taste(ada, ["Portishead", "Sigur Rós", "tab\\t and \\\\N"], genres=["trip hop"])
make_taste(ben, ["Portishead"])
make_connection(ada, ben)
say(ada, ben, "One line\\nand another 🎵")
SpotifyGrant.objects.create(person=ada, access_token="access", authorized_at=now,
    expires_at=now + timedelta(hours=1))
with transaction.atomic():
    action_write(verb=ModerationAction.Verb.WARN, actor=ada, person=ben, report=None,
        statement=Statement("respect", "Not like this."), now=now)
gone = TasteChange.objects.note([ada.pk])[0]
TasteChange.objects.filter(pk=gone).delete()
print(gone)
call_command("backup", "{file}", "--no-keys")
"""


@pytest.fixture(scope="module")
def laptop(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, int]:
    """The backup of a small site on SQLite, and the last number it gave."""
    require_or_skip(connection.vendor == "postgresql", "PostgreSQL")
    tmp_path = tmp_path_factory.mktemp("laptop")
    file = tmp_path / "laptop.tar"
    done = subprocess.run(
        [sys.executable, "-c", FILLED.replace("{file}", str(file))],
        cwd=site.BASE_DIR,
        env={
            "PATH": os.environ["PATH"],
            "DATA_DIR": str(tmp_path / "var"),
            "DJANGO_SETTINGS_MODULE": "musicmatch.settings",
            "FIELD_ENCRYPTION_KEYS": ",".join(site.FIELD_ENCRYPTION_KEYS),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return file, int(done.stdout.split()[0])


def restore(file: Path, *options: str) -> str:
    said = io.StringIO()
    options = (*options, "--site-is-stopped")
    call_command("restore", file, *options, stdout=said, stderr=said)
    return said.getvalue()


def test_every_row_arrives(laptop: tuple[Path, int], tmp_path: Path) -> None:
    file, last_given = laptop
    make_person("somebody_here")
    with pytest.raises(CommandError, match="--replace"):
        restore(file)
    assert User.objects.get().handle == "somebody_here"

    assert "The moderation log is whole: 1 rows." in restore(file, "--replace")

    with archive.opened(file) as found:
        copy = sqlite.unpack(found, tmp_path)
    with crossing._as_database(copy):
        count = 0
        for model in crossing.our_models():
            if model is CareRun:
                continue
            theirs, ours = (
                list(model._base_manager.using(alias).order_by("pk").values_list())
                for alias in (crossing._ALIAS, "default")
            )
            assert ours == theirs, model
            count += len(ours)
    assert count > 100
    assert SpotifyGrant.objects.get().access_token == "access"
    assert log_check().faults == []
    # Numbers go on, also where the last row is gone.
    assert TasteChange.objects.note([User.objects.first().pk])[0] == last_given + 1
    assert make_person("came_later").pk > 2


def test_a_row_postgres_cannot_hold_leaves_what_was_there(
    laptop: tuple[Path, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    make_person("somebody_here")
    rows = crossing._rows

    def spoilt(model: type, fields: list) -> object:
        for row in rows(model, fields):
            is_text = model is User
            yield [v + "\0" if is_text and v == "PT" else v for v in row]

    monkeypatch.setattr(crossing, "_rows", spoilt)
    with pytest.raises(CommandError, match="nothing was changed"):
        restore(laptop[0], "--replace")
    assert User.objects.get().handle == "somebody_here"
