"""``docker-compose.yml``, its neighbours, and what is read from them."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

from musicmatch.stack.options import BASE_DIR

COMPOSE: dict[str, Any] = yaml.safe_load((BASE_DIR / "docker-compose.yml").read_text())
SERVICES: dict[str, Any] = COMPOSE["services"]
APP = ("migrate", "web", "worker", "beat")
EXAMPLE = (BASE_DIR / ".env.example").read_text()
DOCKERFILE = (BASE_DIR / "Dockerfile").read_text()

_PROBE = """
import environ, sys
real = environ.Env.get_value
def note(self, name, *arguments, **options):
    print(name)
    return real(self, name, *arguments, **options)
environ.Env.get_value = note
import musicmatch.settings
"""


def interpolated() -> set[str]:
    """Return the names that the compose file fills in from ``.env``."""
    text = (BASE_DIR / "docker-compose.yml").read_text()
    return set(re.findall(r"(?<!\$)\$\{(\w+)", text))


def passed_on() -> set[str]:
    """Return the variables of the app that have no value of their own."""
    environment = SERVICES["web"]["environment"]
    return {name for name, value in environment.items() if value is None}


def of_image() -> set[str]:
    """Return the variables that the last stage of the Dockerfile sets."""
    stage = DOCKERFILE[DOCKERFILE.rindex("\nFROM") :]
    said = re.search(r"^ENV (.*?[^\\])$", stage, re.MULTILINE | re.DOTALL)
    assert said
    return set(re.findall(r"(\w+)=", said[1]))


def read_by_settings(folder: Path) -> set[str]:
    """Return every variable that the settings and gunicorn's configuration ask for."""
    done = subprocess.run(
        [sys.executable, "-c", _PROBE],
        env={"DATA_DIR": str(folder), "PATH": ""},
        cwd=BASE_DIR,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    gunicorn = (BASE_DIR / "musicmatch" / "gunicorn_config.py").read_text()
    asked = re.findall(r"""environ(?:\.get\(|\[)["'](\w+)""", gunicorn)
    return {*done.stdout.split(), *asked}
