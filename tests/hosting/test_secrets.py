"""The script that writes the secrets of a new site."""

import re
import subprocess
from pathlib import Path
from urllib.parse import urlsplit

from cryptography.fernet import Fernet

from musicmatch.stack import secrets
from musicmatch.stack.options import BASE_DIR, read
from tests.hosting.compose import COMPOSE


def make(folder: Path) -> dict[str, str]:
    script = BASE_DIR / "deploy" / "make-secrets"
    subprocess.run([script, folder], check=True, capture_output=True, timeout=30)
    return {path.name: path.read_text() for path in folder.iterdir()}


def test_a_new_site_gets_every_secret_and_nobody_else_can_get_at_them(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "secrets"
    made = make(folder)
    assert set(made) == set(COMPOSE["secrets"])
    assert folder.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o444}
    assert not [name for name, text in made.items() if text != text.strip()]
    Fernet(made["field_encryption_keys"])
    assert len(made["secret_key"]) >= 60
    database = urlsplit(made["database_url"])
    assert database.password == made["postgres_password"]
    assert database.hostname == "postgres"
    redis = urlsplit(made["redis_url"])
    assert made["redis_auth"] == f"requirepass {redis.password}"
    assert re.fullmatch(r"\w{30,}", redis.password or "")
    assert made["spotify_client_secret"] == ""


def test_two_sites_share_nothing(tmp_path: Path) -> None:
    one, other = make(tmp_path / "one"), make(tmp_path / "other")
    same = {name for name in one if one[name] == other[name]}
    assert same == {name for name in one if not one[name]} | {"email_url"}


def test_what_is_there_stays(tmp_path: Path) -> None:
    (tmp_path / "postgres_password").write_text("mine")
    (tmp_path / "email_url").write_text("smtp+tls://me:secret@mail.example:587")
    first = make(tmp_path)
    assert first["email_url"] == "smtp+tls://me:secret@mail.example:587"
    assert ":mine@" in first["database_url"]
    assert make(tmp_path) == first


def test_the_stack_takes_what_the_shell_gives_and_keeps_the_rest(
    tmp_path: Path,
) -> None:
    shell = {"DATA_DIR": str(tmp_path), "DATABASE_URL": "postgres://x/one"}
    secrets.write(read([], shell, has_caddy=False))
    folder = tmp_path / "secrets"
    key = (folder / "secret_key").read_text()
    assert (folder / "database_url").read_text() == "postgres://x/one"
    secrets.write(
        read([], {**shell, "DATABASE_URL": "postgres://x/two"}, has_caddy=False)
    )
    assert (folder / "database_url").read_text() == "postgres://x/two"
    assert (folder / "secret_key").read_text() == key
