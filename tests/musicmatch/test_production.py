"""What a process does when its settings are wrong: it does not start."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PRODUCTION = {
    "DEBUG": "0",
    "SECRET_KEY": "a long and random text for this one test, nothing else",
    "FIELD_ENCRYPTION_KEYS": "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=",
    "SITE_URL": "https://musicmatch.example",
    "ALLOWED_HOSTS": "musicmatch.example",
    "EMAIL_URL": "dummymail://",
}


def start(code: str, folder: Path, **settings: str) -> subprocess.CompletedProcess[str]:
    kept = {name: os.environ[name] for name in ("PATH",)}
    return subprocess.run(
        [sys.executable, "-c", code],
        env={**kept, "DATA_DIR": str(folder), **PRODUCTION, **settings},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


WEB = "import musicmatch.wsgi"
WORKER = (
    "import django; django.setup();"
    "from musicmatch.celery import app;"
    "from celery.signals import worker_init;"
    "worker_init.send(sender=app)"
)


def test_web_starts_with_good_settings(tmp_path: Path) -> None:
    assert start(WEB, tmp_path).returncode == 0


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ({"SPOTIFY_STANDIN": "1"}, "musicmatch.E004"),
        ({"SPOTIFY_API_URL": "http://127.0.0.1:8001/v1"}, "musicmatch.E004"),
        ({"SECRET_KEY": ""}, "musicmatch.E001"),
        ({"ALLOWED_HOSTS": "elsewhere.example"}, "musicmatch.E006"),
        ({"SITE_URL": "http://musicmatch.example"}, "musicmatch.E040"),
        ({"ALLOWED_HOSTS": "*"}, "musicmatch.E041"),
        ({"WEB_CONCURRENCY": "2"}, "musicmatch.E043"),
        ({"EMAIL_URL": "consolemail://"}, "musicmatch.E044"),
    ],
    ids=[
        "standin",
        "loopback",
        "secret",
        "host",
        "http",
        "hosts",
        "processes",
        "mails",
    ],
)
def test_web_refuses_wrong_settings(
    tmp_path: Path, wrong: dict[str, str], error: str
) -> None:
    done = start(WEB, tmp_path, **wrong)
    assert done.returncode != 0
    assert error in done.stderr


def test_worker_refuses_the_standin_in_production(tmp_path: Path) -> None:
    environment = {"DJANGO_SETTINGS_MODULE": "musicmatch.settings"}
    assert start(WORKER, tmp_path, **environment).returncode == 0
    done = start(WORKER, tmp_path, SPOTIFY_STANDIN="1", **environment)
    assert done.returncode == 1
    assert "musicmatch.E004" in done.stderr
