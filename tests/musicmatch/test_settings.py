"""Every setting a host is promised is read, from the environment or from a file."""

import re
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from tests.musicmatch.test_production import start

ROOT = Path(__file__).parents[2]
# What the documents promise, with a value and what the settings make of it.
PROMISED = {
    "SECRET_KEY": ("s" * 50, "settings.SECRET_KEY"),
    "DEBUG": ("0", "str(int(settings.DEBUG))"),
    "ALLOWED_HOSTS": (
        "musicmatch.example,two.example",
        "','.join(settings.ALLOWED_HOSTS)",
    ),
    "SITE_URL": ("https://musicmatch.example", "settings.SITE_URL"),
    "DATABASE_URL": ("postgres://me@db/mm", "settings.DATABASES['default']['HOST']"),
    "REDIS_URL": ("redis://cache:6379/3", "settings.CACHES['default']['LOCATION']"),
    "SPOTIFY_CLIENT_ID": ("an-id", "settings.SPOTIFY_CLIENT_ID"),
    "SPOTIFY_CLIENT_SECRET": ("a-secret", "settings.SPOTIFY_CLIENT_SECRET"),
    "SPOTIFY_ACCOUNTS_URL": ("https://a.example", "settings.SPOTIFY_ACCOUNTS_URL"),
    "SPOTIFY_API_URL": ("https://b.example/v1", "settings.SPOTIFY_API_URL"),
    "LASTFM_API_KEY": ("a-key", "settings.LASTFM_API_KEY"),
    "LASTFM_SECRET": ("another", "settings.LASTFM_SECRET"),
    "LASTFM_URL": ("https://c.example/2.0/", "settings.LASTFM_URL"),
    "LISTENBRAINZ_URL": ("https://d.example", "settings.LISTENBRAINZ_URL"),
    "MUSICBRAINZ_URL": ("https://e.example/ws/2", "settings.MUSICBRAINZ_URL"),
    "RECCOBEATS_URL": ("https://f.example/v1", "settings.RECCOBEATS_URL"),
    "FIELD_ENCRYPTION_KEYS": (
        Fernet.generate_key().decode(),
        "settings.FIELD_ENCRYPTION_KEYS[0]",
    ),
    "EMAIL_URL": ("smtp+tls://me:x@mail.example:587", "settings.EMAIL_HOST"),
    "REGISTRATION": ("invite", "settings.REGISTRATION"),
}
SHOWN = {"DATABASE_URL": "db", "EMAIL_URL": "mail.example"}
ASK = "from django.conf import settings\n" + "".join(
    f"print('{name}', {expression})\n" for name, (_, expression) in PROMISED.items()
)
EXPECTED = {name: SHOWN.get(name, value) for name, (value, _) in PROMISED.items()}


def answered(folder: Path, **environment: str) -> dict[str, str]:
    module = {"DJANGO_SETTINGS_MODULE": "musicmatch.settings"}
    done = start(ASK, folder, **module, **environment)
    assert done.returncode == 0, done.stderr
    return dict(line.split(" ", 1) for line in done.stdout.splitlines())


def test_from_the_environment(tmp_path: Path) -> None:
    given = {name: value for name, (value, _) in PROMISED.items()}
    assert answered(tmp_path, **given) == EXPECTED


def test_from_files(tmp_path: Path) -> None:
    given = {}
    for name, (value, _) in PROMISED.items():
        (tmp_path / name.lower()).write_text(value)
        given[f"{name}_FILE"] = str(tmp_path / name.lower())
    # A file wins over what the test's own environment says.
    assert answered(tmp_path, **given) == EXPECTED


@pytest.mark.parametrize("name", PROMISED)
def test_a_host_reads_of_it(name: str) -> None:
    example = (ROOT / ".env.example").read_text(encoding="utf-8")
    compose = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
    # DEBUG is switched off by the image, and nowhere else.
    where = (ROOT / "Dockerfile").read_text(encoding="utf-8") if name == "DEBUG" else ""
    text = f"{example}\n{compose}\n{where}"
    assert re.search(rf"\b{name}(_FILE)?\b", text)
