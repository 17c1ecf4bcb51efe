"""Lists of keys, and those a laptop makes for itself and keeps in the data folder."""

import os
import secrets
from collections.abc import Callable
from pathlib import Path

from cryptography.fernet import Fernet


def local_key(folder: Path, name: str, make: Callable[[], str]) -> str:
    """Return the key kept in ``folder/name``, making it on the first call.

    Two processes may start at once: the file is created exclusively, and the
    one that comes second reads what the first wrote.
    """
    path = folder / name
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = folder / f".{name}.{os.getpid()}.{secrets.token_hex(4)}"
    if not path.exists():
        draft.touch(mode=0o600)
        draft.write_text(make(), encoding="ascii")
        try:
            os.link(draft, path)
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return path.read_text(encoding="ascii").strip()


def listed(text: str) -> list[str]:
    """Return keys that stand with commas between; a file may end with a line break."""
    return [key for part in text.split(",") if (key := part.strip())]


def new_secret_key() -> str:
    return secrets.token_urlsafe(50)


def new_encryption_key() -> str:
    return Fernet.generate_key().decode("ascii")
